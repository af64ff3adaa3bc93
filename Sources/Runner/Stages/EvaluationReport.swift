// A task's figures beside the original's, as report.json lists them.

import Engine

enum EvaluationReport {
    /// One entry per figure of the task; the original's figures are matched by metric and name.
    static func entries(
        task: String, figures: [TaskFigure], original: [TaskFigure]
    ) -> [RunReport.Evaluation] {
        figures.map { figure in
            let before = original.first { $0.metric == figure.metric }
            return RunReport.Evaluation(
                task: task, metric: figure.metric, value: figure.value,
                stderr: figure.standardError, count: figure.count, original: before?.value,
                originalStderr: before?.standardError,
                subjects: groups(figure.subjects, before?.subjects),
                categories: groups(figure.categories, before?.categories))
        }
    }

    private static func groups(
        _ figures: [GroupFigure], _ original: [GroupFigure]?
    ) -> [RunReport.Subject]? {
        guard !figures.isEmpty else { return nil }
        return figures.map { figure in
            let before = original?.first { $0.name == figure.name }
            return RunReport.Subject(
                name: figure.name, value: figure.value, count: figure.count,
                original: before?.value, stderr: figure.standardError,
                originalStderr: before?.standardError)
        }
    }
}
