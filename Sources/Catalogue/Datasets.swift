// Where calibration samples come from.

extension DatasetDeclaration {
    static let mmlu = Self(
        name: "mmlu",
        summary: "A folder of MMLU csv files: PATH/SPLIT/SUBJECT_SPLIT.csv.",
        readsFolder: true,
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

    private static let samples = ParameterDeclaration(
        "samples", .integer(1...1_000_000), default: .integer(64),
        "How many samples are drawn; fewer where the file holds fewer.")
}

extension Offer {
    /// What every calibration set is told, whatever the data set.
    package static let calibration: [ParameterDeclaration] = [
        ParameterDeclaration(
            "path", .textPath, default: .required,
            "The file or folder, below a data root, or a built-in text."),
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
