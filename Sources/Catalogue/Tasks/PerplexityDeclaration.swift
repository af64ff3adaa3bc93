// Measures of a text. Exact definitions: docs/EVALUATION.md.

extension TaskDeclaration {
    static let perplexity = Self(
        name: "perplexity",
        summary: "How well a text is predicted: per token in windows, or per word and byte in "
            + "rolling windows.",
        source: "exp of the mean negative log likelihood per predicted token, or as "
            + "lm-evaluation-harness 0.4.13 (loglikelihood_rolling)",
        metrics: ["perplexity"],
        parameters: [
            ParameterDeclaration(
                "path", .textPath, default: .required,
                "The text file, below a data root, or a built-in text."),
            ParameterDeclaration(
                "windows", .choice(["disjoint", "rolling"]), default: .word("disjoint"),
                "disjoint: token perplexity of the whole file in windows scored alone. rolling: "
                    + "word, byte and token perplexity and bits per byte of whole documents, as "
                    + "the harness does."),
            ParameterDeclaration(
                "window", .integer(2...131_072), default: .integer(512), unit: "tokens",
                onlyWith: .when("windows", is: "disjoint"), "Tokens the model sees at once."),
            ParameterDeclaration(
                "stride", .integer(1...131_072), default: .sameAs("window"), unit: "tokens",
                onlyWith: .when("windows", is: "disjoint"),
                "Step from window to window; at most the window."),
            ParameterDeclaration(
                "documents", .choice(["file", "lines"]), default: .word("file"),
                onlyWith: .when("windows", is: "rolling"),
                "What a document is: the whole file, or each line."),
            ParameterDeclaration(
                "context", .integer(1...131_072), default: .absent("the model's context"),
                unit: "tokens", onlyWith: .when("windows", is: "rolling"),
                "Tokens the model sees at once."),
            ParameterDeclaration(
                "limit", .integer(1...1_000_000_000), default: .absent("the whole text"),
                unit: "tokens",
                "Stop after this many tokens (disjoint, at least 2) or documents (rolling)."),
        ])

    static let divergence = Self(
        name: "divergence",
        summary: "How far predictions are from the original model's: mean KL divergence per "
            + "token in nats, and how often both find the same token the most likely.",
        source: "KL(original || model) over the whole vocabulary, in disjoint windows",
        metrics: ["kl_divergence", "top1_agreement"],
        parameters: [
            ParameterDeclaration(
                "path", .textPath, default: .required,
                "The text file, below a data root, or a built-in text."),
            ParameterDeclaration(
                "window", .integer(2...131_072), default: .integer(512), unit: "tokens",
                "Tokens the models see at once."),
            ParameterDeclaration(
                "limit", .integer(2...1_000_000_000), default: .absent("the whole text"),
                unit: "tokens", "Stop after this many tokens."),
        ])
}
