// What a figure is called, how it is written, and which way is better. Figures are named by
// (task, metric) as lm-evaluation-harness does.

/// A figure that a table has a column for and a chart a drawing.
package struct ReportMetric: Sendable, Hashable {
    package var task: String
    package var metric: String

    package init(task: String, metric: String) {
        self.task = task
        self.metric = metric
    }

    package init(_ evaluation: RunReport.Evaluation) {
        self.init(task: evaluation.task, metric: evaluation.metric)
    }

    /// `perplexity`, `mmlu accuracy`, `wikitext bits per byte`.
    package var title: String {
        let words = metric.split(separator: "_").joined(separator: " ")
        if task.isEmpty || metric.contains(task) { return words }
        return metric.isEmpty ? task : "\(task) \(words)"
    }

    /// Perplexities and other losses; every other figure is taken for a score.
    package var isLowerBetter: Bool {
        let losses = [
            "perplexity", "ppl", "loss", "bits", "kl", "divergence", "nll", "entropy", "flips",
            "repetition",
        ]
        let words = metric.lowercased().split { !$0.isLetter }
        return losses.contains { loss in words.contains { $0 == loss } }
    }

    package var isPerplexity: Bool {
        let words = metric.lowercased().split { !$0.isLetter }
        return words.contains("perplexity") || words.contains("ppl")
    }

    /// Accuracies, agreements, repetitions and the like: 0 to 1, shown in percent.
    package var isShare: Bool {
        let shares = ["agreement", "flips", "repetition", "stopped", "equal", "match"]
        let words = metric.lowercased().split { !$0.isLetter }
        return words.contains { word in
            word.hasPrefix("acc") || shares.contains { word == $0 }
        }
    }

    /// Whether it is about text that the model wrote by itself.
    package var isWriting: Bool {
        ["agreement", "prompts_equal", "repetition"].contains(metric) || isUndirected
    }

    /// Whether it judges answers that the model wrote, not choices that it was given.
    package var isOfWrittenAnswers: Bool { metric.hasPrefix("exact_match") }

    /// Neither more nor less is better: how long answers are, and how many come to an end.
    package var isUndirected: Bool { ["length", "stopped"].contains(metric) }

    /// For the head of a column.
    package var direction: String {
        if isUndirected { return "nearest the original is best" }
        return isLowerBetter ? "lower is better" : "higher is better"
    }

    /// A value of this metric, for a table: all values of a column have the same shape.
    package func text(_ value: Double) -> String {
        if isShare { return NumberText.fixed(value * 100, 1) + "%" }
        if value.magnitude >= 10_000 { return NumberText.significant(value, digits: 4) }
        return value.magnitude < 1 && !isPerplexity
            ? NumberText.fixed(value, 4) : NumberText.fixed(value, 2)
    }

    /// A value of this metric, for a sentence: three digits.
    package func short(_ value: Double) -> String {
        isShare ? NumberText.fixed(value * 100, 1) + "%" : NumberText.significant(value)
    }

    /// The change from `original` to `value`: points for shares, else relative.
    package func change(from original: Double, to value: Double) -> String {
        if isShare { return NumberText.points(value - original) }
        guard original != 0 else { return "from 0" }
        return NumberText.change(value / original - 1)
    }

    /// Whether `value` is better than `other`; NaN is worse than everything.
    package func isBetter(_ value: Double, than other: Double) -> Bool {
        if value.isNaN || isUndirected { return false }
        if other.isNaN { return true }
        return isLowerBetter ? value < other : value > other
    }
}
