// StableLM. Reference: transformers modeling_stablelm.py.
//
// | config key | meaning |
// | --- | --- |
// | num_key_value_heads (32), layer_norm_eps (1e-5) | |
// | partial_rotary_factor (0.25) | part of a head that rotates |
// | use_qkv_bias (false) | biases on q, k and v, never on o |
// | use_parallel_residual (false) | both branches read input_layernorm, there is no other |
// | qk_layernorm (false) | a tensor of gains for each head: refused |
//
// All norms subtract the mean and have a bias.

import Checkpoint

/// StableLM after modeling_stablelm.py.
struct Stablelm: Architecture {
    let modelType = "stablelm"
    let className = "StableLmForCausalLM"
    let reference = "transformers/models/stablelm/modeling_stablelm.py"
    let summary = "Llama with LayerNorm, a quarter of a head rotates"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        guard try !config.flag("qk_layernorm", default: false) else {
            throw ModelError.unsupported(
                key: "qk_layernorm", found: "true",
                advice: "norms of queries and keys with a tensor for each head are not read")
        }
        let family = try LlamaFamily(
            config, root: root,
            FamilyDefaults(
                keyValueHeads: 32, epsilonKey: "layer_norm_eps", epsilon: 1e-5,
                contextLength: 4096, rotatesPart: true, partialRotary: 0.25))
        let bias = try config.flag("use_qkv_bias", default: false)
        let isParallel = try config.flag("use_parallel_residual", default: false)
        var model = try family.model(
            (0..<family.layerCount).map { index in
                let prefix = family.prefix(index)
                var layer = LayerBlueprint(
                    prefix: prefix,
                    inputNorm: family.layerNorm(prefix + "input_layernorm"),
                    mixer: .attention(family.attention(index, bias: bias)), postMixerNorm: nil,
                    feedForwardNorm: isParallel
                        ? nil : family.layerNorm(prefix + "post_attention_layernorm"),
                    feedForward: .mlp(family.gated(prefix + "mlp.")), postFeedForwardNorm: nil)
                layer.isParallel = isParallel
                return layer
            })
        model.finalNorm = family.layerNorm(family.root + "norm")
        return model
    }
}
