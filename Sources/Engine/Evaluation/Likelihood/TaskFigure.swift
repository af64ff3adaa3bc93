// What a task found: a number with its error, over all and over groups.

/// A figure of a task over some of its questions.
package struct GroupFigure: Sendable, Equatable, Codable {
    package var name: String
    package var value: Double
    /// Nil of one question.
    package var standardError: Double?
    package var count: Int
}

/// A figure of a task.
package struct TaskFigure: Sendable, Equatable, Codable {
    /// `accuracy`, `accuracy_normalised`, `perplexity`, ...
    package var metric: String
    package var value: Double
    /// Nil where the source gives none, and of one sample.
    package var standardError: Double?
    /// Questions, or tokens of a text.
    package var count: Int
    package var subjects: [GroupFigure]
    package var categories: [GroupFigure]

    package init(
        metric: String, value: Double, standardError: Double?, count: Int,
        subjects: [GroupFigure] = [], categories: [GroupFigure] = []
    ) {
        self.metric = metric
        self.value = value
        self.standardError = standardError
        self.count = count
        self.subjects = subjects
        self.categories = categories
    }
}
