// Files of results that pages hand out: figures for other programs.

import Report

/// Only these: a folder of results is its owner's, who may put anything into it.
package enum ResultFile: String, Sendable, CaseIterable {
    case report = "report.json"
    case figures = "report.csv"
    case comparison = "comparison.csv"
    case quantized = "quantized.csv"
    case correlations = "correlations.csv"

    package var type: String {
        self == .report ? "application/json" : "text/csv; charset=utf-8"
    }

    /// What it is called beside files of other jobs.
    package func name(ofJob id: String) -> String { "\(id)-\(rawValue)" }

    var content: Markup {
        switch self {
        case .report: "everything"
        case .figures: "a line for each figure"
        case .comparison: "a line for each model"
        case .quantized: "models in fewer bits as well"
        case .correlations: "figures by similarity"
        }
    }
}
