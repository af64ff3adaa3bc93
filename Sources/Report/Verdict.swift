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
    ///
    /// - Parameter others: figures of the same model; flips of the same task tell how far an
    ///   accuracy moves by chance.
    package init?(
        _ evaluation: RunReport.Evaluation, beside others: [RunReport.Evaluation] = []
    ) {
        guard let original = evaluation.original, original.isFinite else { return nil }
        let metric = ReportMetric(evaluation)
        // Whether all of an answer is equal, `agreement` says with more than yes and no.
        if metric.isUndirected || metric.metric == "prompts_equal" { return nil }
        let value = evaluation.value
        guard value.isFinite else {
            self = .broken
            return
        }
        if metric.metric == "repetition" {
            // Both answered the same prompts without any chance. To repeat less is no gain:
            // text without sense does that, too.
            self = Self.grade(value - original, limits: [0.03, 0.08, 0.15, 0.3])
        } else if metric.metric == "agreement" {
            self = Self.grade(original - value, limits: [0.1, 0.7, 0.97, 0.995])
        } else if Self.isWithinNoise(evaluation, original: original, others) {
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

    /// Differences below two standard errors of the difference prove nothing.
    private static func isWithinNoise(
        _ evaluation: RunReport.Evaluation, original: Double, _ others: [RunReport.Evaluation]
    ) -> Bool {
        // Perplexities of the same tokens vary together: their errors do not add up.
        guard !ReportMetric(evaluation).isPerplexity,
            let error = pairedError(evaluation, original: original, others)
                ?? independentError(evaluation)
        else { return false }
        return error > 0 && (evaluation.value - original).magnitude <= 2 * error
    }

    /// Of the difference of two accuracies over the same questions: by the flips, of which each
    /// adds or takes one question. Nil where the task's flips are not of this figure, or unknown.
    private static func pairedError(
        _ evaluation: RunReport.Evaluation, original: Double, _ others: [RunReport.Evaluation]
    ) -> Double? {
        func figure(_ metric: String) -> RunReport.Evaluation? {
            others.first { $0.task == evaluation.task && $0.metric == metric }
        }
        // Flips are by length where answers are judged by length too.
        let byLength = "accuracy_normalised"
        let flipped = figure(byLength) == nil ? "accuracy" : byLength
        guard evaluation.metric == flipped, let flips = figure("flips"), let count = flips.count,
            count > 1, count == evaluation.count
        else { return nil }
        let difference = evaluation.value - original
        let variance = flips.value - difference * difference
        // Below 0 no such flips are possible.
        return variance >= 0 ? (variance / Double(count - 1)).squareRoot() : nil
    }

    /// Of the difference, as if the two models had answered other questions. Where the original's
    /// error is not known it is taken for as large as the folded model's.
    private static func independentError(_ evaluation: RunReport.Evaluation) -> Double? {
        // One that answers everything right, or nothing, has an error of 0, its original seldom.
        guard let error = evaluation.stderr, error.isFinite, error >= 0 else { return nil }
        let other = evaluation.originalStderr ?? error
        return (error * error + other * other).squareRoot()
    }

    // MARK: A whole model

    /// The judgement on a model, and the figure that it rests on: the leading one, or one of what
    /// the model writes where that is worse. A model that predicts well and cannot write is bad.
    package static func decisive(
        _ evaluations: [RunReport.Evaluation], leading: RunReport.Evaluation
    ) -> (verdict: Verdict, evaluation: RunReport.Evaluation)? {
        var decisive = Verdict(leading, beside: evaluations).map {
            (verdict: $0, evaluation: leading)
        }
        for evaluation in evaluations where ReportMetric(evaluation).isWriting {
            guard let verdict = Verdict(evaluation) else { continue }
            if let known = decisive, known.verdict.rawValue >= verdict.rawValue { continue }
            decisive = (verdict, evaluation)
        }
        return decisive
    }

    /// The worst judgement on what a model writes; nil where it was not let write.
    static func ofWriting(_ evaluations: [RunReport.Evaluation]) -> Verdict? {
        evaluations.filter { ReportMetric($0).isWriting }.compactMap { Verdict($0) }
            .max { $0.rawValue < $1.rawValue }
    }

    /// Whether what a model writes is so bad that no other figure makes up for it.
    package static func fellApart(_ evaluations: [RunReport.Evaluation]) -> Bool {
        ofWriting(evaluations).map { $0.rawValue >= heavy.rawValue } ?? false
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
        A perplexity below the original's or up to 1% above it is called not measurably worse, \
        up to 10% slightly, up to 50% clearly, up to three times much worse, and more than that \
        broken. For accuracies the limits are 0.5, 2, 8 and 20 points, and a difference below \
        two standard errors of it is called not measurable: both models answered the same \
        questions, so that its error follows from the flips; where these are not known, errors \
        are added as if they were independent. For what a model writes they are 3, 8, 15 and 30 \
        points by which more of an answer is repeated, and 90, 30, 3 and 0.5% of the original's \
        tokens before the first difference. A model is never called better than what it writes: \
        one that predicts a text well may still fall into loops.
        """
}
