// The tasks that judge a model. Exact definitions: docs/EVALUATION.md.

extension TaskDeclaration {
    static let perplexity = Self(
        name: "perplexity",
        summary: "Perplexity of a text file in windows, weighted by token.",
        source: "exp of the mean negative log likelihood per predicted token",
        metrics: ["perplexity"],
        parameters: [
            ParameterDeclaration(
                "path", .path, default: .required, "The text file, below a data root."),
            ParameterDeclaration(
                "window", .integer(2...131_072), default: .integer(512), unit: "tokens",
                "Tokens the model sees at once."),
            ParameterDeclaration(
                "stride", .integer(1...131_072), default: .sameAs("window"), unit: "tokens",
                "Step from window to window; at most the window."),
            ParameterDeclaration(
                "limit", .integer(2...1_000_000_000), default: .absent("the whole text"),
                unit: "tokens", "Stop after this many tokens."),
        ])
}
