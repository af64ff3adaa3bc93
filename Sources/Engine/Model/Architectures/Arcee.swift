// Arcee. Reference: transformers modeling_arcee.py.
//
// | config key | meaning |
// | --- | --- |
// | hidden_act (relu2) | the square of relu |
// | attention_bias (false) | biases on q, k, v and o |
// | mlp_bias (false) | biases on up and down |
// | rms_norm_eps (1e-5), max_position_embeddings (4096) | - |
//
// The MLP has no gate: mlp.{up,down}_proj.

import Checkpoint

/// Arcee after modeling_arcee.py.
struct Arcee: Architecture {
    let modelType = "arcee"
    let className = "ArceeForCausalLM"
    let reference = "transformers/models/arcee/modeling_arcee.py"
    let summary = "Llama with an MLP without a gate, its activation relu squared"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let family = try LlamaFamily(
            config, root: root,
            FamilyDefaults(epsilon: 1e-5, activation: .reluSquared, contextLength: 4096))
        let attentionBias = try config.flag("attention_bias", default: false)
        let mlpBias = try config.flag("mlp_bias", default: false)
        return try family.model(
            (0..<family.layerCount).map { index in
                family.layer(
                    index,
                    mixer: .attention(
                        family.attention(index, bias: attentionBias, outputBias: attentionBias)),
                    feedForward: .mlp(
                        family.plain(
                            family.prefix(index) + "mlp.", bias: mlpBias,
                            names: (up: "up_proj", down: "down_proj"))))
            })
    }
}
