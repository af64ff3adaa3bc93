// MiniMax M2. Reference: transformers modeling_minimax_m2.py.
//
// | config key | meaning | tensors |
// | --- | --- | --- |
// | num_key_value_heads (8), head_dim (128), rope_theta (5,000,000) | defaults | |
// | rotary_dim, or partial_rotary_factor | part of a head that rotates | |
// | - | RMS norm over all heads jointly, before the rotation | self_attn.{q,k}_norm |
// | num_local_experts (256), num_experts_per_tok (8) | every layer | block_sparse_moe.gate |
// | intermediate_size | width of an expert | block_sparse_moe.experts.E.{w1,w3,w2} |
//
// Scores are sigmoids; block_sparse_moe.e_score_correction_bias is added where experts are chosen
// alone; the chosen scores are divided by their sum.

import Checkpoint
import JSON

/// MiniMax M2 after modeling_minimax_m2.py.
struct MinimaxM2: Architecture {
    let modelType = "minimax_m2"
    let className = "MiniMaxM2ForCausalLM"
    let reference = "transformers/models/minimax_m2/modeling_minimax_m2.py"
    let summary = "experts by sigmoid scores in every layer, norms over all queries and keys"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        try refuseOthers(config)
        let head = try config.count("head_dim", default: 128)
        let rotated = try config.count("rotary_dim", default: head)
        let family = try LlamaFamily(
            config, root: root,
            FamilyDefaults(
                keyValueHeads: 8, headWidth: 128, ropeBase: 5_000_000, contextLength: 196_608,
                rotatesPart: true, partialRotary: Double(rotated) / Double(head)))
        let count = try config.expertCount(
            anyOf: ["num_local_experts", "num_experts"], default: 256, layers: family.layerCount)
        let perToken = try config.count("num_experts_per_tok", default: 8)
        return try family.model(
            (0..<family.layerCount).map { index in
                let prefix = family.prefix(index)
                let name = prefix + "block_sparse_moe."
                var attention = family.attention(index)
                attention.queryNorm = family.norm(
                    prefix + "self_attn.q_norm", width: family.heads * family.headWidth)
                attention.keyNorm = family.norm(
                    prefix + "self_attn.k_norm", width: family.keyValueHeads * family.headWidth)
                var experts = ExpertsBlueprint(
                    router: family.projection(
                        name + "gate", outputs: count, inputs: family.hidden),
                    experts: (0..<count).map {
                        family.gated(name + "experts.\($0).", names: ("w1", "w3", "w2"))
                    },
                    expertsPerToken: perToken, renormalised: true)
                experts.routing.scores = .sigmoid
                experts.routing.correction = name + "e_score_correction_bias"
                return family.layer(
                    index, mixer: .attention(attention), feedForward: .experts(experts))
            })
    }

    /// Keys of the published code that transformers does not read.
    private func refuseOthers(_ config: ModelConfig) throws {
        for (key, computed) in [("scoring_func", "sigmoid"), ("qk_norm_type", "per_layer")] {
            let found = try config.string(key, default: computed)
            guard found != computed else { continue }
            throw ModelError.unsupported(
                key: key, found: quoted(found), advice: "known is \(computed)")
        }
        for key in ["use_qk_norm", "use_routing_bias"] where try !config.flag(key, default: true) {
            throw ModelError.unsupported(
                key: key, found: "false", advice: "these models are computed with it only")
        }
        guard try config.index("shared_intermediate_size", default: 0) == 0 else {
            throw ModelError.unsupported(
                key: "shared_intermediate_size", found: "another than 0",
                advice: "experts are computed without a shared one")
        }
        guard try config.integers(Self.kinds)?.allSatisfy({ $0 == 1 }) ?? true else {
            throw ModelError.unsupported(
                key: Self.kinds, found: "layers without full attention",
                advice: "attention is computed in all layers")
        }
    }

    private static let kinds = "attn_type_list"

    func rewrite(
        _ config: inout ModelConfig, kept: [Int], blueprint: ModelBlueprint
    ) throws {
        try config.keepLayers(kept, of: blueprint.layers.count)
        try config.keepEqualEntries([Self.kinds], kept.count)
    }
}

extension ModelConfig {
    /// Lists with one and the same number for each layer.
    mutating func keepEqualEntries(_ keys: [String], _ count: Int) throws {
        for key in keys {
            guard case .array = value(key), let first = try integers(key)?.first else { continue }
            set(key, to: .array([JSONValue](repeating: .integer(first), count: count)))
        }
    }
}
