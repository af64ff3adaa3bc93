// Where calibration samples come from.

extension DatasetDeclaration {
    static let mmlu = Self(
        name: "mmlu",
        summary: "A folder of MMLU csv files: PATH/SPLIT/SUBJECT_SPLIT.csv.",
        source: .folder,
        parameters: [
            ParameterDeclaration(
                "split", .choice(["dev", "val", "test"]), default: .word("dev"),
                "Which split the questions come from."),
            ParameterDeclaration(
                "samples_per_subject", .integer(1...1000), default: .integer(1),
                unit: "questions", "Questions drawn from each subject."),
            ParameterDeclaration(
                "subject", .text, default: .absent("all subjects"),
                "Only this subject, or only those of a category of MMLU: humanities, other, "
                    + "social_sciences, stem."),
        ])

    static let text = Self(
        name: "text",
        summary: "A plain text file, cut end to end into samples of max_tokens tokens.",
        parameters: [samples])

    static let jsonl = Self(
        name: "jsonl",
        summary: "A file of JSON lines, one sample each.",
        parameters: [
            ParameterDeclaration(
                "field", .text, default: .word("text"), "The key that holds the sample's text."),
            samples,
        ])

    static let selfWritten = Self(
        name: "self",
        summary: "Texts that the model itself writes: answers to built-in prompts, where it has a "
            + "chat template, and what follows built-in openings of many kinds.",
        source: .model,
        parameters: [
            ParameterDeclaration(
                "samples", .integer(1...100_000), default: .integer(384), "How many texts."),
            ParameterDeclaration(
                "answers", .number(0...1), default: .number(0.5),
                "Share of them that answer prompts; the others go on from openings. All do where "
                    + "the model has no chat template."),
            ParameterDeclaration(
                "languages", .text, default: .word("en"),
                "Codes of the languages that prompts and openings are in: `ar`, `de`, `en`, `es`, "
                    + "`fr`, `hi`, `it`, `ja`, `ko`, `nl`, `pl`, `pt`, `ru`, `zh`; several as "
                    + "`en, de`."),
            ParameterDeclaration(
                "temperature", .number(0.05...10), default: .number(1),
                "What the logits are divided by."),
            ParameterDeclaration(
                "top_p", .number(0.01...1), default: .number(0.95),
                "Tokens are drawn from the likeliest that hold this share together."),
        ])

    static let mixture = Self(
        name: "mixture",
        summary: "Samples of several sets, by shares of tokens.",
        source: .parts,
        parameters: [
            ParameterDeclaration(
                "tokens", .integer(1...1_000_000_000), default: .absent("as many as there are"),
                unit: "tokens", "Tokens of all parts together; fewer where a part has too few.")
        ])

    private static let samples = ParameterDeclaration(
        "samples", .integer(1...1_000_000), default: .integer(64),
        "How many samples are drawn; fewer where the file holds fewer.")
}

extension Offer {
    /// What every calibration set is told, whatever the data set; `path` only where it is read from
    /// disk.
    package static let calibration: [ParameterDeclaration] = [
        ParameterDeclaration(
            "path", .textPath, default: .required,
            "The file or folder, below a data root, or a built-in text; of sets that are read."),
        ParameterDeclaration(
            "max_tokens", .integer(1...131_072), default: .integer(512), unit: "tokens",
            "Samples are cut to this length."),
        ParameterDeclaration(
            "seed", .integer(0...9_007_199_254_740_991), default: .integer(1),
            "Seed of the draw."),
    ]
}

extension Offer {
    /// How calibration sets are compared; only where `compare` names sets.
    package static let compareSets: [ParameterDeclaration] = [
        ParameterDeclaration(
            "splits", .integer(2...64), default: .integer(5),
            "How often each set is split into two halves at random; the agreement of halves tells "
                + "a difference between sets from the draw of their samples."),
        ParameterDeclaration(
            "seed", .integer(0...9_007_199_254_740_991), default: .integer(1), "Of the splits."),
    ]
}
