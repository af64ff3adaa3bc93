// Gemma 3, the language model alone. Reference: transformers modeling_gemma3.py.
//
// | config key | meaning |
// | --- | --- |
// | hidden_activation (gelu_pytorch_tanh) | activation |
// | query_pre_attn_scalar (256) | scores are scaled by its inverse root |
// | layer_types, else sliding_window_pattern (6) | every 6th layer sees everything, others slide |
// | sliding_window (4096) | window of those that slide |
// | rope_* (bases 1e6 and 1e4) | a rotation for each of the two: LayerRotations.swift |
// | final_logit_softcapping (none) | logits |
// | attn_logit_softcapping (none) | not computed by the reference: refused |
// | use_bidirectional_attention (false) | refused |
//
// Gemma 2's norms and embedding scale; self_attn.{q,k}_norm act on each head before the rotation.
// All norms multiply by 1 + weight.

import Checkpoint

/// Gemma 3 after modeling_gemma3.py (Gemma3ForCausalLM).
struct Gemma3Text: Architecture {
    let modelType = "gemma3_text"
    let className = "Gemma3ForCausalLM"
    let reference = "transformers/models/gemma3/modeling_gemma3.py"
    let summary = "Gemma 2 with q/k norms and five windows to one full layer, two rotations"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        try refuse(config)
        let family = try LlamaFamily(
            config.rotating(as: .full, baseKey: "rope_theta"), root: root,
            FamilyDefaults(
                keyValueHeads: 4, headWidth: 256, ropeBase: 1e6, tied: true,
                activation: .geluTanh, contextLength: 131_072),
            activationKey: "hidden_activation")
        let local = try RotaryBlueprint(
            config, of: .sliding, baseKey: "rope_local_base_freq", base: 10_000, in: family)
        let period = try config.count("sliding_window_pattern", default: 6)
        let sliding =
            try family.slidingLayers()
            ?? (0..<family.layerCount).map { ($0 + 1) % period != 0 }
        let windows = try family.windows(
            config.isNull("sliding_window")
                ? nil : config.count("sliding_window", default: 4096), of: sliding)
        let scalar = try config.number("query_pre_attn_scalar", default: 256)
        let bias = try config.flag("attention_bias", default: false)
        var model = try family.model(
            (0..<family.layerCount).map { index in
                let prefix = family.prefix(index)
                var attention = family.attention(
                    index, bias: bias, outputBias: bias, window: windows[index])
                if sliding[index] { attention.rotary = local }
                attention.scale = Float(1 / scalar.squareRoot())
                attention.queryNorm = family.norm(
                    prefix + "self_attn.q_norm", width: family.headWidth, offset: 1)
                attention.keyNorm = family.norm(
                    prefix + "self_attn.k_norm", width: family.headWidth, offset: 1)
                return LayerBlueprint(
                    prefix: prefix,
                    inputNorm: family.norm(prefix + "input_layernorm", offset: 1),
                    mixer: .attention(attention),
                    postMixerNorm: family.norm(prefix + "post_attention_layernorm", offset: 1),
                    feedForwardNorm: family.norm(prefix + "pre_feedforward_layernorm", offset: 1),
                    feedForward: .mlp(family.gated(prefix + "mlp.")),
                    postFeedForwardNorm: family.norm(
                        prefix + "post_feedforward_layernorm", offset: 1))
            })
        model.finalNorm = family.norm(family.root + "norm", offset: 1)
        model.finalSoftCap = try config.optionalNumber("final_logit_softcapping", default: nil)
            .map(Float.init)
        model.embeddingScale = .squareRootOfHidden
        return model
    }

    private func refuse(_ config: ModelConfig) throws {
        guard try !config.flag("use_bidirectional_attention", default: false) else {
            throw ModelError.unsupported(
                key: "use_bidirectional_attention", found: "true",
                advice: "every token sees those before it")
        }
        if let cap = try config.optionalNumber("attn_logit_softcapping", default: nil) {
            throw ModelError.unsupported(
                key: "attn_logit_softcapping", found: "\(cap)",
                advice: "Gemma 3 caps no scores, and the reference ignores the key: set it to null")
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

    // llama.cpp: src/llama-model.cpp (set_swa_pattern, f_attention_scale).
    private static let roles = RolesByNumber(
        programs: "llama.cpp and what builds on it", others: "transformers, vLLM and SGLang",
        period: 6, sliding: 5, rotates: true)
    private static let scale = ScaleByCount(programs: "llama.cpp", count: 62)

    var loaderPeriod: LoaderPeriod? { LoaderPeriod(layers: 6, isDefault: false) }

    func caveats(kept: [Int], mlpWidth: Int?, blueprint: ModelBlueprint) -> [String] {
        let attention = blueprint.layers.lazy.compactMap { layer -> AttentionBlueprint? in
            if case .attention(let attention) = layer.mixer { attention } else { nil }
        }.first
        return [
            Self.roles.caveat(kept: kept, of: blueprint),
            attention.flatMap {
                Self.scale.caveat(
                    before: blueprint.layers.count, left: kept.count, $0,
                    hidden: blueprint.hiddenWidth)
            },
        ].compactMap { $0 }
    }
}
