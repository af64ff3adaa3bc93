// gpt-oss, with its weights as numbers (not as MXFP4 blocks). Reference: transformers
// modeling_gpt_oss.py.
//
// | config key | tensors |
// | --- | --- |
// | attention_bias (true) | biases of self_attn.{q,k,v,o}_proj |
// | - | self_attn.sinks [heads]: a logit more for each head, whose probability is dropped |
// | layer_types, else every other from the first | layers with sliding_window (128) |
// | num_local_experts (128), num_experts_per_tok (4) | mlp.router.{weight, bias} |
// | intermediate_size (2880) | mlp.experts.gate_up_proj [experts, hidden, 2 * inner] and ..._bias |
// | | mlp.experts.down_proj [experts, inner, hidden] and ..._bias [experts, hidden] |
// | swiglu_alpha (1.702), swiglu_limit (7) | others refused |
// | rope_*, else yarn with factor 32 of 4096 | base 150,000; `truncate` false |
//
// Even columns of gate_up_proj are gates, odd ones ups. The softmax is over the chosen experts,
// which is the softmax over all, renormalised.

import Checkpoint
import JSON

/// gpt-oss after modeling_gpt_oss.py.
struct GptOss: Architecture {
    let modelType = "gpt_oss"
    let className = "GptOssForCausalLM"
    let reference = "transformers/models/gpt_oss/modeling_gpt_oss.py"
    let summary = "attention sinks, alternating windows, fused experts with biases"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        try refuse(config)
        let family = try LlamaFamily(
            rotating(config), root: root,
            FamilyDefaults(
                keyValueHeads: 8, headWidth: 64, epsilon: 1e-5, ropeBase: 150_000,
                contextLength: 131_072))
        let sliding =
            try family.slidingLayers() ?? (0..<family.layerCount).map { $0 % 2 == 0 }
        let windows = try family.windows(
            config.isNull("sliding_window")
                ? nil : config.count("sliding_window", default: 128), of: sliding)
        let bias = try config.flag("attention_bias", default: true)
        let experts = try config.expertCount(
            anyOf: ["num_local_experts", "num_experts"], default: 128, layers: family.layerCount)
        let perToken = try config.count("num_experts_per_tok", default: 4)
        return try family.model(
            (0..<family.layerCount).map { index in
                let name = family.prefix(index) + "mlp."
                var attention = family.attention(
                    index, bias: bias, outputBias: bias, window: windows[index])
                attention.sinks = family.prefix(index) + "self_attn.sinks"
                return family.layer(
                    index, mixer: .attention(attention),
                    feedForward: .experts(
                        ExpertsBlueprint(
                            router: family.projection(
                                name + "router", outputs: experts, inputs: family.hidden,
                                bias: true),
                            experts: (0..<experts).map {
                                expert($0, of: experts, name + "experts.", family)
                            },
                            expertsPerToken: perToken, renormalised: true)))
            })
    }

    private func expert(
        _ index: Int, of count: Int, _ name: String, _ family: LlamaFamily
    ) -> MLPBlueprint {
        /// Columns `start`, `start` + `step`, ... of the expert's matrix [inputs, columns].
        func projection(
            _ tensor: String, columns: Int, start: Int = 0, step: Int = 1, inputs: Int
        ) -> ProjectionBlueprint {
            // The bias is stored [experts, columns]: the same expert's, the same columns.
            var result = ProjectionBlueprint(
                name + tensor, outputs: columns / step, inputs: inputs,
                bias: name + tensor + "_bias")
            result.totalRows = columns
            result.shape = [count, inputs, columns]
            result.form = .expertColumns(expert: index, start: start, step: step)
            return result
        }
        let both = 2 * family.inner
        return MLPBlueprint(
            gate: projection("gate_up_proj", columns: both, step: 2, inputs: family.hidden),
            up: projection(
                "gate_up_proj", columns: both, start: 1, step: 2, inputs: family.hidden),
            down: projection("down_proj", columns: family.hidden, inputs: family.inner),
            activation: .clampedSwish)
    }

    /// With the rotation that the reference takes where config.json has none.
    private func rotating(_ config: ModelConfig) throws -> ModelConfig {
        let given = try ["rope_scaling", "rope_parameters"].compactMap { try config.section($0) }
        guard given.allSatisfy({ $0.object.isEmpty }) else { return config }
        var result = config
        result.set(
            "rope_parameters",
            to: [
                "rope_type": "yarn", "factor": 32.0, "beta_fast": 32.0, "beta_slow": 1.0,
                "truncate": false, "original_max_position_embeddings": 4096,
            ])
        return result
    }

    private func refuse(_ config: ModelConfig) throws {
        for (key, known) in [("swiglu_alpha", 1.702), ("swiglu_limit", 7)] {
            let found = try config.number(key, default: known)
            guard found == known else {
                throw ModelError.unsupported(
                    key: key, found: "\(found)", advice: "gpt-oss has \(known)")
            }
        }
    }

    func rewrite(
        _ config: inout ModelConfig, kept: [Int], blueprint: ModelBlueprint
    ) throws {
        try config.keepLayers(kept, of: blueprint.layers.count)
        // Always explicit: transformers would derive a fresh alternation, silently wrong.
        config.setLayerTypes(kept.map { blueprint.layers[$0].slides })
    }

    // llama.cpp: src/llama-model.cpp (set_swa_pattern); vLLM: models/gpt_oss.py (layer_idx % 2).
    private static let roles = RolesByNumber(
        programs: "llama.cpp and vLLM", others: "transformers and SGLang", period: 2, sliding: 1)

    var loaderPeriod: LoaderPeriod? { LoaderPeriod(layers: 2, isDefault: true) }

    func caveats(kept: [Int], mlpWidth: Int?, blueprint: ModelBlueprint) -> [String] {
        [Self.roles.caveat(kept: kept, of: blueprint)].compactMap { $0 }
    }
}
