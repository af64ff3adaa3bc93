// Jamba: Mamba-1 mixers with attention now and then, experts in every other layer. Reference:
// transformers modeling_jamba.py.
//
// | config key | meaning |
// | --- | --- |
// | attn_layer_period (8), attn_layer_offset (4) | layer i attends iff i % period == offset |
// | expert_layer_period (2), expert_layer_offset (1) | layer i has experts likewise |
// | num_experts (16), num_experts_per_tok (2) | feed_forward.router, feed_forward.experts.E |
// | mamba_expand (2), mamba_d_state (16), mamba_d_conv (4), mamba_dt_rank (auto) | mamba.* |
// | mamba_conv_bias (true), mamba_proj_bias (false) | biases |
//
// No rotary positions; the chosen experts' weights are not renormalised; norms are called
// input_layernorm, pre_ff_layernorm and model.final_layernorm. Which layer is of which kind is
// told by periods and offsets alone, so a layer subset must have such a pattern.

import Checkpoint

/// Jamba after modeling_jamba.py: attention and experts by period and offset, Mamba-1 elsewhere.
struct Jamba: Architecture {
    let modelType = "jamba"
    let className = "JambaForCausalLM"
    let reference = "transformers/models/jamba/modeling_jamba.py"
    let summary = "Mamba mixers with attention in every 8th layer, experts in every 2nd"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let family = try LlamaFamily(
            config, root: root,
            FamilyDefaults(keyValueHeads: 8, contextLength: 262_144, rotates: false))
        let attentionPattern = try LayerPattern(
            config, period: "attn_layer_period", offset: "attn_layer_offset", default: (8, 4))
        let expertPattern = try LayerPattern(
            config, period: "expert_layer_period", offset: "expert_layer_offset", default: (2, 1))
        let experts = try config.expertCount(
            anyOf: ["num_experts", "num_local_experts"], default: 16, layers: family.layerCount)
        let perToken = try config.count("num_experts_per_tok", default: 2)
        return try family.model(
            (0..<family.layerCount).map { index in
                let prefix = family.prefix(index)
                let mixer: MixerBlueprint
                if attentionPattern.holds(index) {
                    var attention = family.attention(index)
                    attention.rotary = nil
                    mixer = .attention(attention)
                } else {
                    mixer = .mamba(try mamba(family, prefix + "mamba."))
                }
                let name = prefix + "feed_forward."
                // One expert is a plain MLP in the reference, whatever the pattern says.
                let feedForward: FeedForwardBlueprint =
                    expertPattern.holds(index) && experts > 1
                    ? .experts(
                        ExpertsBlueprint(
                            router: family.projection(
                                name + "router", outputs: experts, inputs: family.hidden),
                            experts: (0..<experts).map { family.gated(name + "experts.\($0).") },
                            expertsPerToken: perToken, renormalised: false))
                    : .mlp(family.gated(name))
                return family.layer(
                    index, mixer: mixer, feedForward: feedForward,
                    feedForwardNorm: "pre_ff_layernorm")
            }, finalNorm: "final_layernorm")
    }

    private func mamba(_ family: LlamaFamily, _ name: String) throws -> MambaBlueprint {
        let config = family.config
        let inner = try config.count("mamba_expand", default: 2) * family.hidden
        let states = try config.count("mamba_d_state", default: 16)
        let rank =
            config.isWord("mamba_dt_rank", "auto") || !config.has("mamba_dt_rank")
            ? (family.hidden + 15) / 16 : try config.count("mamba_dt_rank")
        let width = try config.count("mamba_d_conv", default: 4)
        let bias = try config.flag("mamba_proj_bias", default: false)
        let convolutionBias = try config.flag("mamba_conv_bias", default: true)
        return MambaBlueprint(
            innerWidth: inner, stateWidth: states, timeStepRank: rank, convolutionWidth: width,
            input: family.projection(
                name + "in_proj", outputs: 2 * inner, inputs: family.hidden, bias: bias),
            convolutionWeight: name + "conv1d.weight",
            convolutionBias: convolutionBias ? name + "conv1d.bias" : nil,
            parameters: family.projection(
                name + "x_proj", outputs: rank + 2 * states, inputs: inner),
            timeStep: family.projection(name + "dt_proj", outputs: inner, inputs: rank, bias: true),
            decayLog: name + "A_log", skip: name + "D",
            output: family.projection(
                name + "out_proj", outputs: family.hidden, inputs: inner, bias: bias),
            timeStepNorm: family.norm(name + "dt_layernorm", width: rank),
            inputNorm: family.norm(name + "b_layernorm", width: states),
            outputNorm: family.norm(name + "c_layernorm", width: states))
    }

    func rewrite(
        _ config: inout ModelConfig, kept: [Int], blueprint: ModelBlueprint
    ) throws {
        let layers = kept.map { blueprint.layers[$0] }
        let attends = layers.map { if case .attention = $0.mixer { true } else { false } }
        let routes = layers.map { if case .experts = $0.feedForward { true } else { false } }
        guard let attention = LayerPattern(fitting: attends) else {
            throw ModelError.layerPattern(kind: "attention", layers: attends.trueIndices)
        }
        guard let expert = LayerPattern(fitting: routes) else {
            throw ModelError.layerPattern(kind: "expert", layers: routes.trueIndices)
        }
        try config.keepLayers(kept, of: blueprint.layers.count)
        config.set("attn_layer_period", to: attention.period)
        config.set("attn_layer_offset", to: attention.offset)
        config.set("expert_layer_period", to: expert.period)
        config.set("expert_layer_offset", to: expert.offset)
    }
}

extension Jamba {
    func patterns(of blueprint: ModelBlueprint) -> (any LayerPatterns)? {
        JambaPatterns(blueprint)
    }
}

extension [Bool] {
    fileprivate var trueIndices: [Int] { indices.filter { self[$0] } }
}
