// The figures of a finished job in a few lines, and where its report and models lie.

import Foundation
import Report

enum ReportText {
    /// A row for each figure of each model; the first row holds the headers.
    static func rows(_ report: RunReport) -> [[String]] {
        var rows = [["model", "layers", "parameters", "size", "figure", "value", "original"]]
        rows.append([
            "original", "\(report.model.layers)", count(report.model.parameters),
            bytes(report.model.bytes),
        ])
        let quantized = report.quantized ?? []
        func smaller(_ id: String) -> [[String]] {
            quantized.filter { $0.of == id }.flatMap {
                figures(
                    [$0.id, "\($0.layers)", count($0.parameters), bytes($0.bytes)], $0.evaluations)
            }
        }
        rows += smaller(RunReport.Similarity.original)
        for result in report.results {
            rows += figures(
                [result.id, "\(result.layers)", count(result.parameters), bytes(result.bytes)],
                result.evaluations)
            rows += smaller(result.id)
        }
        return rows
    }

    /// A row for each figure of one model.
    private static func figures(
        _ head: [String], _ evaluations: [RunReport.Evaluation]
    ) -> [[String]] {
        if evaluations.isEmpty { return [head] }
        return evaluations.map { evaluation in
            let metric = ReportMetric(task: evaluation.task, metric: evaluation.metric)
            return head + [
                metric.title, number(evaluation.value), evaluation.original.map(number) ?? "",
            ]
        }
    }

    /// Warnings, the page, and the folder of each model.
    static func notes(_ report: RunReport, in folder: URL) -> [String] {
        report.warnings.map { "warning: \($0)" }
            + ["report: " + folder.appending(path: "report.html").path]
            + (report.results.map(\.path) + (report.quantized ?? []).map(\.path)).map {
                "model:  " + folder.appending(path: $0).path
            }
    }

    static func number(_ value: Double) -> String { String(format: "%.4g", value) }

    private static func count(_ value: Int) -> String {
        switch value {
        case ..<10_000: "\(value)"
        case ..<10_000_000: String(format: "%.2f M", Double(value) / 1e6)
        case ..<1_000_000_000: String(format: "%.1f M", Double(value) / 1e6)
        default: String(format: "%.2f G", Double(value) / 1e9)
        }
    }

    private static func bytes(_ value: Int) -> String {
        value < 1 << 30
            ? String(format: "%.1f MiB", Double(value) / Double(1 << 20))
            : String(format: "%.2f GiB", Double(value) / Double(1 << 30))
    }
}
