// Falcon 7B and 40B. Reference: transformers modeling_falcon.py.
//
// | config key | meaning |
// | --- | --- |
// | activation (gelu), layer_norm_epsilon (1e-5), ffn_hidden_size (4 * hidden) | |
// | bias (false) | biases of all projections |
// | new_decoder_architecture (false) | num_kv_heads (all) key-value heads, parallel branches |
// | multi_query (true) | else one key-value head; false: one for each query head |
// | parallel_attn (true) | else both branches read the stream; false: one after the other |
// | num_ln_in_parallel_attn | 2 (new architecture): ln_attn, ln_mlp; 1: input_layernorm for both |
// | alibi (false) | refused |
//
// | tensor | |
// | --- | --- |
// | transformer.word_embeddings, transformer.h.N, transformer.ln_f | |
// | self_attention.query_key_value | by key-value head: its queries, its key, its value |
// | self_attention.dense, mlp.dense_h_to_4h, mlp.dense_4h_to_h | |
//
// All norms subtract the mean and have a bias.

import Checkpoint

/// Falcon after modeling_falcon.py.
struct Falcon: Architecture {
    let modelType = "falcon"
    let className = "FalconForCausalLM"
    let reference = "transformers/models/falcon/modeling_falcon.py"
    let summary = "parallel branches, one key-value head or a few, fused by head"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let shape = try Shape(config)
        let family = try LlamaFamily(
            spelled(config, shape), root: root.isEmpty ? "" : "transformer.",
            FamilyDefaults(
                epsilonKey: "layer_norm_epsilon", epsilon: 1e-5, tied: true, activation: .gelu,
                contextLength: 2048),
            activationKey: "activation")
        let bias = try config.flag("bias", default: false)
        var model = try family.model(
            (0..<family.layerCount).map { index in
                let prefix = family.root + "h.\(index)."
                let fused = family.headwise(prefix + "self_attention.query_key_value", bias: bias)
                var attention = family.attention(index)
                attention.query = fused.query
                attention.key = fused.key
                attention.value = fused.value
                attention.output = family.projection(
                    prefix + "self_attention.dense", outputs: family.hidden,
                    inputs: family.heads * family.headWidth, bias: bias)
                var layer = LayerBlueprint(
                    prefix: prefix,
                    inputNorm: family.layerNorm(prefix + shape.norms.attention),
                    mixer: .attention(attention), postMixerNorm: nil,
                    feedForwardNorm: shape.norms.feedForward.map {
                        family.layerNorm(prefix + $0)
                    },
                    feedForward: .mlp(
                        family.plain(
                            prefix + "mlp.", bias: bias,
                            names: ("dense_h_to_4h", "dense_4h_to_h"))),
                    postFeedForwardNorm: nil)
                layer.isParallel = shape.isParallel
                return layer
            })
        model.finalNorm = family.layerNorm(family.root + "ln_f")
        return model.withEmbedding(family.root + "word_embeddings.weight")
    }

    func narrow(_ config: inout ModelConfig, to width: Int) {
        config.set("ffn_hidden_size", to: width)
    }

    private func spelled(_ config: ModelConfig, _ shape: Shape) throws -> ModelConfig {
        var result = config
        // An older name, which has the last word.
        if let width = config.value("n_embed") { result.set("hidden_size", to: width) }
        let hidden = try result.count("hidden_size")
        result.set(
            "intermediate_size",
            to: try config.count("ffn_hidden_size", default: 4 * hidden))
        result.set("num_key_value_heads", to: shape.keyValueHeads)
        result.set("head_dim", to: nil)
        return result
    }

    /// What the keys of the two generations come to.
    private struct Shape {
        let keyValueHeads: Int
        let isParallel: Bool
        let norms: (attention: String, feedForward: String?)

        init(_ config: ModelConfig) throws {
            guard try !config.flag("alibi", default: false) else {
                throw ModelError.unsupported(
                    key: "alibi", found: "true",
                    advice: "only Falcon models with rotary positions are computed")
            }
            let heads = try config.count("num_attention_heads")
            let own = try config.count("num_kv_heads", default: heads)
            let isNew = try config.flag("new_decoder_architecture", default: false)
            let isShared = try config.flag("multi_query", default: true)
            keyValueHeads = isNew ? own : isShared ? 1 : own
            isParallel = try config.flag("parallel_attn", default: true)
            guard isNew || isShared || own == heads else {
                throw ModelError.unsupported(
                    key: "num_kv_heads", found: "\(own) for \(heads) heads",
                    advice: "without new_decoder_architecture it is 1 or the number of heads")
            }
            guard isParallel || !isNew else {
                throw ModelError.unsupported(
                    key: "parallel_attn", found: "false",
                    advice: "with new_decoder_architecture branches are parallel")
            }
            let count = try config.count("num_ln_in_parallel_attn", default: isNew ? 2 : 1)
            guard count == 1 || (count == 2 && isNew) || !isParallel else {
                throw ModelError.unsupported(
                    key: "num_ln_in_parallel_attn", found: "\(count)",
                    advice: "1 is expected, or 2 with new_decoder_architecture")
            }
            if !isParallel {
                norms = ("input_layernorm", "post_attention_layernorm")
            } else if count == 2 {
                norms = ("ln_attn", "ln_mlp")
            } else {
                norms = ("input_layernorm", nil)
            }
        }
    }
}
