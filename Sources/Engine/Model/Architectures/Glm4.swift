// GLM-4-0414. Reference: transformers modeling_glm4.py.
//
// | config key | meaning |
// | --- | --- |
// | num_key_value_heads (2), head_dim (128), rms_norm_eps (1.5625e-7) | |
// | attention_bias (true) | biases on q, k and v, never on o |
// | partial_rotary_factor (0.5) | part of a head that rotates, in pairs of neighbours |
//
// | tensor | |
// | --- | --- |
// | mlp.gate_up_proj | gates, then ups |
// | input_layernorm, post_attention_layernorm | before attention, before the MLP |
// | post_self_attn_layernorm, post_mlp_layernorm | on what attention, what the MLP gives |

import Checkpoint

/// GLM-4-0414 after modeling_glm4.py.
struct Glm4: Architecture {
    let modelType = "glm4"
    let className = "Glm4ForCausalLM"
    let reference = "transformers/models/glm4/modeling_glm4.py"
    let summary = "norms before and after each branch, half a head rotates by neighbours"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let family = try LlamaFamily(
            config, root: root,
            FamilyDefaults(
                keyValueHeads: 2, headWidth: 128, epsilon: 1.5625e-7, contextLength: 131_072,
                rotatesPart: true, partialRotary: 0.5, pairing: .neighbours))
        let bias = try config.flag("attention_bias", default: true)
        return try family.model(
            (0..<family.layerCount).map { index in
                let prefix = family.prefix(index)
                let both = family.projection(
                    prefix + "mlp.gate_up_proj", outputs: 2 * family.inner, inputs: family.hidden)
                var gated = family.gated(prefix + "mlp.")
                gated.gate = both.slice(0..<family.inner)
                gated.up = both.slice(family.inner..<2 * family.inner)
                return LayerBlueprint(
                    prefix: prefix, inputNorm: family.norm(prefix + "input_layernorm"),
                    mixer: .attention(family.attention(index, bias: bias)),
                    postMixerNorm: family.norm(prefix + "post_self_attn_layernorm"),
                    feedForwardNorm: family.norm(prefix + "post_attention_layernorm"),
                    feedForward: .mlp(gated),
                    postFeedForwardNorm: family.norm(prefix + "post_mlp_layernorm"))
            })
    }
}
