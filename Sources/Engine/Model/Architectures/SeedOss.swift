// Seed-OSS. Reference: transformers modeling_seed_oss.py.
//
// | config key | meaning |
// | --- | --- |
// | num_key_value_heads (8) | - |
// | head_dim | 128 where absent, hidden / heads where null |
// | attention_bias (true) | biases on q, k and v |
// | attention_out_bias (false) | a bias on o |
// | mlp_bias (false) | biases on gate, up and down |

import Checkpoint

/// Seed-OSS after modeling_seed_oss.py.
struct SeedOss: Architecture {
    let modelType = "seed_oss"
    let className = "SeedOssForCausalLM"
    let reference = "transformers/models/seed_oss/modeling_seed_oss.py"
    let summary = "Llama with biases on q, k and v and a head width of its own"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let family = try LlamaFamily(
            config, root: root,
            FamilyDefaults(
                keyValueHeads: 8, headWidth: config.isNull("head_dim") ? nil : 128,
                contextLength: 524_288))
        let bias = try config.flag("attention_bias", default: true)
        let outputBias = try config.flag("attention_out_bias", default: false)
        let mlpBias = try config.flag("mlp_bias", default: false)
        return try family.model(
            (0..<family.layerCount).map { index in
                family.layer(
                    index,
                    mixer: .attention(
                        family.attention(index, bias: bias, outputBias: outputBias)),
                    feedForward: .mlp(family.gated(family.prefix(index) + "mlp.", bias: mlpBias)))
            })
    }
}
