// What a change of a figure means, in words. The limits are conventions of this project, chosen
// so that no fold is called better than a careful reader would; the report prints them.

/// The judgement on one figure of one folded model.
package enum Verdict: Int, Sendable, CaseIterable {
    case better
    case unchanged
    case slight
    case clear
    case heavy
    case broken

    /// Judges `evaluation`; nil where the original's figure is not known.
    package init?(_ evaluation: RunReport.Evaluation) {
        guard let original = evaluation.original, original.isFinite else { return nil }
        let metric = ReportMetric(evaluation)
        let value = evaluation.value
        guard value.isFinite else {
            self = .broken
            return
        }
        if Self.isWithinNoise(evaluation, original: original) {
            self = .unchanged
        } else if metric.isBetter(value, than: original) {
            // A fold does not know more than its original: where it predicts one text better it has
            // become more like that text.
            self = metric.isPerplexity ? .unchanged : .better
        } else if metric.isShare {
            self = Self.grade(original - value, limits: [0.005, 0.02, 0.08, 0.2])
        } else if metric.isLowerBetter, original > 0 {
            self = Self.grade(value / original - 1, limits: [0.01, 0.1, 0.5, 2])
        } else {
            // A score of unknown scale: judged by the share of it that is lost.
            guard original > 0 else { return nil }
            self = Self.grade(1 - value / original, limits: [0.01, 0.05, 0.2, 0.5])
        }
    }

    private static func grade(_ loss: Double, limits: [Double]) -> Verdict {
        let grades: [Verdict] = [.unchanged, .slight, .clear, .heavy]
        return zip(limits, grades).first { loss <= $0.0 }?.1 ?? .broken
    }

    /// Differences below two standard errors of the difference prove nothing. Where the
    /// original's error is not known it is taken for as large as the folded model's.
    private static func isWithinNoise(
        _ evaluation: RunReport.Evaluation, original: Double
    ) -> Bool {
        guard let error = evaluation.stderr, error.isFinite, error > 0 else { return false }
        let other = evaluation.originalStderr ?? error
        // Perplexities of the same tokens vary together: their errors do not add up like this.
        guard !ReportMetric(evaluation).isPerplexity else { return false }
        let spread = (error * error + other * other).squareRoot()
        return (evaluation.value - original).magnitude <= 2 * spread
    }

    /// Completes "compared with the original, the folded model is ...".
    package var words: String {
        switch self {
        case .better: "better"
        case .unchanged: "not measurably worse"
        case .slight: "slightly worse"
        case .clear: "clearly worse"
        case .heavy: "much worse"
        case .broken: "broken"
        }
    }

    /// How the words are chosen, for the glossary.
    package static let rule = """
        A perplexity below the original's or up to 1% above it is called not measurably worse, up to 10% \
        slightly, up to 50% clearly, up to three times much worse, and more than that broken. \
        For accuracies the limits are 0.5, 2, 8 and 20 points, and a difference below two \
        standard errors is called not measurable.
        """
}
