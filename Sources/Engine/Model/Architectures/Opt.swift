// OPT. Reference: transformers modeling_opt.py.
//
// | config key | meaning |
// | --- | --- |
// | ffn_dim | width of the MLP |
// | activation_function (relu) | |
// | enable_bias (true) | biases of all projections |
// | max_position_embeddings (2048) | embed_positions has 2 rows more, and begins at the third |
// | do_layer_norm_before (true), _remove_final_layer_norm (false) | others refused |
// | layer_norm_elementwise_affine (true), word_embed_proj_dim (hidden) | others refused |
//
// Names: model.decoder.layers.N.{self_attn_layer_norm, self_attn.out_proj, final_layer_norm (before
// the MLP), fc1, fc2}, model.decoder.final_layer_norm. Norms subtract the mean, have a bias and
// epsilon 1e-5. No rotation.

import Checkpoint

/// OPT after modeling_opt.py; not the 350M, which normalises after its branches.
struct Opt: Architecture {
    let modelType = "opt"
    let className = "OPTForCausalLM"
    let reference = "transformers/models/opt/modeling_opt.py"
    let summary = "learned positions, LayerNorm, biases, ReLU"

    private static let positionOffset = 2

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let family = try LlamaFamily(
            spelled(config), root: root + "decoder.",
            FamilyDefaults(
                epsilon: 1e-5, tied: true, activation: .relu, contextLength: 2048, rotates: false),
            activationKey: "activation_function")
        try refuse(config, hidden: family.hidden)
        let bias = try config.flag("enable_bias", default: true)
        var model = try family.model(
            (0..<family.layerCount).map { index in
                let prefix = family.prefix(index)
                var attention = family.attention(index, bias: bias)
                attention.rotary = nil
                attention.output = family.projection(
                    prefix + "self_attn.out_proj", outputs: family.hidden,
                    inputs: family.heads * family.headWidth, bias: bias)
                return LayerBlueprint(
                    prefix: prefix,
                    inputNorm: family.layerNorm(prefix + "self_attn_layer_norm"),
                    mixer: .attention(attention), postMixerNorm: nil,
                    feedForwardNorm: family.layerNorm(prefix + "final_layer_norm"),
                    feedForward: .mlp(family.plain(prefix, bias: bias, names: ("fc1", "fc2"))),
                    postFeedForwardNorm: nil)
            })
        model.finalNorm = family.layerNorm(family.root + "final_layer_norm")
        model.positions = PositionTable(
            tensor: family.root + "embed_positions.weight",
            rows: family.contextLength + Self.positionOffset, offset: Self.positionOffset)
        return model
    }

    func narrow(_ config: inout ModelConfig, to width: Int) {
        config.set("ffn_dim", to: width)
    }

    /// With Llama's names, which mean nothing to the reference where they stand themselves.
    private func spelled(_ config: ModelConfig) throws -> ModelConfig {
        var result = config
        result.set("intermediate_size", to: try config.count("ffn_dim", default: 3072))
        for key in ["num_key_value_heads", "head_dim", "rms_norm_eps"] {
            result.set(key, to: nil)
        }
        return result
    }

    private func refuse(_ config: ModelConfig, hidden: Int) throws {
        let flags = [
            ("do_layer_norm_before", true, "a norm before each branch is expected"),
            ("_remove_final_layer_norm", false, "a norm after the last layer is expected"),
            ("layer_norm_elementwise_affine", true, "norms with gains are expected"),
        ]
        for (key, known, advice) in flags where try config.flag(key, default: known) != known {
            throw ModelError.unsupported(key: key, found: "\(!known)", advice: advice)
        }
        let width = try config.count("word_embed_proj_dim", default: hidden)
        guard width == hidden else {
            throw ModelError.unsupported(
                key: "word_embed_proj_dim", found: "\(width), with hidden_size \(hidden)",
                advice: "embeddings as wide as the model are expected")
        }
    }
}
