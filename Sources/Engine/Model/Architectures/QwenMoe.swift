// Qwen2 MoE and Qwen3 MoE. References: transformers modeling_qwen2_moe.py, modeling_qwen3_moe.py.
//
// | config key | Qwen2 MoE | Qwen3 MoE |
// | --- | --- | --- |
// | num_key_value_heads | 16 where absent | 4 |
// | num_experts, num_experts_per_tok | 60, 4 | 128, 8; num_local_experts is the same key |
// | moe_intermediate_size | 1408, of mlp.experts.E.{gate,up,down}_proj | 768 |
// | shared_expert_intermediate_size (5632) | mlp.shared_expert, shared_expert_gate | - |
// | norm_topk_prob (false) | whether the chosen weights are divided by their sum | same |
// | decoder_sparse_step (1), mlp_only_layers | which layers have experts | same |
// | qkv_bias (true) | biases on q, k and v | - |
// | attention_bias (false) | - | biases on q, k, v and o |
// | - | | self_attn.{q,k}_norm: RMS norm over each head before the rotation |
// | use_sliding_window, sliding_window | layer_types; the even layers below | every layer |
// | | max_window_layers where that is absent | |
//
// Layer i has experts iff (i + 1) % decoder_sparse_step == 0 and i is not in mlp_only_layers; the
// others have an MLP of intermediate_size. head_dim is hidden / heads where it is absent.

import Checkpoint
import JSON

/// Qwen2 MoE after modeling_qwen2_moe.py.
struct Qwen2Moe: Architecture {
    let modelType = "qwen2_moe"
    let className = "Qwen2MoeForCausalLM"
    let reference = "transformers/models/qwen2_moe/modeling_qwen2_moe.py"
    let summary = "Qwen2 with a mixture of experts beside a shared one"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let family = try LlamaFamily(
            config, root: root, FamilyDefaults(keyValueHeads: 16, contextLength: 32_768))
        let bias = try config.flag("qkv_bias", default: true)
        let windows = try self.windows(family)
        let routes = try config.routedLayers(of: family.layerCount)
        let routed = try family.softmaxExperts(
            anyOf: ["num_experts"], count: 60, perToken: 4,
            inner: config.count("moe_intermediate_size", default: 1408))
        let shared = try config.count("shared_expert_intermediate_size", default: 5632)
        return try family.model(
            (0..<family.layerCount).map { index in
                let name = family.prefix(index) + "mlp."
                let attention = family.attention(index, bias: bias, window: windows[index])
                guard routes[index] else {
                    return family.layer(
                        index, mixer: .attention(attention), feedForward: .mlp(family.gated(name)))
                }
                var experts = routed(name)
                experts.shared = family.gated(name + "shared_expert.", inner: shared)
                experts.sharedGate = family.projection(
                    name + "shared_expert_gate", outputs: 1, inputs: family.hidden)
                return family.layer(
                    index, mixer: .attention(attention), feedForward: .experts(experts))
            })
    }

    private func windows(_ family: LlamaFamily) throws -> [Int?] {
        let config = family.config
        let types = try family.slidingLayers()
        guard try config.flag("use_sliding_window", default: false),
            !config.isNull("sliding_window")
        else { return try family.windows(nil, of: types) }
        let first = try config.index("max_window_layers", default: 28)
        return try family.windows(
            config.count("sliding_window", default: 4096),
            of: types ?? (0..<family.layerCount).map { $0 % 2 == 0 && $0 < first })
    }

    func rewrite(
        _ config: inout ModelConfig, kept: [Int], blueprint: ModelBlueprint
    ) throws {
        try config.keepRoutedLayers(kept, of: blueprint.layers.count)
        // Always explicit: transformers would derive a fresh alternation, silently wrong.
        let sliding = kept.map { blueprint.layers[$0].slides }
        if sliding.contains(true) { config.setLayerTypes(sliding) }
    }
}

