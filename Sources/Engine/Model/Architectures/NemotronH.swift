// Nemotron-H: each layer is a mixer, an MLP or experts alone, behind one norm. Reference:
// transformers modeling_nemotron_h.py.
//
// | config key | meaning |
// | --- | --- |
// | layers_block_type, else layer_types, else hybrid_override_pattern | of each layer: |
// | M, linear_attention, mamba | Mamba-2 |
// | *, full_attention, attention | attention without rotation |
// | -, mlp | up and down, no gate |
// | E, moe | experts of that form, chosen by sigmoids, beside a shared part |
// | mamba_num_heads (128), mamba_head_dim (64), n_groups (8), ssm_state_size (128) | Mamba-2 |
// | conv_kernel (4), use_conv_bias (true), use_bias (false: of its projections) | Mamba-2 |
// | time_step_min (0.001) | steps are at least that long |
// | mamba_d_conv, mamba_n_groups, mamba_conv_bias | old names, which count more |
// | intermediate_size (21504), mlp_hidden_act (relu2), mlp_bias (false) | MLPs and experts |
// | n_routed_experts (8), num_experts_per_tok (2), moe_intermediate_size (7688) | experts |
// | n_group (1), topk_group (1), norm_topk_prob (true), routed_scaling_factor (1) | their router |
// | moe_shared_expert_intermediate_size (7688) | the shared part |
// | layer_norm_epsilon (1e-5) | norms |
//
// The number of layers is that of the list. Names begin with `backbone.`: layers.N.norm,
// layers.N.mixer, embeddings, norm_f. Never tied, whatever config.json says. Tensors that guess
// further tokens (`mtp.`) are left out.

import Checkpoint
import JSON

/// Nemotron-H after modeling_nemotron_h.py.
struct NemotronH: Architecture {
    let modelType = "nemotron_h"
    let className = "NemotronHForCausalLM"
    let reference = "transformers/models/nemotron_h/modeling_nemotron_h.py"
    let summary = "Mamba-2, attention, MLPs and experts, each a layer of its own"

    var roots: [String] { ["backbone.", "model.", ""] }

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let mixers = try config.nemotronLayers()
        var spelled = config
        spelled.set("num_hidden_layers", to: mixers.count)
        spelled.set("tie_word_embeddings", to: JSONValue.bool(false))
        spelled.set(
            "intermediate_size", to: try config.count("intermediate_size", default: 21_504))
        let family = try LlamaFamily(
            spelled, root: root,
            FamilyDefaults(
                keyValueHeads: 8, headWidth: 128, epsilonKey: "layer_norm_epsilon", epsilon: 1e-5,
                activation: .reluSquared, contextLength: 4096, rotates: false),
            activationKey: "mlp_hidden_act")
        let mamba = try Mamba2Config(nemotron: config)
        let bias = try config.flag("mlp_bias", default: false)
        let experts = try self.experts(family, bias: bias)
        _ = try config.index("num_nextn_predict_layers", default: 0)
        func names(_ name: String) -> MLPBlueprint {
            family.plain(name, bias: bias, names: ("up_proj", "down_proj"))
        }
        var model = try family.model(
            mixers.enumerated().map { index, mixer in
                let name = family.prefix(index) + "mixer."
                switch mixer {
                case .attention: return layer(family, index, .attention(attention(family, name)))
                case .experts: return layer(family, index, .absent, .experts(experts(name)))
                case .perceptron: return layer(family, index, .absent, .mlp(names(name)))
                default: return layer(family, index, .mamba2(mamba.mixer(family, name)))
                }
            }, finalNorm: "norm_f"
        ).withEmbedding(root + "embeddings.weight")
        model.leftOut = ["mtp."]
        return model
    }

    private func layer(
        _ family: LlamaFamily, _ index: Int, _ mixer: MixerBlueprint,
        _ feedForward: FeedForwardBlueprint = .absent
    ) -> LayerBlueprint {
        let norm = family.norm(family.prefix(index) + "norm")
        let mixes = mixer != .absent
        return LayerBlueprint(
            prefix: family.prefix(index), inputNorm: mixes ? norm : nil, mixer: mixer,
            postMixerNorm: nil, feedForwardNorm: mixes ? nil : norm, feedForward: feedForward,
            postFeedForwardNorm: nil)
    }

    private func attention(_ family: LlamaFamily, _ name: String) -> AttentionBlueprint {
        var attention = family.attention(0, rotates: false)
        attention.query.tensor = name + "q_proj.weight"
        attention.key.tensor = name + "k_proj.weight"
        attention.value.tensor = name + "v_proj.weight"
        attention.output.tensor = name + "o_proj.weight"
        return attention
    }

    /// Experts, by the name they stand under.
    private func experts(
        _ family: LlamaFamily, bias: Bool
    ) throws -> (String) -> ExpertsBlueprint {
        let config = family.config
        if let width = config.value("moe_latent_size") {
            throw ModelError.unsupported(
                key: "moe_latent_size", found: width.shown,
                advice: "experts that read a narrower copy of the stream are not computed")
        }
        let count = try config.expertCount(
            anyOf: ["n_routed_experts", "num_local_experts"], default: 8,
            layers: family.layerCount)
        let perToken = try config.count("num_experts_per_tok", default: 2)
        let inner = try config.count("moe_intermediate_size", default: 7688)
        let shared = try config.count("moe_shared_expert_intermediate_size", default: 7688)
        let groups = ExpertGroups(
            count: try config.count("n_group", default: 1),
            kept: try config.count("topk_group", default: 1))
        guard count % groups.count == 0, groups.kept <= groups.count else {
            throw ModelError.unsupported(
                key: "n_group", found: "\(groups.count)",
                advice: "the \(count) experts must fill the groups evenly")
        }
        let renormalised = try config.flag("norm_topk_prob", default: true)
        let scale = try config.number("routed_scaling_factor", default: 1)
        let names = (up: "up_proj", down: "down_proj")
        return { name in
            var routing = Routing(scores: .sigmoid)
            routing.correction = name + "gate.e_score_correction_bias"
            routing.groups = groups.count > 1 ? groups : nil
            routing.scale = Float(scale)
            routing.sumOffset = 1e-20
            return ExpertsBlueprint(
                router: family.projection(name + "gate", outputs: count, inputs: family.hidden),
                experts: (0..<count).map {
                    family.plain(name + "experts.\($0).", names: names, inner: inner)
                }, expertsPerToken: perToken, renormalised: renormalised, routing: routing,
                shared: family.plain(
                    name + "shared_experts.", bias: bias, names: names, inner: shared))
        }
    }

    func leaveOut(_ config: inout ModelConfig) { config.dropFurtherTokens() }

    func rewrite(
        _ config: inout ModelConfig, kept: [Int], blueprint: ModelBlueprint
    ) throws {
        let mixers = try config.nemotronLayers()
        // Nobody needs it beside the list.
        config.set("num_hidden_layers", to: kept.count)
        for key in ["layers_block_type", "layer_types"] {
            try config.keepEntries(key, kept, of: mixers.count)
        }
        if let pattern = try config.stringIfPresent("hybrid_override_pattern") {
            let letters = Array(pattern)
            if letters.count == mixers.count {
                config.set("hybrid_override_pattern", to: .string(String(kept.map { letters[$0] })))
            } else {
                // It was not in force.
                config.set("hybrid_override_pattern", to: nil as JSONValue?)
            }
        }
        let lists = ["layers_block_type", "layer_types", "hybrid_override_pattern"]
        if lists.allSatisfy({ config.value($0) == nil }) {
            config.set("layers_block_type", to: kept.map { mixers[$0].rawValue })
        }
    }
}

