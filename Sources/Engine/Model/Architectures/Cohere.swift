// Command R (cohere) and Command R7B, Command A (cohere2). References: transformers
// modeling_cohere.py, modeling_cohere2.py.
//
// | config key | cohere | cohere2 |
// | --- | --- | --- |
// | layer_norm_eps (1e-5), attention_bias (false, on q, k, v and o) | both | both |
// | logit_scale (0.0625) | logits are multiplied by it | same |
// | use_qk_norm (false) | self_attn.{q,k}_norm [heads, head width] | - |
// | layer_types, else sliding_window_pattern (4), sliding_window (4096) | - | windows |
// | rope_theta | 5e5 | 1e4; no rotation in layers that see everything |
//
// Both branches read one input_layernorm. Norms subtract the mean and have no bias; pairs of
// neighbours rotate.

import Checkpoint

/// Command R after modeling_cohere.py.
struct Cohere: Architecture {
    let modelType = "cohere"
    let className = "CohereForCausalLM"
    let reference = "transformers/models/cohere/modeling_cohere.py"
    let summary = "parallel branches of one LayerNorm, scaled logits (Command R)"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let family = try LlamaFamily(cohere: config, root: root, ropeBase: 500_000)
        let bias = try config.flag("attention_bias", default: false)
        let normed = try config.flag("use_qk_norm", default: false)
        return try family.cohereModel { index in
            let name = family.prefix(index) + "self_attn."
            var attention = family.attention(index, bias: bias, outputBias: bias)
            if normed {
                attention.queryNorm = family.headNorms(name + "q_norm", family.heads)
                attention.keyNorm = family.headNorms(name + "k_norm", family.keyValueHeads)
            }
            return attention
        }
    }
}

/// Command R7B after modeling_cohere2.py.
struct Cohere2: Architecture {
    let modelType = "cohere2"
    let className = "Cohere2ForCausalLM"
    let reference = "transformers/models/cohere2/modeling_cohere2.py"
    let summary = "Command R with three windows to one full layer without positions"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let family = try LlamaFamily(cohere: config, root: root, ropeBase: 10_000)
        let bias = try config.flag("attention_bias", default: false)
        let period = try config.count("sliding_window_pattern", default: 4)
        let sliding =
            try family.slidingLayers()
            ?? (0..<family.layerCount).map { ($0 + 1) % period != 0 }
        let windows = try family.windows(
            config.isNull("sliding_window")
                ? nil : config.count("sliding_window", default: 4096), of: sliding)
        return try family.cohereModel { index in
            family.attention(
                index, bias: bias, outputBias: bias, window: windows[index],
                rotates: sliding[index])
        }
    }

    func rewrite(
        _ config: inout ModelConfig, kept: [Int], blueprint: ModelBlueprint
    ) throws {
        try config.keepLayers(kept, of: blueprint.layers.count)
        // Always explicit: transformers would derive a fresh pattern, silently wrong.
        let sliding = kept.map { blueprint.layers[$0].slides }
        config.setLayerTypes(sliding)
        config.setWindowPattern(sliding)
    }
}

extension LlamaFamily {
    fileprivate init(cohere config: ModelConfig, root: String, ropeBase: Double) throws {
        try self.init(
            config, root: root,
            FamilyDefaults(
                epsilonKey: "layer_norm_eps", epsilon: 1e-5, ropeBase: ropeBase, tied: true,
                contextLength: 8192, pairing: .neighbours))
    }

    fileprivate func cohereModel(
        _ attention: (Int) -> AttentionBlueprint
    ) throws -> ModelBlueprint {
        var model = try self.model(
            (0..<layerCount).map { index in
                var layer = LayerBlueprint(
                    prefix: prefix(index),
                    inputNorm: layerNorm(prefix(index) + "input_layernorm", bias: false),
                    mixer: .attention(attention(index)), postMixerNorm: nil, feedForwardNorm: nil,
                    feedForward: .mlp(gated(prefix(index) + "mlp.")), postFeedForwardNorm: nil)
                layer.isParallel = true
                return layer
            })
        model.finalNorm = layerNorm(root + "norm", bias: false)
        model.logitScale = Float(try config.number("logit_scale", default: 0.0625))
        return model
    }

    /// Each head with gains of its own, stored [heads, head width].
    fileprivate func headNorms(_ name: String, _ count: Int) -> NormBlueprint {
        var norm = layerNorm(name, width: count * headWidth, bias: false)
        norm.shape = [count, headWidth]
        norm.group = headWidth
        return norm
    }
}