/// Qwen3 MoE after modeling_qwen3_moe.py.
struct Qwen3Moe: Architecture {
    let modelType = "qwen3_moe"
    let className = "Qwen3MoeForCausalLM"
    let reference = "transformers/models/qwen3_moe/modeling_qwen3_moe.py"
    let summary = "Qwen3 with a mixture of experts"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let family = try LlamaFamily(
            config, root: root, FamilyDefaults(keyValueHeads: 4, contextLength: 32_768))
        let bias = try config.flag("attention_bias", default: false)
        let slides = try config.flag("use_sliding_window", default: false)
        let window: Int? =
            slides && !config.isNull("sliding_window")
            ? try config.count("sliding_window", default: 4096) : nil
        let routes = try config.routedLayers(of: family.layerCount)
        let routed = try family.softmaxExperts(
            anyOf: ["num_experts", "num_local_experts"], count: 128, perToken: 8,
            inner: config.count("moe_intermediate_size", default: 768))
        return try family.model(
            (0..<family.layerCount).map { index in
                let name = family.prefix(index)
                var attention = family.attention(
                    index, bias: bias, outputBias: bias, window: window)
                attention.queryNorm = family.norm(
                    name + "self_attn.q_norm", width: family.headWidth)
                attention.keyNorm = family.norm(
                    name + "self_attn.k_norm", width: family.headWidth)
                return family.layer(
                    index, mixer: .attention(attention),
                    feedForward: routes[index]
                        ? .experts(routed(name + "mlp.")) : .mlp(family.gated(name + "mlp.")))
            })
    }

    func rewrite(
        _ config: inout ModelConfig, kept: [Int], blueprint: ModelBlueprint
    ) throws {
        try config.keepRoutedLayers(kept, of: blueprint.layers.count)
    }
}

extension LlamaFamily {
    /// Routers whose softmax is over all experts, and the experts, by the name they stand under
    /// (`mlp.`): as many are chosen as `num_experts_per_tok` says, their weights divided by their
    /// sum where `norm_topk_prob` says so.
    ///
    /// - Parameters:
    ///   - keys: names of the number of experts, and `count` where they are absent.
    ///   - inner: width of an expert; nil: `intermediate_size`.
    ///   - renormalised: where `norm_topk_prob` is absent.
    func softmaxExperts(
        anyOf keys: [String], count: Int, perToken: Int, inner: Int? = nil,
        renormalised: Bool = false
    ) throws -> (String) -> ExpertsBlueprint {
        let experts = try config.expertCount(anyOf: keys, default: count, layers: layerCount)
        let perToken = try config.count("num_experts_per_tok", default: perToken)
        let renormalised = try config.flag("norm_topk_prob", default: renormalised)
        return { name in
            ExpertsBlueprint(
                router: projection(name + "gate", outputs: experts, inputs: hidden),
                experts: (0..<experts).map { gated(name + "experts.\($0).", inner: inner) },
                expertsPerToken: perToken, renormalised: renormalised)
        }
    }
}

extension ModelConfig {
    /// Whether each layer has experts.
    func routedLayers(of layers: Int) throws -> [Bool] {
        let step = try count("decoder_sparse_step", default: 1)
        let dense = Set(try integers("mlp_only_layers") ?? [])
        return (0..<layers).map { ($0 + 1) % step == 0 && !dense.contains($0) }
    }

    /// The dense layers by name, where a step or a list says that there are any.
    fileprivate mutating func keepRoutedLayers(_ kept: [Int], of layers: Int) throws {
        let routes = try routedLayers(of: layers)
        try keepLayers(kept, of: layers)
        try keepWindowStart(kept)
        setRoutedLayers(kept, of: routes)
    }

    /// - Parameter routes: whether each layer of the original has experts.
    mutating func setRoutedLayers(_ kept: [Int], of routes: [Bool]) {
        guard routes.contains(false) else { return }
        set("decoder_sparse_step", to: 1)
        set(
            "mlp_only_layers",
            to: .array(kept.indices.filter { !routes[kept[$0]] }.map(JSONValue.integer)))
    }
}
