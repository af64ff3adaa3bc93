// Ways to write a model in fewer bits. Formats and what loads them: docs/QUANTISATION.md.

extension Offer {
    /// Of every entry of `quantize`.
    package static let quantize: [ParameterDeclaration] = [
        ParameterDeclaration(
            "original", .flag, default: .flag(false),
            "Whether the unfolded model is written in it as well.")
    ]
}

extension ParameterDeclaration {
    /// Of methods that write whole numbers.
    static let ofWeights: [ParameterDeclaration] = [bits, group]

    private static let bits = ParameterDeclaration(
        "bits", .oneOf([4, 8]), default: .integer(4), "Bits of a weight.")

    private static let group = ParameterDeclaration(
        "group", .integerOrWord(1...65_536, ["auto", "channel"]), default: .word("auto"),
        unit: "columns",
        "Weights of a row that share a scale. auto: the largest of 128, 64 and 32 that divides "
            + "every width. channel: the whole row.")
}

extension QuantizationDeclaration {
    package static let rtn = Self(
        name: "rtn",
        summary: "Each weight goes to the code nearest to it (round to nearest); activations stay "
            + "as they are. The baseline.",
        source: "compressed-tensors, pack-quantized, symmetric (W4A16, W8A16)",
        formula: "q = clamp(round(w / s), -2^(b-1), 2^(b-1) - 1), s = max |w| / (2^(b-1) - 1/2)",
        naming: [(parameter: "bits", prefix: "w"), (parameter: "group", prefix: "g")],
        parameters: ParameterDeclaration.ofWeights)

    package static let fp8 = Self(
        name: "fp8",
        summary: "Weights as eight-bit floats (E4M3) with a scale for each row; tokens are rounded "
            + "to the same with scales of their own as the model runs (FP8_DYNAMIC).",
        source: "compressed-tensors, float-quantized, symmetric; Micikevicius et al. 2022, "
            + "arXiv 2209.05433",
        formula: "q = e4m3(w / s), s = max |w| / 448")
}
