// A task's figures beside the original's, as report.json lists them.

import Catalogue
import Evaluation
import Jobs
import Report
import SystemPackage

enum EvaluationReport {
    /// What each evaluation is called: its task, and its data as well where a job lists a task
    /// twice, because figures of one name would fall together.
    static func names(_ evaluations: [JobDescription.Evaluation]) -> [String] {
        func reading(_ evaluation: JobDescription.Evaluation) -> String {
            evaluation.task + "/" + (evaluation.parameters["windows"]?.text ?? "")
        }
        let readings = evaluations.map(reading)
        var names: [String] = []
        for evaluation in evaluations {
            guard readings.count(where: { $0 == reading(evaluation) }) > 1 else {
                names.append(evaluation.task)
                continue
            }
            let path = FilePath(evaluation.parameters["path"]?.text ?? "")
            let base = "\(evaluation.task) (\(path.lastComponent?.string ?? ""))"
            var name = base
            var number = 2
            while names.contains(name) {
                name = "\(base) \(number)"
                number += 1
            }
            names.append(name)
        }
        return names
    }

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

    static func answers(task: String, _ shown: [ShownAnswer]) -> [RunReport.Answer] {
        shown.map {
            RunReport.Answer(
                task: task, reason: $0.reason.rawValue, prompt: $0.prompt, original: $0.original,
                folded: $0.answer)
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
