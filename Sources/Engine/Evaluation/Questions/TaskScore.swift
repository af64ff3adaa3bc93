// From log-likelihoods to accuracies, their errors and their groups, as lm-evaluation-harness
// 0.4.13 computes them (api/metrics.py).

enum ChoiceScore {
    /// Whether the best choice is the answer; the first of equals is the best.
    static func isRight(_ scores: [Double], answer: Int) -> Bool {
        var best = 0
        for index in scores.indices where scores[index] > scores[best] { best = index }
        return best == answer
    }

    /// Whether a question is answered right, by log-likelihood or by that over code points.
    static func isRight(
        _ question: TokenisedQuestion, _ likelihoods: [Double], isNormalised: Bool
    ) -> Bool {
        let scores =
            isNormalised
            ? zip(likelihoods, question.lengths).map { $0 / Double($1) } : likelihoods
        return isRight(scores, answer: question.answer)
    }

    /// Accuracies of a task.
    ///
    /// - Parameters:
    ///   - likelihoods: one per choice of each question.
    ///   - isNormalised: whether the accuracy by length (log-likelihood over code points) is
    ///     asked for as well.
    ///   - categories: of the subjects; subjects without one are in none.
    static func figures(
        _ questions: [TokenisedQuestion], _ likelihoods: [[Double]], isNormalised: Bool,
        categories: [String: String]
    ) -> [TaskFigure] {
        precondition(questions.count == likelihoods.count, "likelihoods for each question")
        func accuracy(_ metric: String, isNormalised: Bool) -> TaskFigure {
            let right = zip(questions, likelihoods).map {
                isRight($0, $1, isNormalised: isNormalised)
            }
            return figure(metric, questions, right, categories)
        }
        var figures = [accuracy("accuracy", isNormalised: false)]
        if isNormalised {
            figures.append(accuracy("accuracy_normalised", isNormalised: true))
        }
        if let first = figures.first, first.subjects.count > 1 { figures.append(macro(first)) }
        return figures
    }

    /// Over all questions, each weighing the same; the error pools those of the subjects.
    private static func figure(
        _ metric: String, _ questions: [TokenisedQuestion], _ isRight: [Bool],
        _ categories: [String: String]
    ) -> TaskFigure {
        var names: [String] = []
        var answers: [String: [Bool]] = [:]
        for (question, right) in zip(questions, isRight) {
            if answers[question.subject] == nil { names.append(question.subject) }
            answers[question.subject, default: []].append(right)
        }
        let subjects = names.map { mean($0, answers[$0, default: []]) }
        let whole = pooled("", subjects)
        var groups: [GroupFigure] = []
        for category in Set(categories.values).sorted() {
            let members = subjects.filter { categories[$0.name] == category }
            if !members.isEmpty { groups.append(pooled(category, members)) }
        }
        return TaskFigure(
            metric: metric, value: whole.value, standardError: whole.standardError,
            count: whole.count, subjects: names == [""] ? [] : subjects, categories: groups)
    }

    /// Share of right answers with the standard error of a sample mean.
    static func mean(_ name: String, _ isRight: [Bool]) -> GroupFigure {
        let (share, error) = meanAndError(isRight.map { $0 ? 1 : 0 })
        return GroupFigure(name: name, value: share, standardError: error, count: isRight.count)
    }

    /// The error is nil of fewer than two values, of which nobody knows how they scatter.
    static func meanAndError(_ values: [Double]) -> (mean: Double, error: Double?) {
        let count = Double(values.count)
        let mean = values.reduce(0, +) / count
        let spread = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        guard values.count >= 2 else { return (mean, nil) }
        return (mean, (spread / (count - 1)).squareRoot() / count.squareRoot())
    }

    /// Groups weighed by size, and the pooled error
    /// sqrt(sum n (n - 1) e^2 / (sum n - K) / sum n); nil where every group has one member.
    static func pooled(_ name: String, _ groups: [GroupFigure]) -> GroupFigure {
        let total = groups.reduce(0) { $0 + $1.count }
        let value = groups.reduce(0.0) { $0 + $1.value * Double($1.count) } / Double(total)
        var variance = 0.0
        for group in groups {
            guard let error = group.standardError else { continue }
            variance += Double(group.count) * Double(group.count - 1) * error * error
        }
        let freedom = Double(total - groups.count)
        let error = freedom > 0 ? (variance / freedom / Double(total)).squareRoot() : nil
        return GroupFigure(name: name, value: value, standardError: error, count: total)
    }

    /// Every subject weighing the same; without an error where a subject has none.
    private static func macro(_ figure: TaskFigure) -> TaskFigure {
        let count = Double(figure.subjects.count)
        let value = figure.subjects.reduce(0) { $0 + $1.value } / count
        let errors = figure.subjects.compactMap(\.standardError)
        let variance = errors.reduce(0) { $0 + $1 * $1 }
        return TaskFigure(
            metric: figure.metric + "_macro", value: value,
            standardError: errors.count == figure.subjects.count
                ? variance.squareRoot() / count : nil,
            count: figure.count)
    }
}
