// Granite and GraniteMoe. References: transformers modeling_granite.py, modeling_granitemoe.py.
//
// | config key, 1 where absent | meaning |
// | --- | --- |
// | embedding_multiplier | the embeddings are multiplied with it |
// | attention_multiplier | so are the scores, and by nothing else (no 1/sqrt(head width)) |
// | residual_multiplier | so is what each branch adds to the stream |
// | logits_scaling | the logits are divided by it |
//
// | config key | meaning |
// | --- | --- |
// | attention_bias (false) | biases on q, k, v and o |
// | mlp_bias (false) | biases on gate, up and down; Granite only |
// | num_local_experts (8), num_experts_per_tok (2) | GraniteMoe |
//
// | tensor of GraniteMoe, in block_sparse_moe | shape |
// | --- | --- |
// | router.layer | [experts, hidden]; the softmax is over the chosen experts |
// | input_linear | [experts, 2 * inner, hidden]: of each expert gates, then ups |
// | output_linear | [experts, hidden, inner] |

import Checkpoint

/// Granite after modeling_granite.py.
struct Granite: Architecture {
    let modelType = "granite"
    let className = "GraniteForCausalLM"
    let reference = "transformers/models/granite/modeling_granite.py"
    let summary = "Llama with multipliers on embeddings, scores, branches and logits"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let family = try LlamaFamily(config, root: root)
        let multipliers = try Multipliers(config)
        let attentionBias = try config.flag("attention_bias", default: false)
        let mlpBias = try config.flag("mlp_bias", default: false)
        return multipliers.applied(
            to: try family.model(
                (0..<family.layerCount).map { index in
                    family.layer(
                        index,
                        mixer: .attention(
                            family.attention(
                                index, bias: attentionBias, outputBias: attentionBias)),
                        feedForward: .mlp(
                            family.gated(family.prefix(index) + "mlp.", bias: mlpBias)))
                }))
    }
}

/// GraniteMoe after modeling_granitemoe.py.
struct Granitemoe: Architecture {
    let modelType = "granitemoe"
    let className = "GraniteMoeForCausalLM"
    let reference = "transformers/models/granitemoe/modeling_granitemoe.py"
    let summary = "Granite with a mixture of experts in every layer, each fused into two tensors"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let family = try LlamaFamily(config, root: root)
        let multipliers = try Multipliers(config)
        let bias = try config.flag("attention_bias", default: false)
        let experts = try config.expertCount(
            anyOf: ["num_local_experts"], default: 8, layers: family.layerCount)
        let perToken = try config.count("num_experts_per_tok", default: 2)
        return multipliers.applied(
            to: try family.model(
                (0..<family.layerCount).map { index in
                    family.layer(
                        index,
                        mixer: .attention(family.attention(index, bias: bias, outputBias: bias)),
                        feedForward: .experts(
                            family.fusedExperts(
                                family.prefix(index) + "block_sparse_moe.", count: experts,
                                perToken: perToken)))
                }))
    }
}

extension LlamaFamily {
    /// Experts as rows of two tensors under `name`, and their router.
    func fusedExperts(_ name: String, count: Int, perToken: Int) -> ExpertsBlueprint {
        var input = projection(
            name + "input_linear", outputs: count * 2 * inner, inputs: hidden)
        input.shape = [count, 2 * inner, hidden]
        var output = projection(
            name + "output_linear", outputs: count * hidden, inputs: inner)
        output.shape = [count, hidden, inner]
        let experts = (0..<count).map { expert in
            let gates = expert * 2 * inner
            let ups = gates + inner
            return MLPBlueprint(
                gate: input.slice(gates..<ups), up: input.slice(ups..<ups + inner),
                down: output.slice(expert * hidden..<(expert + 1) * hidden),
                activation: activation)
        }
        // The same as a softmax over the chosen.
        return ExpertsBlueprint(
            router: projection(name + "router.layer", outputs: count, inputs: hidden),
            experts: experts, expertsPerToken: perToken, renormalised: true)
    }
}

/// Granite's constants.
struct Multipliers {
    let embedding: Double
    let scores: Double
    let branches: Double
    let logits: Double

    init(_ config: ModelConfig) throws {
        embedding = try config.number("embedding_multiplier", default: 1)
        scores = try config.number("attention_multiplier", default: 1)
        branches = try config.number("residual_multiplier", default: 1)
        let divisor = try config.number("logits_scaling", default: 1)
        guard divisor != 0 else {
            throw ModelError.unsupported(
                key: "logits_scaling", found: "0", advice: "logits are divided by it")
        }
        logits = 1 / divisor
    }

    func applied(to model: ModelBlueprint) -> ModelBlueprint {
        var model = model
        model.embeddingScale = .factor(Float(embedding))
        model.logitScale = Float(logits)
        for index in model.layers.indices {
            model.layers[index].residualScale = Float(branches)
            if case .attention(var attention) = model.layers[index].mixer {
                attention.scale = Float(scores)
                model.layers[index].mixer = .attention(attention)
            }
        }
        return model
    }
}
