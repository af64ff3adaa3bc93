// Gemma 2. Reference: transformers modeling_gemma2.py.
//
// | config key | meaning |
// | --- | --- |
// | hidden_activation | gelu_pytorch_tanh |
// | query_pre_attn_scalar | scores are scaled by its inverse root |
// | attn_logit_softcapping, final_logit_softcapping | cap * tanh(x / cap) |
// | layer_types | which layers slide; where absent, the even ones do |
//
// Norms multiply by 1 + weight; post_attention_layernorm and post_feedforward_layernorm act on
// the branches' outputs; embeddings are scaled by sqrt(hidden) rounded to the weights' type.

import Checkpoint

/// Gemma 2, as modeling_gemma2.py computes it: tensors in, names and shapes out of config.json.
struct Gemma2: Architecture {
    let modelType = "gemma2"
    let className = "Gemma2ForCausalLM"
    let reference = "transformers/models/gemma2/modeling_gemma2.py"
    let summary = "norms before and after each branch, soft caps, alternating windows"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let family = try LlamaFamily(
            config, root: root,
            FamilyDefaults(
                keyValueHeads: 4, headWidth: 256, tied: true, activation: .geluTanh,
                contextLength: 8192, readOtherwise: [.activation, .rotation]),
            activationKey: "hidden_activation")
        let sliding =
            try family.slidingLayers() ?? (0..<family.layerCount).map { $0 % 2 == 0 }
        let windows = try family.windows(
            config.isNull("sliding_window")
                ? nil : config.count("sliding_window", default: 4096), of: sliding)
        guard try !config.flag("use_bidirectional_attention", default: false) else {
            throw ModelError.unsupported(
                key: "use_bidirectional_attention", found: "true",
                advice: "every token sees those before it")
        }
        let scalar = try config.number("query_pre_attn_scalar", default: 256)
        let attentionCap = try config.optionalNumber("attn_logit_softcapping", default: 50)
        let bias = try config.flag("attention_bias", default: false)
        var model = try family.model(
            (0..<family.layerCount).map { index in
                let prefix = family.prefix(index)
                var attention = family.attention(
                    index, bias: bias, outputBias: bias, window: windows[index])
                attention.scale = Float(1 / scalar.squareRoot())
                attention.softCap = attentionCap.map(Float.init)
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
        model.finalSoftCap = try config.optionalNumber("final_logit_softcapping", default: 30)
            .map(Float.init)
        model.embeddingScale = .squareRootOfHidden
        return model
    }

    func rewrite(
        _ config: inout ModelConfig, kept: [Int], blueprint: ModelBlueprint
    ) throws {
        try config.keepLayers(kept, of: blueprint.layers.count)
        // Always explicit: transformers would derive a fresh alternation, silently wrong.
        config.setLayerTypes(kept.map { blueprint.layers[$0].slides })
    }

    // llama.cpp: src/llama-model.cpp (set_swa_pattern, f_attention_scale) and its converter, which
    // writes no pattern; SGLang: srt/models/gemma2.py (layer_id % 2).
    private static let windows = WindowByNumber(
        programs: "llama.cpp and SGLang", period: 2, sliding: 1)
    private static let scale = ScaleByCount(programs: "llama.cpp", count: 46)

    var loaderPeriod: LoaderPeriod? { LoaderPeriod(layers: 2, isDefault: true) }

    func caveats(kept: [Int], mlpWidth: Int?, blueprint: ModelBlueprint) -> [String] {
        let attentions = blueprint.layers.compactMap { layer -> AttentionBlueprint? in
            if case .attention(let attention) = layer.mixer { attention } else { nil }
        }
        guard let first = attentions.first, attentions.count == blueprint.layers.count else {
            return []
        }
        let window = attentions.compactMap(\.window).first
        let found = kept.map { attentions[$0].window != nil }
        return [
            window.flatMap {
                Self.windows.caveat(
                    before: attentions.map { $0.window != nil }, found: found, window: $0)
            },
            Self.scale.caveat(
                before: attentions.count, left: kept.count, first, hidden: blueprint.hiddenWidth),
        ].compactMap { $0 }
    }
}
