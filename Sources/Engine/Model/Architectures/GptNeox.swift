// GPT-NeoX: Pythia, GPT-NeoX-20B. Reference: transformers modeling_gpt_neox.py.
//
// | config key | meaning |
// | --- | --- |
// | hidden_act (gelu), layer_norm_eps (1e-5) | |
// | use_parallel_residual (true) | both branches read the stream; else one after the other |
// | attention_bias (true) | biases of attention; the MLP always has them |
// | rotary_emb_base (1e4), rotary_pct (0.25) | where rope_parameters is silent |
//
// | tensor | |
// | --- | --- |
// | gpt_neox.embed_in, embed_out | embedding and head |
// | attention.query_key_value | for each head its query, key and value |
// | attention.dense, mlp.dense_h_to_4h, mlp.dense_4h_to_h | |
//
// All norms subtract the mean and have a bias.

import Checkpoint

/// GPT-NeoX after modeling_gpt_neox.py.
struct GptNeox: Architecture {
    let modelType = "gpt_neox"
    let className = "GPTNeoXForCausalLM"
    let reference = "transformers/models/gpt_neox/modeling_gpt_neox.py"
    let summary = "parallel branches, LayerNorm, queries, keys and values by head (Pythia)"

    let oldBuffers = ["rotary_emb.inv_freq", ".attention.bias", ".attention.masked_bias"]

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let family = try LlamaFamily(
            spelled(config), root: root.isEmpty ? "" : "gpt_neox.",
            FamilyDefaults(
                epsilonKey: "layer_norm_eps", epsilon: 1e-5, activation: .gelu,
                contextLength: 2048, rotatesPart: true, partialRotary: 0.25,
                headName: "embed_out.weight"))
        let isParallel = try config.flag("use_parallel_residual", default: true)
        let bias = try config.flag("attention_bias", default: true)
        var model = try family.model(
            (0..<family.layerCount).map { index in
                let prefix = family.prefix(index)
                let fused = family.headwise(prefix + "attention.query_key_value", bias: bias)
                var attention = family.attention(index)
                attention.query = fused.query
                attention.key = fused.key
                attention.value = fused.value
                attention.output = family.projection(
                    prefix + "attention.dense", outputs: family.hidden,
                    inputs: family.heads * family.headWidth, bias: bias)
                var layer = LayerBlueprint(
                    prefix: prefix,
                    inputNorm: family.layerNorm(prefix + "input_layernorm"),
                    mixer: .attention(attention), postMixerNorm: nil,
                    feedForwardNorm: family.layerNorm(
                        prefix + "post_attention_layernorm"),
                    feedForward: .mlp(
                        family.plain(
                            prefix + "mlp.", bias: true,
                            names: ("dense_h_to_4h", "dense_4h_to_h"))),
                    postFeedForwardNorm: nil)
                layer.isParallel = isParallel
                return layer
            })
        model.finalNorm = family.layerNorm(family.root + "final_layer_norm")
        return model.withEmbedding(family.root + "embed_in.weight")
    }

    /// With Llama's names, which mean nothing to the reference where they stand themselves.
    private func spelled(_ config: ModelConfig) -> ModelConfig {
        var result = config
        result.set("rope_theta", to: config.value("rotary_emb_base"))
        result.set("partial_rotary_factor", to: config.value("rotary_pct"))
        result.set("num_key_value_heads", to: nil)
        return result
    }
}
