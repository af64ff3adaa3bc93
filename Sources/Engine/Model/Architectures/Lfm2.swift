// LFM2: short convolutions with attention now and then. Reference: transformers modeling_lfm2.py.
//
// | config key | meaning |
// | --- | --- |
// | layer_types, else full_attn_idxs (all) | conv or full_attention of each layer |
// | conv_L_cache (3), conv_bias (false) | width of the filter; biases of it and its projections |
// | block_ff_dim, else intermediate_size (12288) | of feed_forward.{w1,w3,w2} ... |
// | block_auto_adjust_ff_dim (true) | ... which are 2/3 as wide then, times |
// | block_ffn_dim_multiplier (1), block_multiple_of (256) | the one, made a multiple of the other |
// | norm_eps (1e-5) | operator_norm, ffn_norm, model.embedding_norm at the end |
// | tie_embedding, else tie_word_embeddings (true) | head = embedding |
//
// | tensor | of |
// | --- | --- |
// | conv.in_proj, conv.conv, conv.out_proj | layers with a convolution |
// | self_attn.{q,k,v,out}_proj, self_attn.{q,k}_layernorm | attention, norms over each head |

import Checkpoint
import JSON

/// LFM2 after modeling_lfm2.py.
struct Lfm2: Architecture {
    let modelType = "lfm2"
    let className = "Lfm2ForCausalLM"
    let reference = "transformers/models/lfm2/modeling_lfm2.py"
    let summary = "short convolutions with attention in some layers"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let family = try LlamaFamily(
            try respelled(config), root: root,
            FamilyDefaults(
                keyValueHeads: 8, epsilonKey: "norm_eps", epsilon: 1e-5, ropeBase: 1_000_000,
                tied: true, contextLength: 128_000))
        let mixers = try self.mixers(config, count: family.layerCount)
        let bias = try config.flag("conv_bias", default: false)
        let width = try config.count("conv_L_cache", default: 3)
        return try family.model(
            (0..<family.layerCount).map { index in
                let prefix = family.prefix(index)
                var layer = family.layer(
                    index,
                    mixer: mixers[index] == .attention
                        ? .attention(attention(family, index))
                        : .shortConvolution(
                            convolution(family, prefix + "conv.", width: width, bias: bias)),
                    feedForward: .mlp(
                        family.gated(prefix + "feed_forward.", names: ("w1", "w3", "w2"))),
                    feedForwardNorm: "ffn_norm")
                layer.inputNorm = family.norm(prefix + "operator_norm")
                return layer
            }, finalNorm: "embedding_norm")
    }

    /// With Llama's names for what has others.
    private func respelled(_ config: ModelConfig) throws -> ModelConfig {
        var result = config
        let given = try config.integerIfPresent("block_ff_dim", in: 1...(1 << 24))
        var inner = try given ?? config.count("intermediate_size", default: 12_288)
        if try config.flag("block_auto_adjust_ff_dim", default: true) {
            inner = 2 * inner / 3
            let multiplier = try config.optionalNumber("block_ffn_dim_multiplier", default: 1)
            if let multiplier {
                let step = try config.count("block_multiple_of", default: 256)
                guard multiplier > 0, multiplier < 1e6 else {
                    throw ModelError.unsupported(
                        key: "block_ffn_dim_multiplier", found: "\(multiplier)",
                        advice: "a factor above 0 is expected")
                }
                inner = (Int(multiplier * Double(inner)) + step - 1) / step * step
            }
        }
        result.set("intermediate_size", to: inner)
        result.set("hidden_act", to: nil as JSONValue?)
        if let tied = config.value("tie_embedding") {
            result.set("tie_word_embeddings", to: tied)
        }
        return result
    }

    private func mixers(_ config: ModelConfig, count: Int) throws -> [LayerMixer] {
        let types = try config.mixers(
            "layer_types", count: count, known: [.attention, .convolution])
        if let types { return types }
        let attending = try config.integers("full_attn_idxs") ?? Array(0..<count)
        return (0..<count).map { attending.contains($0) ? .attention : .convolution }
    }

    private func attention(_ family: LlamaFamily, _ index: Int) -> AttentionBlueprint {
        let name = family.prefix(index) + "self_attn."
        var attention = family.attention(index)
        attention.output.tensor = name + "out_proj.weight"
        attention.queryNorm = family.norm(name + "q_layernorm", width: family.headWidth)
        attention.keyNorm = family.norm(name + "k_layernorm", width: family.headWidth)
        return attention
    }

    private func convolution(
        _ family: LlamaFamily, _ name: String, width: Int, bias: Bool
    ) -> ShortConvolutionBlueprint {
        let hidden = family.hidden
        return ShortConvolutionBlueprint(
            input: family.projection(
                name + "in_proj", outputs: 3 * hidden, inputs: hidden, bias: bias),
            convolution: family.convolution(
                name + "conv", channels: hidden, width: width, bias: bias),
            output: family.projection(
                name + "out_proj", outputs: hidden, inputs: hidden, bias: bias))
    }

    func rewrite(
        _ config: inout ModelConfig, kept: [Int], blueprint: ModelBlueprint
    ) throws {
        try config.keepLayers(kept, of: blueprint.layers.count)
        config.setIndices("full_attn_idxs", where: kept.map { blueprint.layers[$0].attends })
    }

    func narrow(_ config: inout ModelConfig, to width: Int) {
        // The width is said as it is.
        config.set("block_auto_adjust_ff_dim", to: JSONValue.bool(false))
        let isOld = config.value("block_ff_dim") != nil
        config.set(isOld ? "block_ff_dim" : "intermediate_size", to: width)
    }

    func untie(_ config: inout ModelConfig) throws {
        for key in ["tie_embedding", "tie_word_embeddings"] {
            guard key == "tie_word_embeddings" || config.value(key) != nil else { continue }
            config.set(key, to: JSONValue.bool(false))
        }
    }
}

extension LlamaFamily {
    /// A filter under `name`.
    func convolution(
        _ name: String, channels: Int, width: Int, bias: Bool
    ) -> ConvolutionBlueprint {
        ConvolutionBlueprint(
            weight: name + ".weight", bias: bias ? name + ".bias" : nil, channels: channels,
            width: width)
    }
}
