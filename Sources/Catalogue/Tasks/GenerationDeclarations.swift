// Tasks that let the model write. Exact definitions: docs/EVALUATION.md.

extension TaskDeclaration {
    static let generation = Self(
        name: "generation",
        summary: "What a model writes when it takes the likeliest token each time: how far its "
            + "answers are the original's, and whether they repeat themselves and come to an end.",
        source: "greedy answers, token by token beside the original's; repeated 4-grams",
        metrics: ["agreement", "prompts_equal", "repetition", "length", "stopped"],
        parameters: [
            ParameterDeclaration(
                "path", .textPath,
                default: .word(Offer.builtInPrefix + "generation-prompts.jsonl"),
                "A jsonl with a prompt a line (key `prompt`), below a data root, or the built-in "
                    + "one."),
            ParameterDeclaration(
                "tokens", .integer(1...131_072), default: .integer(96), unit: "tokens",
                "Of an answer, at the most."),
            ParameterDeclaration(
                "prompts", .integer(1...1_000_000_000), default: .absent("all"), unit: "prompts",
                "How many are asked, evenly spread over the file."),
        ])

    static let gsm8k = Self(
        name: "gsm8k",
        summary: "School mathematics in words, after worked examples; the model writes its way to "
            + "a number.",
        source: "Cobbe et al. 2021, arXiv 2110.14168; as lm-evaluation-harness 0.4.13 (gsm8k 3.0)",
        metrics: ["exact_match_strict", "exact_match_flexible"],
        parameters: [
            ParameterDeclaration(
                "path", .path, default: .required,
                "A folder with test.jsonl and train.jsonl, or a jsonl of questions with a "
                    + "train.jsonl beside it; keys `question` and `answer`."),
            ParameterDeclaration(
                "shots", .integer(0...100), default: .integer(5),
                "Examples before each question, drawn from train.jsonl as the harness draws them "
                    + "(seed 1234)."),
            ParameterDeclaration(
                "tokens", .integer(1...131_072), default: .integer(256), unit: "tokens",
                "Of an answer, at the most."),
            ParameterDeclaration(
                "limit", .integer(1...1_000_000_000), default: .absent("all"), unit: "questions",
                "How many are asked, the first ones unless there is a seed."),
            .taskSeed,
        ])
}
