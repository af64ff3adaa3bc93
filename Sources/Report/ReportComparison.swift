// Several reports about one original become one, whose page shows all models side by side.

import Failures
import JSON

/// Reports that cannot be laid side by side.
enum ReportComparisonError: ClassifiedFailure, Equatable, CustomStringConvertible {
    case tooFew
    case otherOriginal(report: String, model: String, first: String)

    var failureClass: FailureClass { .user }

    var description: String {
        switch self {
        case .tooFew: "give two reports or more"
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
    /// Figures of one name are columns of their own where the reports asked for them with other
    /// parameters, or of other data: they are not the same figures.
    /// - Throws: `ReportComparisonError`.
    package static func merge(_ sources: [Source]) throws -> RunReport {
        guard sources.count > 1, var whole = sources.first?.report else {
            throw ReportComparisonError.tooFew
        }
        if let other = sources.first(where: { $0.report.model.digest != whole.model.digest }) {
            throw ReportComparisonError.otherOriginal(
                report: other.report.name, model: other.report.model.name,
                first: whole.model.name)
        }
        let asked = whole.job["evaluate"]
        let names = unique(sources.map(\.report.name))
        whole.results = zip(sources, names).flatMap { source, name in
            source.report.results.map { result in
                var result = result
                result.label = "\(name): \(result.name)"
                result.id = "\(name)/\(result.id)"
                result.path = source.folder + "/" + result.path
                result.similarityBefore = []
                result.similarityAfter = []
                if source.report.job["evaluate"] != asked {
                    for index in result.evaluations.indices {
                        result.evaluations[index].task += " (\(name))"
                    }
                }
                return result
            }
        }
        whole.job = .object(JSONObject([("name", .string(names.joined(separator: " and ")))]))
        whole.stages = []
        whole.similarity = []
        whole.correlations = nil
        whole.warnings = zip(sources, names).flatMap { source, name in
            source.report.warnings.map { "\(name): \($0)" }
        }
        return whole
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
