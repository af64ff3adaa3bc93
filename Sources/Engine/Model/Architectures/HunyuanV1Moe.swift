// Hunyuan with experts. Reference: transformers modeling_hunyuan_v1_moe.py.
//
// | config key | meaning | tensors |
// | --- | --- | --- |
// | attention_bias (false), rope_scaling.alpha | as in HunyuanV1Dense.swift | |
// | num_experts (1), moe_topk (1) | every layer | mlp.gate.wg, mlp.experts.E |
// | moe_intermediate_size | width of an expert; absent: intermediate_size | |
// | intermediate_size | width of the shared MLP | mlp.shared_mlp |
//
// Softmax over all experts, the chosen weights divided by their sum. moe_topk, num_experts,
// moe_intermediate_size and num_shared_expert may be lists with an entry for each layer: all equal
// here. transformers reads neither of the last two, and takes intermediate_size for all widths.

import Checkpoint
import JSON

/// Hunyuan with experts after modeling_hunyuan_v1_moe.py.
struct HunyuanV1Moe: Architecture {
    let modelType = "hunyuan_v1_moe"
    let className = "HunYuanMoEV1ForCausalLM"
    let reference = "transformers/models/hunyuan_v1_moe/modeling_hunyuan_v1_moe.py"
    let summary = "Hunyuan with experts in every layer, beside a shared one"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        var config = config
        for key in Self.lists { try config.mergeEqualEntries(key) }
        let family = try LlamaFamily(config, root: root, FamilyDefaults(epsilon: 1e-5))
        try refuseOthers(family)
        let count = try config.expertCount(
            anyOf: ["num_experts", "num_local_experts"], default: 1, layers: family.layerCount)
        let perToken = try config.count(
            config.has("moe_topk") ? "moe_topk" : "num_experts_per_tok", default: 1)
        let inner = try config.count("moe_intermediate_size", default: family.inner)
        let attention = try HunyuanV1Dense().attention(family)
        return try family.model(
            (0..<family.layerCount).map { index in
                let name = family.prefix(index) + "mlp."
                var experts = ExpertsBlueprint(
                    router: family.projection(
                        name + "gate.wg", outputs: count, inputs: family.hidden),
                    experts: (0..<count).map {
                        family.gated(name + "experts.\($0).", inner: inner)
                    },
                    expertsPerToken: perToken, renormalised: true)
                experts.shared = family.gated(name + "shared_mlp.")
                return family.layer(
                    index, mixer: .attention(attention(index)), feedForward: .experts(experts))
            })
    }

    private static let lists = [
        "num_experts", "moe_topk", "moe_intermediate_size", "num_shared_expert",
    ]

    /// Keys of the published code that transformers does not read.
    private func refuseOthers(_ family: LlamaFamily) throws {
        let config = family.config
        let numbers = [("num_shared_expert", 1), ("moe_layer_num_skipped", 0)]
        for (key, computed) in numbers {
            let found = try config.index(key, default: computed)
            guard found != computed else { continue }
            throw ModelError.unsupported(
                key: key, found: "\(found)",
                advice: "transformers computes these models with \(computed) only")
        }
        for (key, computed) in [("norm_topk_prob", true), ("group_limited_greedy", false)] {
            guard try config.flag(key, default: computed) != computed else { continue }
            throw ModelError.unsupported(
                key: key, found: "\(!computed)",
                advice: "transformers computes these models with \(computed) only")
        }
    }

    func rewrite(
        _ config: inout ModelConfig, kept: [Int], blueprint: ModelBlueprint
    ) throws {
        try config.keepLayers(kept, of: blueprint.layers.count)
        try config.keepEqualEntries(Self.lists, kept.count)
    }
}

extension ModelConfig {
    /// A list with one and the same number for each layer becomes that number.
    fileprivate mutating func mergeEqualEntries(_ key: String) throws {
        guard case .array = value(key), let entries = try integers(key), let first = entries.first
        else { return }
        guard entries.allSatisfy({ $0 == first }) else {
            throw ModelError.unsupported(
                key: key, found: "layers that differ", advice: "one number for all is expected")
        }
        set(key, to: first)
    }
}
