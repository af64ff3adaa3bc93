// Ways to write a model in fewer bits that look at calibration tokens.
// Formulas: docs/QUANTISATION.md.

extension ParameterDeclaration {
    fileprivate static let damping = ParameterDeclaration(
        "damping", .number(0...1), default: .number(0.01),
        "Added to the sums of squares of the inputs, as a share of their mean; ten times as much "
            + "wherever that is not enough, which is told.")
}

extension QuantizationDeclaration {
    package static let gptq = Self(
        name: "gptq",
        summary: "Weights are rounded column by column, and those behind make up for each error "
            + "as far as what the layer reads allows.",
        source: "Frantar et al. 2023, arXiv 2210.17323; target: Li et al. 2025, arXiv 2504.02692",
        formula: "e = (w_i - q_i) / U_ii, w_k -= e U_ik; U'U = (X'X + damping)^-1",
        needsCalibration: true,
        naming: [(parameter: "bits", prefix: "w"), (parameter: "group", prefix: "g")],
        parameters: ParameterDeclaration.ofWeights + [
            ParameterDeclaration(
                "target", .choice(["own", "original"]), default: .word("original"),
                "What outputs should be near to. own: what the weights give on the same inputs. "
                    + "original: what the unquantised model gives on its own, as far as tokens "
                    + "that are held back say that it helps."),
            ParameterDeclaration(
                "order", .choice(["activation", "column"]), default: .word("activation"),
                "Which columns are rounded first. activation: those of the largest inputs."),
            .damping,
        ])

    package static let awq = Self(
        name: "awq",
        summary: "Inputs that matter are scaled up in the weights and down in what makes them, "
            + "by a search for the scales with which rounding hurts least.",
        source: "Lin et al. 2024, arXiv 2306.00978; grid of llm-compressor",
        formula: "s = x^r / (w^(1-r) + 1e-4), r of |block(Q(W s) / s) - block(W)|^2 least",
        needsCalibration: true, divides: .normsAndProjections,
        naming: [(parameter: "bits", prefix: "w"), (parameter: "group", prefix: "g")],
        parameters: ParameterDeclaration.ofWeights + [
            ParameterDeclaration(
                "clip", .flag, default: .flag(true),
                "Whether the scales of groups are searched for as well, so that single large "
                    + "weights may be cut.")
        ])

    package static let smoothquant = Self(
        name: "smoothquant",
        summary: "Eight bits for weights and activations: large activations are divided in the "
            + "norms before, and the weights multiplied; tokens are rounded as the model runs.",
        source: "Xiao et al. 2023, arXiv 2211.10438; compressed-tensors, int-quantized (W8A8)",
        formula: "s_j = max |X_j|^a / max |W_j|^(1-a)",
        needsCalibration: true, divides: .norms,
        parameters: [
            ParameterDeclaration(
                "strength", .number(0...1), default: .number(0.5),
                "How much of the difficulty moves from activations to weights, a. Published: 0.85 "
                    + "for Llama 2 and 3, 0.8 for Mistral, 0.9 for Llama 2 70B."),
            ParameterDeclaration(
                "weights", .choice(["rtn", "gptq"]), default: .word("rtn"),
                "How weights are rounded."),
        ])
}
