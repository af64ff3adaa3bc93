// Mixtral. Reference: transformers modeling_mixtral.py.
//
// | config key | tensors |
// | --- | --- |
// | num_local_experts (8), num_experts_per_tok (2) | block_sparse_moe.gate |
// | intermediate_size | block_sparse_moe.experts.E.{w1 gate, w2 down, w3 up} |
//
// The router's softmax is over all experts; the chosen weights are divided by their sum.

import Checkpoint

/// Mixtral after modeling_mixtral.py.
struct Mixtral: Architecture {
    let modelType = "mixtral"
    let className = "MixtralForCausalLM"
    let reference = "transformers/models/mixtral/modeling_mixtral.py"
    let summary = "Mistral with a mixture of experts in every layer"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let family = try LlamaFamily(
            config, root: root,
            FamilyDefaults(
                keyValueHeads: 8, epsilon: 1e-5, ropeBase: 1e6, contextLength: 131_072,
                readOtherwise: [.rotation]))
        let window =
            !config.has("sliding_window") || config.isNull("sliding_window")
            ? nil : try config.count("sliding_window")
        let experts = try config.expertCount(
            anyOf: ["num_local_experts", "num_experts"], default: 8, layers: family.layerCount)
        let perToken = try config.count("num_experts_per_tok", default: 2)
        return try family.model(
            (0..<family.layerCount).map { index in
                let name = family.prefix(index) + "block_sparse_moe."
                return family.layer(
                    index, mixer: .attention(family.attention(index, window: window)),
                    feedForward: .experts(
                        ExpertsBlueprint(
                            router: family.projection(
                                name + "gate", outputs: experts, inputs: family.hidden),
                            experts: (0..<experts).map {
                                family.gated(
                                    name + "experts.\($0).", names: ("w1", "w3", "w2"))
                            },
                            expertsPerToken: perToken, renormalised: true)))
            })
    }
}
