// GLM-4.5, 4.6 and 4.7. Reference: transformers modeling_glm4_moe.py.
//
// | config key | meaning |
// | --- | --- |
// | num_key_value_heads (8), rms_norm_eps (1e-5), max_position_embeddings (131,072) | defaults |
// | partial_rotary_factor (0.5) | part of a head that rotates, its halves together |
// | attention_bias (false) | biases on q, k and v, never on o |
// | use_qk_norm (false) | self_attn.{q,k}_norm: RMS norm over each head before the rotation |
// | first_k_dense_replace (1) | layers before it have an MLP, all others experts |
//
// head_dim is hidden / heads where it is absent. Experts: GroupedExperts.swift.

import Checkpoint

/// GLM-4.5 after modeling_glm4_moe.py.
struct Glm4Moe: Architecture {
    let modelType = "glm4_moe"
    let className = "Glm4MoeForCausalLM"
    let reference = "transformers/models/glm4_moe/modeling_glm4_moe.py"
    let summary = "half a head rotates; sigmoid routers with groups and a shared expert"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let family = try LlamaFamily(
            config, root: root,
            FamilyDefaults(
                keyValueHeads: 8, epsilon: 1e-5, contextLength: 131_072, rotatesPart: true,
                partialRotary: 0.5))
        let bias = try config.flag("attention_bias", default: false)
        let hasNorms = try config.flag("use_qk_norm", default: false)
        let dense = try config.index("first_k_dense_replace", default: 1)
        let routed = try family.groupedExperts(
            GroupedDefaults(
                experts: 128, perToken: 8, inner: 1408, groups: ExpertGroups(count: 1, kept: 1),
                scale: 1))
        var model = try family.model(
            (0..<family.layerCount).map { index in
                let prefix = family.prefix(index)
                var attention = family.attention(index, bias: bias)
                if hasNorms {
                    attention.queryNorm = family.norm(
                        prefix + "self_attn.q_norm", width: family.headWidth)
                    attention.keyNorm = family.norm(
                        prefix + "self_attn.k_norm", width: family.headWidth)
                }
                return family.layer(
                    index, mixer: .attention(attention),
                    feedForward: index < dense
                        ? .mlp(family.gated(prefix + "mlp.")) : .experts(routed(prefix + "mlp.")))
            })
        model.leftOut = try family.furtherLayers()
        return model
    }

    func rewrite(
        _ config: inout ModelConfig, kept: [Int], blueprint: ModelBlueprint
    ) throws {
        try config.keepDenseFirst(kept, of: blueprint)
    }

    func leaveOut(_ config: inout ModelConfig) { config.dropFurtherLayers() }
}
