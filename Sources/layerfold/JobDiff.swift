// What differs between two jobs: values of their manifests with all defaults, and main figures.

import Failures
import Foundation
import Jobs
import Report

enum JobDiff {
    /// A job as flat names with values.
    struct Side: Equatable {
        let id: String
        /// Of the manifest.
        let values: [String: String]
        let figures: Figures
    }

    enum Figures: Equatable {
        case read([String: String])
        /// Why, in words.
        case unread(String)
    }

    struct Difference: Equatable, Encodable {
        /// `compress[0].ratios[0]`, or a model and its figure.
        let what: String
        /// Nil where this job has nothing of the name.
        let first: String?
        let second: String?
    }

    /// Figures are compared where those of both jobs were read: else each would look as if one
    /// job had none.
    static func differences(_ first: Side, _ second: Side) -> [Difference] {
        var pairs = [(first.values, second.values)]
        if case (.read(let one), .read(let other)) = (first.figures, second.figures) {
            pairs.append((one, other))
        }
        return pairs.flatMap { differences($0, $1) }
    }

    private static func differences(
        _ first: [String: String], _ second: [String: String]
    ) -> [Difference] {
        Set(first.keys).union(second.keys)
            .filter { first[$0] != second[$0] }
            .sorted { $0.compare($1, options: .numeric) == .orderedAscending }
            .map { Difference(what: $0, first: first[$0], second: second[$0]) }
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
        values =
            try detail.record.map {
                JobDiff.flattened(
                    try JSONSerialization.jsonObject(
                        with: try $0.description.withoutNotify.canonicalJSON()))
            } ?? [:]
        figures = JobDiff.Figures(detail)
    }

    /// What keeps the figures from being compared, in words; nil: nothing.
    var reason: String? {
        guard case .unread(let reason) = figures else { return nil }
        return "job \(id): no figures were compared: \(reason)"
    }
}

extension JobDiff.Figures {
    fileprivate init(_ detail: JobDetail) {
        guard let folder = detail.resultsDirectory else {
            self = .unread("it has no results")
            return
        }
        do {
            self = .read(Self.values(try ResultPlace.report(in: URL(filePath: folder))))
        } catch {
            self = .unread((error as? Failure)?.message ?? FaultText.describe(error))
        }
    }

    /// Of every model, the original too.
    private static func values(_ report: RunReport) -> [String: String] {
        let models =
            report.results.map { (id: $0.id, layers: $0.layers, figures: $0.evaluations) }
            + (report.quantized ?? []).map {
                (id: $0.id, layers: $0.layers, figures: $0.evaluations)
            }
        var values: [String: String] = [:]
        for model in models {
            values["\(model.id): layers"] = "\(model.layers)"
            for figure in model.figures {
                let title = ReportMetric(figure).title
                values["\(model.id): \(title)"] = ReportText.number(figure.value)
                if let original = figure.original {
                    values["\(RunReport.Similarity.original): \(title)"] =
                        ReportText.number(original)
                }
            }
        }
        return values
    }
}
