// StarCoder 2. Reference: transformers modeling_starcoder2.py.
//
// | config key | meaning |
// | --- | --- |
// | hidden_act (gelu_pytorch_tanh), norm_epsilon (1e-5), num_key_value_heads (2) | |
// | use_bias (true) | biases of all projections |
// | sliding_window (none) | window of every layer |
//
// mlp.c_fc and mlp.c_proj without a gate. All norms subtract the mean and have a bias.

import Checkpoint

/// StarCoder 2 after modeling_starcoder2.py.
struct Starcoder2: Architecture {
    let modelType = "starcoder2"
    let className = "Starcoder2ForCausalLM"
    let reference = "transformers/models/starcoder2/modeling_starcoder2.py"
    let summary = "grouped queries, LayerNorm, biases, a plain MLP, a window on every layer"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let family = try LlamaFamily(
            config, root: root,
            FamilyDefaults(
                keyValueHeads: 2, epsilonKey: "norm_epsilon", epsilon: 1e-5, tied: true,
                activation: .geluTanh, contextLength: 4096))
        let bias = try config.flag("use_bias", default: true)
        let window =
            !config.has("sliding_window") || config.isNull("sliding_window")
            ? nil : try config.count("sliding_window")
        var model = try family.model(
            (0..<family.layerCount).map { index in
                let prefix = family.prefix(index)
                return LayerBlueprint(
                    prefix: prefix,
                    inputNorm: family.layerNorm(prefix + "input_layernorm"),
                    mixer: .attention(
                        family.attention(index, bias: bias, outputBias: bias, window: window)),
                    postMixerNorm: nil,
                    feedForwardNorm: family.layerNorm(
                        prefix + "post_attention_layernorm"),
                    feedForward: .mlp(
                        family.plain(prefix + "mlp.", bias: bias, names: ("c_fc", "c_proj"))),
                    postFeedForwardNorm: nil)
            })
        model.finalNorm = family.layerNorm(family.root + "norm")
        return model
    }
}
