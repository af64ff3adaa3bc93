// OLMo 2 and OLMo 3. References: transformers modeling_olmo2.py, modeling_olmo3.py.
//
// | config key | OLMo 2 | OLMo 3 |
// | --- | --- | --- |
// | rms_norm_eps | 1e-5 | same |
// | attention_bias (false) | q, k, v and o | same |
// | layer_types, sliding_window (4096) | - | which layers slide; else all but every 4th |
// | rope_* | one rotation, base 1e4 | one for each kind, base 5e5: LayerRotations.swift |
//
// Nothing is normalised before a branch; post_attention_layernorm and post_feedforward_layernorm
// act on what the branches give, self_attn.{q,k}_norm on all heads jointly before the rotation.

import Checkpoint

/// OLMo 2 after modeling_olmo2.py.
struct Olmo2: Architecture {
    let modelType = "olmo2"
    let className = "Olmo2ForCausalLM"
    let reference = "transformers/models/olmo2/modeling_olmo2.py"
    let summary = "norms after each branch, one norm over all heads of queries and of keys"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let family = try LlamaFamily(
            config, root: root, FamilyDefaults(epsilon: 1e-5, contextLength: 2048))
        let bias = try config.flag("attention_bias", default: false)
        return try family.model(
            (0..<family.layerCount).map { index in
                family.olmoLayer(
                    index, family.attention(index, bias: bias, outputBias: bias))
            })
    }
}

/// OLMo 3 after modeling_olmo3.py.
struct Olmo3: Architecture {
    let modelType = "olmo3"
    let className = "Olmo3ForCausalLM"
    let reference = "transformers/models/olmo3/modeling_olmo3.py"
    let summary = "OLMo 2 with three windows to one full layer, two rotations"

    private static let base = 500_000.0

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        try refuse(config)
        let family = try LlamaFamily(
            config.rotating(as: .full, baseKey: "rope_theta"), root: root,
            FamilyDefaults(epsilon: 1e-5, ropeBase: Self.base, contextLength: 2048))
        let local = try RotaryBlueprint(
            config, of: .sliding, baseKey: nil, base: Self.base, in: family)
        let sliding =
            try family.slidingLayers() ?? (0..<family.layerCount).map { ($0 + 1) % 4 != 0 }
        let windows = try family.windows(
            config.isNull("sliding_window")
                ? nil : config.count("sliding_window", default: 4096), of: sliding)
        let bias = try config.flag("attention_bias", default: false)
        return try family.model(
            (0..<family.layerCount).map { index in
                var attention = family.attention(
                    index, bias: bias, outputBias: bias, window: windows[index])
                if sliding[index] { attention.rotary = local }
                return family.olmoLayer(index, attention)
            })
    }

    /// transformers 5 takes `rope_theta` for the layers that see everything, 4 took it for all.
    private func refuse(_ config: ModelConfig) throws {
        let own = try config.section("rope_parameters")?.section(LayerType.sliding.rawValue)
        guard try own?.optionalNumber("rope_theta", default: nil) == nil else { return }
        let base = try config.number("rope_theta", default: Self.base)
        guard base == Self.base else {
            throw ModelError.unsupported(
                key: "rope_theta", found: "\(base)",
                advice: "programs differ in whether layers that slide have it, too: say it in "
                    + "`rope_parameters`, for full_attention and for sliding_attention")
        }
    }

    func rewrite(
        _ config: inout ModelConfig, kept: [Int], blueprint: ModelBlueprint
    ) throws {
        try config.keepLayers(kept, of: blueprint.layers.count)
        // Always explicit: transformers would derive a fresh pattern, silently wrong.
        config.setLayerTypes(kept.map { blueprint.layers[$0].slides })
    }
}

extension LlamaFamily {
    fileprivate func olmoLayer(_ index: Int, _ attention: AttentionBlueprint) -> LayerBlueprint {
        let name = prefix(index) + "self_attn."
        var attention = attention
        attention.queryNorm = norm(name + "q_norm", width: heads * headWidth)
        attention.keyNorm = norm(name + "k_norm", width: keyValueHeads * headWidth)
        return postNormLayer(index, .attention(attention), .mlp(gated(prefix(index) + "mlp.")))
    }

    /// A layer whose branches read the stream itself and are normalised before they are added.
    func postNormLayer(
        _ index: Int, _ mixer: MixerBlueprint, _ feedForward: FeedForwardBlueprint
    ) -> LayerBlueprint {
        LayerBlueprint(
            prefix: prefix(index), inputNorm: nil, mixer: mixer,
            postMixerNorm: norm(prefix(index) + "post_attention_layernorm"),
            feedForwardNorm: nil, feedForward: feedForward,
            postFeedForwardNorm: norm(prefix(index) + "post_feedforward_layernorm"))
    }
}
