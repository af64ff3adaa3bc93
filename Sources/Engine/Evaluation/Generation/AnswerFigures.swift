// What is measured on answers that a model wrote. Pure.

import Generation

enum AnswerFigures {
    /// Figures that need no other model. Errors are over answers.
    static func own(_ answers: [Generated]) -> [TaskFigure] {
        [
            mean("repetition", answers.compactMap { Repetition.share(of: $0.tokens) }),
            mean("length", answers.map { Double($0.tokens.count) }),
            mean("stopped", answers.map { $0.ending == .stop ? 1 : 0 }),
        ]
    }

    /// How far answers are the original's. `agreement` is the share of the original's tokens, the
    /// one that ends an answer among them, that stand before the first difference.
    static func comparison(_ answers: [Generated], original: [Generated]) -> [TaskFigure] {
        let pairs = zip(answers, original).map(agreement)
        let tokens = Perplexity.summarise(pairs.map { (Double($0.equal), $0.count) })
        return [
            TaskFigure(
                metric: "agreement", value: tokens.meanLoss,
                standardError: tokens.standardError, count: tokens.tokens),
            mean(
                "prompts_equal", zip(answers, original).map { withEnd($0) == withEnd($1) ? 1 : 0 }),
        ]
    }

    private static func mean(_ metric: String, _ values: [Double]) -> TaskFigure {
        // Answers that are too short to repeat anything do not.
        guard !values.isEmpty else {
            return TaskFigure(metric: metric, value: 0, standardError: nil, count: 0)
        }
        let (mean, error) = ChoiceScore.meanAndError(values)
        return TaskFigure(metric: metric, value: mean, standardError: error, count: values.count)
    }

    // MARK: One answer

    /// Tokens of the original before the first difference, of how many; the end is one.
    static func agreement(
        _ answer: Generated, original: Generated
    ) -> (equal: Int, count: Int) {
        let (said, meant) = (withEnd(answer), withEnd(original))
        return (zip(said, meant).prefix { $0 == $1 }.count, meant.count)
    }

    /// No token has this id.
    private static let end: Int32 = -1

    private static func withEnd(_ answer: Generated) -> [Int32] {
        answer.tokens + (answer.ending == .stop ? [end] : [])
    }
}
