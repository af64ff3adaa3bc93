// What models after DeepSeek V3 share: its router, dense layers before those with experts, layers
// that predict further tokens. Reference: transformers modeling_deepseek_v3.py.
//
// | config key | meaning | tensors |
// | --- | --- | --- |
// | n_routed_experts (num_local_experts) | experts | mlp.gate, mlp.experts.E |
// | num_experts_per_tok, moe_intermediate_size | of them | |
// | n_shared_experts | one MLP of as many widths that sees all tokens | mlp.shared_experts |
// | n_group, topk_group | experts come from the best groups | |
// | norm_topk_prob (true), routed_scaling_factor | weights of the chosen experts | |
// | first_k_dense_replace | layers before it have an MLP of intermediate_size | |
// | num_nextn_predict_layers (1) | layers behind those of the model | model.layers.L |
//
// Scores are sigmoids; mlp.gate.e_score_correction_bias is added where experts are chosen alone.
// Layers that predict further tokens make nothing of the model's own output: they are left out.

import Checkpoint
import JSON

/// Values a family assumes where config.json is silent.
struct GroupedDefaults {
    var experts: Int
    var perToken: Int
    var inner: Int
    var groups: ExpertGroups
    var scale: Double
}

extension LlamaFamily {
    /// The router and the experts by the name they stand under (`mlp.`).
    func groupedExperts(_ defaults: GroupedDefaults) throws -> (String) -> ExpertsBlueprint {
        try config.refuseOtherRouters()
        let count = try config.expertCount(
            anyOf: ["n_routed_experts", "num_local_experts"], default: defaults.experts,
            layers: layerCount)
        let groups = ExpertGroups(
            count: try config.count("n_group", default: defaults.groups.count),
            kept: try config.count("topk_group", default: defaults.groups.kept))
        let perToken = try config.count("num_experts_per_tok", default: defaults.perToken)
        let size = count / groups.count
        guard count % groups.count == 0, size >= 2, groups.kept <= groups.count,
            perToken <= groups.kept * size
        else {
            throw ModelError.unsupported(
                key: "n_group", found: "\(groups.count) of \(count) experts, \(groups.kept) kept",
                advice: "groups are of the same size, two experts at least, and those kept hold "
                    + "the \(perToken) of `num_experts_per_tok`")
        }
        let renormalised = try config.flag("norm_topk_prob", default: true)
        var routing = Routing()
        routing.scores = .sigmoid
        routing.groups = groups.count == 1 ? nil : groups
        routing.scale = Float(try config.number("routed_scaling_factor", default: defaults.scale))
        routing.sumOffset = 1e-20
        let inner = try config.count("moe_intermediate_size", default: defaults.inner)
        let shared = try config.count("n_shared_experts", default: 1)
        return { [routing] name in
            var experts = ExpertsBlueprint(
                router: projection(name + "gate", outputs: count, inputs: hidden),
                experts: (0..<count).map { gated(name + "experts.\($0).", inner: inner) },
                expertsPerToken: perToken, renormalised: renormalised)
            experts.routing = routing
            experts.routing.correction = name + "gate.e_score_correction_bias"
            experts.shared = gated(name + "shared_experts.", inner: shared * inner)
            return experts
        }
    }

    /// What the tensors of layers begin with that predict further tokens.
    func furtherLayers() throws -> [String] {
        let key = config.has("num_mtp_layers") ? "num_mtp_layers" : Self.furtherKey
        let count = try config.index(key, default: 1)
        // The published models have one; more than layers of their own is no number to count to.
        return (layerCount..<layerCount + min(count, layerCount)).map(prefix)
    }

    fileprivate static let furtherKey = "num_nextn_predict_layers"
}

extension ModelConfig {
    /// Keys of the published code that transformers does not read.
    fileprivate func refuseOtherRouters() throws {
        for (key, computed) in [("scoring_func", "sigmoid"), ("topk_method", "noaux_tc")] {
            let found = try string(key, default: computed)
            guard found != computed else { continue }
            throw ModelError.unsupported(
                key: key, found: quoted(found), advice: "known is \(computed)")
        }
        guard try count("moe_layer_freq", default: 1) == 1 else {
            throw ModelError.unsupported(
                key: "moe_layer_freq", found: "another than 1",
                advice: "all layers behind `first_k_dense_replace` have experts")
        }
    }

    /// Dense layers can only be the first ones.
    mutating func keepDenseFirst(_ kept: [Int], of blueprint: ModelBlueprint) throws {
        let routes = kept.map { blueprint.layers[$0].routes }
        let dense = routes.prefix { !$0 }.count
        guard !routes.dropFirst(dense).contains(false) else {
            throw ModelError.layerPattern(
                kind: "dense", layers: routes.indices.filter { !routes[$0] })
        }
        try keepLayers(kept, of: blueprint.layers.count)
        set("first_k_dense_replace", to: dense)
    }

    /// Says that no layers predict further tokens.
    mutating func dropFurtherLayers() {
        set(LlamaFamily.furtherKey, to: 0)
        if has("num_mtp_layers") { set("num_mtp_layers", to: 0) }
    }
}

extension LayerBlueprint {
    fileprivate var routes: Bool { if case .experts = feedForward { true } else { false } }
}
