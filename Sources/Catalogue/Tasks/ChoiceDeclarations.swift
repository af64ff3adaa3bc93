// Benchmarks of questions with choices. Exact definitions: docs/EVALUATION.md.

extension TaskDeclaration {
    static let hellaswag = choices(
        "hellaswag", "Which of four endings goes on from a text.",
        "Zellers et al. 2019, arXiv 1905.07830; as lm-evaluation-harness 0.4.13 (hellaswag)",
        metrics: ["accuracy", "accuracy_normalised"],
        path: "A jsonl with activity_label, ctx_a, ctx_b, endings, label.")

    static let piqa = choices(
        "piqa", "Which of two ways reaches an everyday goal.",
        "Bisk et al. 2020, arXiv 1911.11641; as lm-evaluation-harness 0.4.13 (piqa)",
        metrics: ["accuracy", "accuracy_normalised"],
        path: "A jsonl with goal, sol1, sol2 and either label or NAME-labels.lst beside it; a "
            + "folder stands for its valid.jsonl.")

    static let boolq = choices(
        "boolq", "Yes or no about a passage.",
        "Clark et al. 2019, arXiv 1905.10044; as lm-evaluation-harness 0.4.13 (boolq)",
        metrics: ["accuracy"],
        path: "A jsonl with passage, question and answer (Google; title is put before the "
            + "passage) or label (SuperGLUE).")

    static let race = choices(
        "race", "The last question about each article of the high-school part.",
        "Lai et al. 2017, arXiv 1704.04683; as lm-evaluation-harness 0.4.13 (race 3.0)",
        metrics: ["accuracy"],
        path: "A folder with test/high/*.txt, high/*.txt or *.txt, or a jsonl with a row per "
            + "question.")

    static let multipleChoice = choices(
        "multiple-choice", "Your own questions; the choice that the model finds likeliest wins.",
        "log-likelihood of a space and the choice after the context",
        metrics: ["accuracy", "accuracy_normalised"],
        path: "A jsonl with context, choices, answer (a letter or a number from 0) and, where "
            + "wanted, subject.")

    /// Of a folded model with the original, wherever questions are asked.
    static let comparisons = ["flips", "choice_divergence"]

    private static func choices(
        _ name: String, _ summary: String, _ source: String, metrics: [String], path: String
    ) -> Self {
        Self(
            name: name, summary: summary, source: source, metrics: metrics + comparisons,
            parameters: [
                ParameterDeclaration("path", .path, default: .required, path),
                ParameterDeclaration(
                    "limit", .integer(1...1_000_000_000), default: .absent("all"),
                    unit: "questions",
                    "Questions (of each subject), the first ones unless there is a seed."),
                .taskSeed,
            ])
    }
}

extension ParameterDeclaration {
    static let taskSeed = ParameterDeclaration(
        "seed", .integer(0...9_007_199_254_740_991), default: .absent("the first questions"),
        "Draws the questions of `limit` at random instead.")
}
