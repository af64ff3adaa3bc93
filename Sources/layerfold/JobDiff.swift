// What differs between two jobs: values of their manifests with all defaults, and main figures.

import Foundation
import Jobs
import Report

enum JobDiff {
    /// A job as flat names with values.
    struct Side: Equatable {
        let id: String
        let values: [String: String]
    }

    struct Difference: Equatable, Encodable {
        /// `compress[0].ratios[0]`, or a model and its figure.
        let what: String
        /// Nil where this job has nothing of the name.
        let first: String?
        let second: String?
    }

    static func differences(_ first: Side, _ second: Side) -> [Difference] {
        Set(first.values.keys).union(second.values.keys)
            .filter { first.values[$0] != second.values[$0] }
            .sorted { $0.compare($1, options: .numeric) == .orderedAscending }
            .map {
                Difference(what: $0, first: first.values[$0], second: second.values[$0])
            }
    }

    /// Every value of a tree under its path.
    static func flattened(_ value: Any, _ path: String = "") -> [String: String] {
        if let map = value as? [String: Any] {
            return merged(
                map.map { flattened($1, path.isEmpty ? $0 : "\(path).\($0)") })
        }
        if let list = value as? [Any] {
            return merged(list.enumerated().map { flattened($1, "\(path)[\($0)]") })
        }
        return [path: "\(value)"]
    }

    private static func merged(_ parts: [[String: String]]) -> [String: String] {
        parts.reduce(into: [:]) { $0.merge($1) { first, _ in first } }
    }
}

extension JobDiff.Side {
    init(_ detail: JobDetail) throws {
        id = detail.summary.id
        var values: [String: String] = [:]
        if let description = detail.record?.description {
            values = JobDiff.flattened(
                try JSONSerialization.jsonObject(
                    with: try description.withoutNotify.canonicalJSON()))
        }
        if let folder = detail.resultsDirectory,
            let report = try? ResultPlace.report(folder, state: "")
        {
            for result in report.results {
                values["\(result.id): layers"] = "\(result.layers)"
                for evaluation in result.evaluations {
                    let metric = ReportMetric(task: evaluation.task, metric: evaluation.metric)
                    values["\(result.id): \(metric.title)"] = ReportText.number(evaluation.value)
                }
            }
        }
        self.values = values
    }
}
