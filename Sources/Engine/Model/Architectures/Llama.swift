// Llama 2, 3 and 3.1 (rope scaling `llama3`). Reference: transformers modeling_llama.py.
//
// Beyond LlamaFamily's table: attention_bias puts biases on q, k, v and o; mlp_bias on gate, up
// and down.

import Checkpoint

/// Llama after modeling_llama.py.
struct Llama: Architecture {
    let modelType = "llama"
    let className = "LlamaForCausalLM"
    let reference = "transformers/models/llama/modeling_llama.py"
    let summary = "grouped-query attention, rotary positions, gated MLP (Llama 2, 3, 3.1)"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let family = try LlamaFamily(
            config, root: root, FamilyDefaults(readOtherwise: [.rotation]))
        let attentionBias = try config.flag("attention_bias", default: false)
        let mlpBias = try config.flag("mlp_bias", default: false)
        return try family.model(
            (0..<family.layerCount).map { index in
                family.layer(
                    index,
                    mixer: .attention(
                        family.attention(index, bias: attentionBias, outputBias: attentionBias)),
                    feedForward: .mlp(family.gated(family.prefix(index) + "mlp.", bias: mlpBias)))
            })
    }
}
