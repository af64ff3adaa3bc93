// How far a folded model's answers are from the original's. Accuracy hides it: a model may get as
// many questions right, and other ones.

import Foundation

enum ChoiceComparison {
    /// `flips`, the share of questions that one model answers right and the other wrong (Dutta et
    /// al. 2024, arXiv 2407.09141), and `choice_divergence`, the mean of KL(original || model) over
    /// the choices of a question, in nats.
    ///
    /// - Parameters:
    ///   - likelihoods: one per choice of each question, of the model.
    ///   - original: the same of the original.
    ///   - isNormalised: whether answers are those by length.
    static func figures(
        _ questions: [TokenisedQuestion], _ likelihoods: [[Double]], original: [[Double]],
        isNormalised: Bool
    ) -> [TaskFigure] {
        precondition(
            questions.count == likelihoods.count && questions.count == original.count,
            "likelihoods of both models for each question")
        func isRight(_ question: TokenisedQuestion, _ values: [Double]) -> Bool {
            ChoiceScore.isRight(question, values, isNormalised: isNormalised)
        }
        let flips = questions.indices.map { index in
            isRight(questions[index], likelihoods[index])
                != isRight(questions[index], original[index])
        }
        let divergences = zip(original, likelihoods).map { divergence(from: $0, to: $1) }
        let share = ChoiceScore.mean("", flips)
        let (mean, error) = ChoiceScore.meanAndError(divergences)
        return [
            TaskFigure(
                metric: "flips", value: share.value, standardError: share.standardError,
                count: share.count),
            TaskFigure(
                metric: "choice_divergence", value: mean, standardError: error,
                count: divergences.count),
        ]
    }

    /// KL between the distributions over the choices that two lists of log-likelihoods stand for.
    private static func divergence(from original: [Double], to model: [Double]) -> Double {
        let (p, q) = (logShares(original), logShares(model))
        let sum = zip(p, q).reduce(0) { $0 + exp($1.0) * ($1.0 - $1.1) }
        // Rounding may leave a hair below zero, which no divergence is; no number stays none.
        return sum < 0 ? 0 : sum
    }

    private static func logShares(_ values: [Double]) -> [Double] {
        let top = values.max() ?? 0
        let sum = top + log(values.reduce(0) { $0 + exp($1 - top) })
        return values.map { $0 - sum }
    }
}
