// GPT-2. Reference: transformers modeling_gpt2.py.
//
// | config key | meaning |
// | --- | --- |
// | n_embd, n_layer, n_head, n_positions (1024) | or Llama's names, which have the last word |
// | n_inner (4 * n_embd), activation_function (gelu_new), layer_norm_epsilon (1e-5) | |
// | scale_attn_weights (true) | scores are divided by the root of the head width |
// | scale_attn_by_inverse_layer_idx, add_cross_attention (false) | refused |
//
// | tensor | |
// | --- | --- |
// | transformer.wte, transformer.wpe | tokens, positions; published without `transformer.` |
// | h.N.ln_1, h.N.ln_2, ln_f | norms with mean and bias |
// | h.N.attn.c_attn | columns: queries, then keys, then values |
// | h.N.attn.c_proj, h.N.mlp.c_fc, h.N.mlp.c_proj | stored [inputs, outputs], as c_attn |

import Checkpoint

/// GPT-2 after modeling_gpt2.py.
struct Gpt2: Architecture {
    let modelType = "gpt2"
    let className = "GPT2LMHeadModel"
    let reference = "transformers/models/gpt2/modeling_gpt2.py"
    let summary = "learned positions, LayerNorm, matrices stored by columns"

    let oldBuffers = [".attn.bias", ".attn.masked_bias"]

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        try refuse(config)
        let family = try LlamaFamily(
            spelled(config), root: root.isEmpty ? "" : "transformer.",
            FamilyDefaults(
                epsilonKey: "layer_norm_epsilon", epsilon: 1e-5, tied: true,
                activation: .geluTanh, contextLength: 1024, rotates: false),
            activationKey: "activation_function")
        let isScaled = try config.flag("scale_attn_weights", default: true)
        let width = family.hidden
        var model = try family.model(
            (0..<family.layerCount).map { index in
                let prefix = family.root + "h.\(index)."
                let fused = columns(
                    family, prefix + "attn.c_attn", outputs: 3 * width, inputs: width)
                var attention = family.attention(index)
                attention.rotary = nil
                attention.query = fused.slice(0..<width)
                attention.key = fused.slice(width..<2 * width)
                attention.value = fused.slice(2 * width..<3 * width)
                attention.output = columns(
                    family, prefix + "attn.c_proj", outputs: width, inputs: width)
                if !isScaled { attention.scale = 1 }
                return LayerBlueprint(
                    prefix: prefix, inputNorm: family.layerNorm(prefix + "ln_1"),
                    mixer: .attention(attention), postMixerNorm: nil,
                    feedForwardNorm: family.layerNorm(prefix + "ln_2"),
                    feedForward: .mlp(
                        MLPBlueprint(
                            gate: nil,
                            up: columns(
                                family, prefix + "mlp.c_fc", outputs: family.inner, inputs: width),
                            down: columns(
                                family, prefix + "mlp.c_proj", outputs: width,
                                inputs: family.inner),
                            activation: family.activation)),
                    postFeedForwardNorm: nil)
            })
        model.finalNorm = family.layerNorm(family.root + "ln_f")
        model.positions = PositionTable(
            tensor: family.root + "wpe.weight", rows: family.contextLength)
        return model.withEmbedding(family.root + "wte.weight")
    }

    func narrow(_ config: inout ModelConfig, to width: Int) {
        config.set("n_inner", to: width)
    }

    /// llama.cpp's converter: convert_hf_to_gguf.py, whose GPT2Model asks for n_embd alone.
    func caveats(kept: [Int], mlpWidth: Int?, blueprint: ModelBlueprint) -> [String] {
        let usual = 4 * blueprint.hiddenWidth
        guard let mlpWidth, mlpWidth != usual,
            case .mlp(let mlp) = blueprint.layers.first?.feedForward,
            mlp.neuronCount == usual
        else { return [] }
        return [
            "llama.cpp's converter takes MLPs to have 4 * n_embd (\(usual)) neurons, whatever "
                + "`n_inner` (\(mlpWidth)) says: the GGUF file it makes of this model cannot be "
                + "loaded"
        ]
    }

    private func columns(
        _ family: LlamaFamily, _ name: String, outputs: Int, inputs: Int
    ) -> ProjectionBlueprint {
        var result = family.projection(name, outputs: outputs, inputs: inputs, bias: true)
        result.form = .columns
        return result
    }

    private func spelled(_ config: ModelConfig) throws -> ModelConfig {
        var result =
            config.spelling("n_embd", as: "hidden_size")
            .spelling("n_layer", as: "num_hidden_layers")
            .spelling("n_head", as: "num_attention_heads")
            .spelling("n_positions", as: "max_position_embeddings")
        let hidden = try result.count("hidden_size")
        result.set("intermediate_size", to: try config.count("n_inner", default: 4 * hidden))
        result.set("num_key_value_heads", to: nil)
        result.set("head_dim", to: nil)
        return result
    }

    private func refuse(_ config: ModelConfig) throws {
        let flags = [
            (
                "scale_attn_by_inverse_layer_idx",
                "scores that depend on a layer's number change when layers go"
            ), ("add_cross_attention", "layers without attention to another model are expected"),
        ]
        for (key, advice) in flags where try config.flag(key, default: false) {
            throw ModelError.unsupported(key: key, found: "true", advice: advice)
        }
    }

    func rewrite(
        _ config: inout ModelConfig, kept: [Int], blueprint: ModelBlueprint
    ) throws {
        for key in ["n_layer", "num_hidden_layers"] where config.has(key) {
            config.set(key, to: kept.count)
        }
    }
}
