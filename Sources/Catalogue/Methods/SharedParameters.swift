// Parameters that several methods declare: on how many samples loss is measured, how units are
// matched, how weights are learned.

extension MethodDeclaration {
    static let searchSamples = ParameterDeclaration(
        "search_samples", .integer(1...100_000), default: .integer(16), unit: "samples",
        "Calibration samples on which the loss is measured, spread evenly.")

    static let keepPattern = ParameterDeclaration(
        "keep_pattern", .choice(["auto", "always", "never"]), default: .word("auto"),
        "Keep kinds of layers where programs that go by a layer's number look for them: always "
            + "(other numbers of layers are refused), never, or where the family asks for it and the "
            + "number allows it (gemma2, gpt_oss).")

    static let align = ParameterDeclaration(
        "align", .choice(["none", "weights", "activations", "both", "rows"]),
        default: .word("none"),
        "Reorder neurons and heads of the later layers to match the first of their fold, by weights "
            + "or by activations, keeping their function; `rows`: each matrix on its own, which "
            + "does not.")

    /// Only with learned weights.
    static let learning: [ParameterDeclaration] = [
        ParameterDeclaration(
            "objective", .choice(["loss", "kl"]), default: .word("loss"),
            onlyWith: .when("weights", is: "gradient", "bayesian"),
            "What is made small on calibration text: the loss, or the divergence from the original."
        ),
        ParameterDeclaration(
            "per", .choice(["pair", "tensor"]), default: .word("pair"),
            onlyWith: .when("weights", is: "gradient"),
            "One weight for each fold of two layers, or one for each of its tensors."),
        ParameterDeclaration(
            "steps", .integer(1...100_000), default: .integer(40),
            onlyWith: .when("weights", is: "gradient", "bayesian"),
            "Steps of Adam, or points tried."),
        ParameterDeclaration(
            "learning_rate", .number(1e-6...1), default: .number(0.02),
            onlyWith: .when("weights", is: "gradient"), "Of Adam."),
        ParameterDeclaration(
            "batch", .integer(1...4096), default: .integer(4), unit: "samples",
            onlyWith: .when("weights", is: "gradient"), "Calibration samples of a step."),
        ParameterDeclaration(
            "held_back", .number(0.01...0.9), default: .number(0.25),
            onlyWith: .when("weights", is: "gradient", "bayesian"),
            "Share of the calibration samples that is not learned from, and decides which step's "
                + "weights are kept."),
        ParameterDeclaration(
            "seed", .integer(0...4_294_967_295), default: .integer(1),
            onlyWith: .when("weights", is: "gradient", "bayesian"),
            "Of the order of samples, or of the points tried."),
    ]
}

extension MethodDeclaration {
    /// Names of the parameters that decide what is learned, for keys.
    package static var learningNames: [String] { learning.map(\.name) }
}