extension ModelConfig {
    /// What each layer is.
    fileprivate func nemotronLayers() throws -> [LayerMixer] {
        let known: Set<LayerMixer> = [.attention, .recurrent, .experts, .perceptron]
        let listed =
            try mixers("layers_block_type", count: nil, known: known)
            ?? mixers("layer_types", count: nil, known: known)
        let pattern = try stringIfPresent("hybrid_override_pattern")
        let mixers =
            try listed
            ?? pattern?.map { letter in
                switch letter {
                case "M": LayerMixer.recurrent
                case "*": .attention
                case "-": .perceptron
                case "E": .experts
                default:
                    throw ModelError.unsupported(
                        key: "hybrid_override_pattern", found: quoted(String(letter)),
                        advice: "known are M, *, - and E")
                }
            } ?? [.recurrent, .experts, .attention, .perceptron]
        guard (1...4096).contains(mixers.count) else {
            throw ModelError.unsupported(
                key: "layers_block_type", found: "\(mixers.count) layers",
                advice: "1 to 4096 are computed")
        }
        return mixers
    }
}

extension Mamba2Config {
    fileprivate init(nemotron config: ModelConfig) throws {
        func count(_ old: String, _ key: String, default value: Int) throws -> Int {
            try config.count(old, default: config.count(key, default: value))
        }
        try config.requireSilu("mamba_hidden_act")
        let bias = try config.flag("use_bias", default: false)
        try self.init(
            heads: config.count("mamba_num_heads", default: 128),
            headWidth: config.count("mamba_head_dim", default: 64),
            groups: count("mamba_n_groups", "n_groups", default: 8),
            stateWidth: config.count("ssm_state_size", default: 128),
            filterWidth: count("mamba_d_conv", "conv_kernel", default: 4), bias: bias,
            convolutionBias: config.flag(
                "mamba_conv_bias", default: config.flag("use_conv_bias", default: true)),
            stepLimits: config.leastStep...Float.infinity)
    }
}

extension ModelConfig {
    fileprivate var leastStep: Float {
        get throws {
            let old = try optionalNumber("mamba_dt_min", default: nil)
            return Float(try old ?? number("time_step_min", default: 0.001))
        }
    }
}
