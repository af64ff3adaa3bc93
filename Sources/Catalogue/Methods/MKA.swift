// Folds of the most similar layers, as the MKA paper words them.

extension MethodDeclaration {
    package static let mka = Self(
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
            ParameterDeclaration(
                "measure", .choice(Offer.similarities.map(\.name)),
                default: .absent("analysis.similarity"), "The measure that pairs and lambda go by."),
            align, keepPattern,
        ] + learning)
}
