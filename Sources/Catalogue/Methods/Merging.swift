// The methods of compression. Formulas and findings: docs/METHODS.md.

extension MethodDeclaration {
    static let mka = Self(
        name: "mka",
        summary: "Folds the most similar layers into each other, weighted by their similarity.",
        source: "Liu et al. 2024, arXiv 2406.16330, Algorithm 1, Eq. 4 and Eq. 5",
        formula: "W = lambda W_l + (1 - lambda) W_m; lambda = softmax of the mean similarities",
        needs: .similarity,
        parameters: [
            ParameterDeclaration(
                "reading", .choice(["paper", "official"]), default: .word("paper"),
                "Which statement of lambda is followed: the paper's or the published code's."),
            ParameterDeclaration(
                "order", .choice(["similarity", "reverse"]), default: .word("similarity"),
                "Pairs by falling similarity (Algorithm 1), or from the back as the code does."),
            ParameterDeclaration(
                "pairs", .choice(["adjacent", "any"]), default: .word("adjacent"),
                "Fold only neighbours, or any two layers."),
            ParameterDeclaration(
                "weights", .choice(["adaptive", "fixed", "gradient", "bayesian"]),
                default: .word("adaptive"),
                "Lambda from the similarities (Eq. 4), the same for every pair, or learned from the "
                    + "adaptive ones by gradient descent or by Bayesian optimisation."),
            ParameterDeclaration(
                "lambda", .number(0...1), default: .number(0.5),
                onlyWith: .when("weights", is: "fixed"),
                "Weight of the earlier layer."),
            ParameterDeclaration(
                "norms", .flag, default: .flag(true),
                "Fold norms and biases too; otherwise the earlier layer's are kept."),
            align,
        ] + learning)

    static let mkaOfficial = Self(
        name: "mka-official",
        summary: "What the published MKA code computes, with the folded weights written back.",
        source: "github.com/SempraETY/Pruning-via-Merging, pipeline.py",
        formula: "last pair first; lambda = sigmoid(s_l / (s_l + s_m)), s = mean similarity",
        needs: .similarity,
        parameters: [
            ParameterDeclaration(
                "norms", .flag, default: .flag(false),
                "Fold norms and biases too; the published code does not."),
            align,
        ])

    static let reverse = Self(
        name: "reverse",
        summary: "Drops layers from the back.",
        source: "the baseline of arXiv 2406.16330, Tables 3 and 4",
        formula: "keep layers 0 ... L - k - 1")

    static let passthrough = Self(
        name: "passthrough",
        summary: "Keeps exactly the layers that are listed.",
        source: "mergekit, merge method passthrough",
        formula: "layer i of the result = layer layers[i] of the original",
        takesRatios: false,
        parameters: [
            ParameterDeclaration(
                "layers", .integers(0...4095), default: .required, unit: "layer number from 0",
                "The layers that stay, in their order in the result.")
        ])
}
