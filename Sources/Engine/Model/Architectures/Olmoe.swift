// OLMoE. Reference: transformers modeling_olmoe.py.
//
// | config key | meaning | tensors |
// | --- | --- | --- |
// | num_experts (64), num_experts_per_tok (8) | every layer | mlp.gate, mlp.experts.E |
// | intermediate_size | width of an expert | mlp.experts.E.{gate,up,down}_proj |
// | norm_topk_prob (false) | whether the chosen weights are divided by their sum | |
// | clip_qkv (null) | q, k (after their norms) and v are clamped to +-clip | |
// | attention_bias (false) | biases on q, k, v and o | |
// | - | RMS norm over all heads jointly, before the rotation | self_attn.{q,k}_norm |
//
// The norms of queries and keys have as many gains as q_proj and k_proj have rows.

import Checkpoint

/// OLMoE after modeling_olmoe.py.
struct Olmoe: Architecture {
    let modelType = "olmoe"
    let className = "OlmoeForCausalLM"
    let reference = "transformers/models/olmoe/modeling_olmoe.py"
    let summary = "experts in every layer, norms over all queries and keys, clipped q, k and v"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let family = try LlamaFamily(
            config, root: root, FamilyDefaults(epsilon: 1e-5, contextLength: 4096))
        let bias = try config.flag("attention_bias", default: false)
        let clip = try config.optionalNumber("clip_qkv", default: nil)
        let routed = try family.softmaxExperts(
            anyOf: ["num_experts", "num_local_experts"], count: 64, perToken: 8)
        return try family.model(
            (0..<family.layerCount).map { index in
                let name = family.prefix(index)
                var attention = family.attention(index, bias: bias, outputBias: bias)
                attention.queryNorm = family.norm(
                    name + "self_attn.q_norm", width: family.heads * family.headWidth)
                attention.keyNorm = family.norm(
                    name + "self_attn.k_norm", width: family.keyValueHeads * family.headWidth)
                attention.clip = clip.map(Float.init)
                return family.layer(
                    index, mixer: .attention(attention),
                    feedForward: .experts(routed(name + "mlp.")))
            })
    }
}
