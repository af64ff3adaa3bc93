// ERNIE 4.5 with experts. Reference: transformers modeling_ernie4_5_moe.py.
//
// | config key | meaning | tensors |
// | --- | --- | --- |
// | num_key_value_heads (4), rope_theta (500,000), rms_norm_eps (1e-5) | defaults | |
// | tie_word_embeddings (true) | - | |
// | use_bias (false) | biases in attention, dense and shared MLPs, and on the head | lm_head.bias |
// | moe_num_experts (64), moe_k (6), moe_intermediate_size (1536) | experts | mlp.experts.E |
// | moe_num_shared_experts (2) | one MLP of as many widths | mlp.shared_experts |
// | moe_norm_min (1e-12) | what weights are divided by at least | |
// | moe_layer_start_index (1), moe_layer_end_index (-1: the last) | layers with experts | |
//
// Softmax over all experts; mlp.moe_statics.e_score_correction_bias, [1, experts], is added where
// experts are chosen alone. Features 2i and 2i + 1 of a head are rotated together. Tensors called
// `mtp_` (num_nextn_predict_layers) predict further tokens and are left out.

import Checkpoint
import JSON

/// ERNIE 4.5 with experts after modeling_ernie4_5_moe.py.
struct Ernie45Moe: Architecture {
    let modelType = "ernie4_5_moe"
    let className = "Ernie4_5_MoeForCausalLM"
    let reference = "transformers/models/ernie4_5_moe/modeling_ernie4_5_moe.py"
    let summary = "ERNIE 4.5 with experts in a row of its layers, beside shared ones"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let family = try LlamaFamily(
            config, root: root,
            FamilyDefaults(
                keyValueHeads: 4, epsilon: 1e-5, ropeBase: 500_000, tied: true,
                contextLength: 131_072, pairing: .neighbours))
        try refuseOthers(config)
        let bias = try config.flag("use_bias", default: false)
        let first = try config.index("moe_layer_start_index", default: 1)
        let last = try config.integerIfPresent("moe_layer_end_index", in: -1...(1 << 24)) ?? -1
        let routes = first...max(first, last == -1 ? family.layerCount - 1 : last)
        let hasRouted = last == -1 ? first < family.layerCount : first <= last
        let routed = try experts(family, bias: bias)
        var model = try family.model(
            (0..<family.layerCount).map { index in
                let name = family.prefix(index) + "mlp."
                return family.layer(
                    index,
                    mixer: .attention(family.attention(index, bias: bias, outputBias: bias)),
                    feedForward: hasRouted && routes.contains(index)
                        ? .experts(routed(name)) : .mlp(family.gated(name, bias: bias)))
            })
        if bias { model.headBias = "lm_head.bias" }
        let further = try config.index("num_nextn_predict_layers", default: 1)
        if further > 0 { model.leftOut = [root + "mtp_"] }
        return model
    }

    private func experts(
        _ family: LlamaFamily, bias: Bool
    ) throws -> (String) -> ExpertsBlueprint {
        let config = family.config
        let count = try config.expertCount(
            anyOf: ["moe_num_experts", "num_experts"], default: 64, layers: family.layerCount)
        let perToken = try config.count(
            config.has("moe_k") ? "moe_k" : "num_experts_per_tok", default: 6)
        let inner = try config.count("moe_intermediate_size", default: 1536)
        let shared = try config.index("moe_num_shared_experts", default: 2)
        let least = Float(try config.number("moe_norm_min", default: 1e-12))
        return { name in
            var experts = ExpertsBlueprint(
                router: family.projection(name + "gate", outputs: count, inputs: family.hidden),
                experts: (0..<count).map { family.gated(name + "experts.\($0).", inner: inner) },
                expertsPerToken: perToken, renormalised: true)
            experts.routing.correction = name + "moe_statics.e_score_correction_bias"
            experts.routing.correctionShape = [1, count]
            experts.routing.sumMin = least
            if shared > 0 {
                experts.shared = family.gated(
                    name + "shared_experts.", bias: bias, inner: shared * inner)
            }
            return experts
        }
    }

    private func refuseOthers(_ config: ModelConfig) throws {
        guard try config.number("compression_ratio", default: 1) == 1 else {
            throw ModelError.unsupported(
                key: "compression_ratio", found: "another than 1",
                advice: "positions are not compressed")
        }
        guard try config.count("moe_layer_interval", default: 1) == 1 else {
            throw ModelError.unsupported(
                key: "moe_layer_interval", found: "another than 1",
                advice: "experts are expected in all layers of a row")
        }
    }

    func rewrite(
        _ config: inout ModelConfig, kept: [Int], blueprint: ModelBlueprint
    ) throws {
        let routed = kept.indices.filter {
            if case .experts = blueprint.layers[kept[$0]].feedForward { true } else { false }
        }
        let first = routed.first ?? kept.count
        let last = routed.last ?? kept.count - 1
        guard routed.isEmpty || last - first + 1 == routed.count else {
            throw ModelError.layerPattern(kind: "expert", layers: routed)
        }
        try config.keepLayers(kept, of: blueprint.layers.count)
        config.set("moe_layer_start_index", to: first)
        config.set("moe_layer_end_index", to: last)
    }

    func leaveOut(_ config: inout ModelConfig) {
        if config.has("num_nextn_predict_layers") { config.set("num_nextn_predict_layers", to: 0) }
    }
}
