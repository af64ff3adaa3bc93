// MMLU in two readings. Exact definitions: docs/EVALUATION.md.

extension TaskDeclaration {
    static let mmlu = Self(
        name: "mmlu",
        summary: "Questions of 57 subjects with four answers, after examples of the subject.",
        source: "Hendrycks et al. 2021, arXiv 2009.03300; as lm-evaluation-harness 0.4.13 (mmlu)",
        metrics: ["accuracy", "accuracy_macro"] + comparisons,
        parameters: [
            ParameterDeclaration(
                "path", .path, default: .required,
                "A folder with dev/SUBJECT_dev.csv and SPLIT/SUBJECT_SPLIT.csv.")
        ] + shared)

    static let mmluOfficial = Self(
        name: "mmlu-official",
        summary: "MMLU as the published MKA pipeline scores it: bare letters, no BOS, two spaces "
            + "before the subject, prompts never cut.",
        source: "the pipeline of Liu et al. 2024, arXiv 2406.16330",
        metrics: ["accuracy", "accuracy_macro"] + comparisons,
        parameters: [
            ParameterDeclaration(
                "path", .path, default: .required,
                "A folder with dev/SUBJECT_dev.csv and SPLIT/SUBJECT_SPLIT.csv.")
        ] + shared)

    private static let shared = [
        ParameterDeclaration(
            "split", .choice(["test", "val", "dev"]), default: .word("test"),
            "Which split the questions come from."),
        ParameterDeclaration(
            "shots", .integer(0...100), default: .integer(5),
            "Examples before each question: "
                + "the first ones of the subject's dev split, without the question itself."),
        ParameterDeclaration(
            "limit", .integer(1...1_000_000_000), default: .absent("all"), unit: "questions",
            "Questions of each subject, the first ones unless there is a seed."),
        .taskSeed,
    ]
}
