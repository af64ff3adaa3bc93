// What tasks are called where reports stand side by side: figures of one name are of one question.

import JSON

/// Names of tasks, given report by report: where a later one asked for a task otherwise, or of
/// other data, its figures get a name of their own.
struct ComparedTasks {
    /// What reports that share a name of a task have in common.
    private struct Asked {
        let name: String
        let parameters: [JSONValue]?
        /// Each as the first report that has it tells it.
        var figures: [String: Figure]
    }

    /// What is the same for each model that answered the same questions.
    private struct Figure {
        var count: Int?
        var original: Double?

        func filled(with other: Figure) -> Figure {
            Figure(count: count ?? other.count, original: original ?? other.original)
        }
    }

    private var known: [String: [Asked]] = [:]

    /// The names of a report's tasks, by what the report calls them.
    ///
    /// - Parameter source: the report's name, which tells its tasks from others'.
    mutating func names(of report: RunReport, _ source: String) -> [String: String] {
        let evaluations =
            report.results.flatMap(\.evaluations) + (report.quantized ?? []).flatMap(\.evaluations)
        let tasks = Dictionary(grouping: evaluations, by: \.task)
        var names: [String: String] = [:]
        for (task, evaluations) in tasks {
            let parameters = Self.parameters(task, report.job)
            let figures = Self.figures(evaluations)
            var all = known[task] ?? []
            let alike = all.firstIndex {
                $0.parameters == parameters && Self.areAlike($0.figures, figures)
            }
            if let alike {
                all[alike].figures.merge(figures) { $0.filled(with: $1) }
            } else {
                let name = all.isEmpty ? task : "\(task) (\(source))"
                all.append(Asked(name: name, parameters: parameters, figures: figures))
            }
            names[task] = all[alike ?? all.count - 1].name
            known[task] = all
        }
        return names
    }

    /// What a job was told about a task, which the report may call by more than its name; nil where
    /// it was told of none.
    private static func parameters(_ task: String, _ job: JSONValue) -> [JSONValue]? {
        guard case .array(let entries)? = job["evaluate"] else { return nil }
        let name = task.prefix { $0 != " " }
        return entries.filter { $0["task"]?.string.map { $0 == name } ?? false }
    }

    /// Of one task, by metric.
    private static func figures(_ evaluations: [RunReport.Evaluation]) -> [String: Figure] {
        evaluations.reduce(into: [:]) { figures, evaluation in
            var figure = figures[evaluation.metric] ?? Figure()
            figure.original = figure.original ?? evaluation.original
            // How many answers are long enough to repeat themselves is the model's own.
            if !ReportMetric(evaluation).isWriting {
                figure.count = figure.count ?? evaluation.count
            }
            figures[evaluation.metric] = figure
        }
    }

    /// The data are not in a report: a file may be another one under the path it had. But the same
    /// original has the same figures of the same data, to the rounding of another machine.
    private static func areAlike(_ left: [String: Figure], _ right: [String: Figure]) -> Bool {
        left.allSatisfy { metric, figure in
            guard let other = right[metric] else { return true }
            if let count = figure.count, let others = other.count, count != others { return false }
            guard let value = figure.original, let others = other.original else { return true }
            let largest = max(value.magnitude, others.magnitude)
            return value == others || (value - others).magnitude <= 1e-6 * largest
                || value.isNaN && others.isNaN
        }
    }
}
