// Phi-1, Phi-1.5 and Phi-2. Reference: transformers modeling_phi.py.
//
// | config key | meaning |
// | --- | --- |
// | hidden_act (gelu_new), layer_norm_eps (1e-5) | |
// | partial_rotary_factor (0.5) | part of a head that rotates |
// | qk_layernorm (false) | self_attn.{q,k}_layernorm on each head, with a bias |
//
// Both branches read one input_layernorm. Names: self_attn.{q,k,v}_proj, self_attn.dense, mlp.fc1,
// mlp.fc2, model.final_layernorm; all have biases, and so has lm_head. Norms subtract the mean.

import Checkpoint

/// Phi-2 after modeling_phi.py.
struct Phi: Architecture {
    let modelType = "phi"
    let className = "PhiForCausalLM"
    let reference = "transformers/models/phi/modeling_phi.py"
    let summary = "parallel branches of one LayerNorm, biases everywhere (Phi-1, 1.5, 2)"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let family = try LlamaFamily(
            config, root: root,
            FamilyDefaults(
                epsilonKey: "layer_norm_eps", epsilon: 1e-5, activation: .geluTanh,
                contextLength: 2048, rotatesPart: true, partialRotary: 0.5))
        let normed = try config.flag("qk_layernorm", default: false)
        var model = try family.model(
            (0..<family.layerCount).map { index in
                let prefix = family.prefix(index)
                let name = prefix + "self_attn."
                var attention = family.attention(index, bias: true)
                attention.output = family.projection(
                    name + "dense", outputs: family.hidden,
                    inputs: family.heads * family.headWidth, bias: true)
                if normed {
                    attention.queryNorm = family.layerNorm(
                        name + "q_layernorm", width: family.headWidth)
                    attention.keyNorm = family.layerNorm(
                        name + "k_layernorm", width: family.headWidth)
                }
                var layer = LayerBlueprint(
                    prefix: prefix,
                    inputNorm: family.layerNorm(prefix + "input_layernorm"),
                    mixer: .attention(attention), postMixerNorm: nil, feedForwardNorm: nil,
                    feedForward: .mlp(
                        family.plain(prefix + "mlp.", bias: true, names: ("fc1", "fc2"))),
                    postFeedForwardNorm: nil)
                layer.isParallel = true
                return layer
            })
        model.finalNorm = family.layerNorm(family.root + "final_layernorm")
        model.headBias = "lm_head.bias"
        return model
    }
}
