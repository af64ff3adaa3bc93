// Several reports about one original become one, whose page shows all models side by side.

import Failures
import JSON

/// Reports that cannot be laid side by side.
enum ReportComparisonError: ClassifiedFailure, Equatable, CustomStringConvertible {
    case tooFew
    case twice(report: String)
    case otherOriginal(report: String, model: String, first: String)

    var failureClass: FailureClass { .user }

    var description: String {
        switch self {
        case .tooFew: "give two reports or more"
        case .twice(let report): "the report `\(report)` is named twice"
        case .otherOriginal(let report, let model, let first):
            "the models of `\(report)` were made from `\(model)`, those of the first report from "
                + "`\(first)`, or from other weights of that name: their figures do not compare"
        }
    }
}

package enum ReportComparison {
    /// A report and where its models lie, as seen from the page that will show them.
    package struct Source {
        let report: RunReport
        let folder: String

        package init(_ report: RunReport, folder: String) {
            self.report = report
            self.folder = folder
        }
    }

    /// All models of all reports, each called by its report's name too where these differ.
    ///
    /// Figures of a task are columns of their own where the reports asked for it with other
    /// parameters, or of other data, as the original's figures tell: they are not the same figures.
    /// - Throws: `ReportComparisonError`.
    package static func merge(_ sources: [Source]) throws -> RunReport {
        guard sources.count > 1, var whole = sources.first?.report else {
            throw ReportComparisonError.tooFew
        }
        var folders: Set<String> = []
        if let again = sources.first(where: { !folders.insert($0.folder).inserted }) {
            throw ReportComparisonError.twice(report: again.report.name)
        }
        if let other = sources.first(where: { $0.report.model.digest != whole.model.digest }) {
            throw ReportComparisonError.otherOriginal(
                report: other.report.name, model: other.report.model.name,
                first: whole.model.name)
        }
        let names = unique(sources.map(\.report.name))
        var compared = ComparedTasks()
        let parts = zip(sources, names).map { source, name in
            (source: source, name: name, tasks: compared.names(of: source.report, name))
        }
        whole.results = parts.flatMap { source, name, tasks in
            source.report.results.map { result in
                var result = result
                result.label = "\(name): \(result.name)"
                result.id = "\(name)/\(result.id)"
                result.path = source.folder + "/" + result.path
                result.exports = exports(result.exports, in: source.folder)
                result.similarityBefore = []
                result.similarityAfter = []
                result.evaluations = renamed(result.evaluations, tasks)
                return result
            }
        }
        whole.exports = exports(whole.exports, in: sources[0].folder)
        let quantized = parts.flatMap { source, name, tasks in
            (source.report.quantized ?? []).map { model in
                var model = model
                model.id = "\(name)/\(model.id)"
                if model.of != RunReport.Similarity.original { model.of = "\(name)/\(model.of)" }
                model.path = source.folder + "/" + model.path
                model.evaluations = renamed(model.evaluations, tasks)
                return model
            }
        }
        whole.quantized = quantized.isEmpty ? nil : quantized
        whole.job = .object(JSONObject([("name", .string(names.joined(separator: " and ")))]))
        whole.stages = []
        whole.similarity = []
        whole.correlations = nil
        whole.warnings = zip(sources, names).flatMap { source, name in
            source.report.warnings.map { "\(name): \($0)" }
        }
        return whole
    }

    /// Files beside the models of a report, as seen from the page.
    private static func exports(
        _ exports: [RunReport.Export]?, in folder: String
    ) -> [RunReport.Export]? {
        exports?.map { export in
            var export = export
            export.path = folder + "/" + export.path
            return export
        }
    }

    /// The figures under the names of tasks that they have beside other reports'.
    private static func renamed(
        _ evaluations: [RunReport.Evaluation], _ tasks: [String: String]
    ) -> [RunReport.Evaluation] {
        evaluations.map { evaluation in
            var evaluation = evaluation
            evaluation.task = tasks[evaluation.task] ?? evaluation.task
            return evaluation
        }
    }

    /// Of equal names the later ones get numbers.
    private static func unique(_ names: [String]) -> [String] {
        var taken: Set<String> = []
        return names.map { name in
            var unique = name
            var number = 2
            while !taken.insert(unique).inserted {
                unique = "\(name) \(number)"
                number += 1
            }
            return unique
        }
    }
}
