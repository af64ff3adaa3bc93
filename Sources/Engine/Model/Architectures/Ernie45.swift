// ERNIE 4.5, dense. Reference: transformers modeling_ernie4_5.py.
//
// | config key | meaning |
// | --- | --- |
// | num_key_value_heads (2), rope_theta (500,000), rms_norm_eps (1e-5) | defaults |
// | head_dim | 128 where absent, hidden / heads where null |
// | tie_word_embeddings (true) | - |
// | use_bias (false) | biases on all seven projections |
//
// Features 2i and 2i + 1 of a head are rotated together.

import Checkpoint

/// ERNIE 4.5 after modeling_ernie4_5.py.
struct Ernie45: Architecture {
    let modelType = "ernie4_5"
    let className = "Ernie4_5ForCausalLM"
    let reference = "transformers/models/ernie4_5/modeling_ernie4_5.py"
    let summary = "Llama that rotates neighbouring features"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let family = try LlamaFamily(
            config, root: root,
            FamilyDefaults(
                keyValueHeads: 2, headWidth: config.isNull("head_dim") ? nil : 128, epsilon: 1e-5,
                ropeBase: 500_000, tied: true, contextLength: 131_072, pairing: .neighbours))
        // Of the published code; transformers has no such key.
        guard try config.number("compression_ratio", default: 1) == 1 else {
            throw ModelError.unsupported(
                key: "compression_ratio", found: "another than 1",
                advice: "positions are not compressed")
        }
        let bias = try config.flag("use_bias", default: false)
        return try family.model(
            (0..<family.layerCount).map { index in
                family.layer(
                    index,
                    mixer: .attention(family.attention(index, bias: bias, outputBias: bias)),
                    feedForward: .mlp(family.gated(family.prefix(index) + "mlp.", bias: bias)))
            })
    }
}
