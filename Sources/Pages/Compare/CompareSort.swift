// The order of models, as it stands in the address: `size`, `-layers`, `f.perplexity`.

import Report

package struct CompareSort: Sendable, Hashable {
    /// Whether the greatest comes first.
    package let isDescending: Bool
    /// The word for a column; nil for the order of the reports.
    let word: String?

    /// - Parameter text: of the address; what no table has a column for changes nothing.
    package init(_ text: String?) {
        let text = text.flatMap { $0.isEmpty ? nil : $0 }
        isDescending = text?.hasPrefix("-") ?? false
        word = isDescending ? text.map { String($0.dropFirst()) } : text
    }

    private init(word: String, isDescending: Bool) {
        self.word = word
        self.isDescending = isDescending
    }

    var text: String? { word.map { (isDescending ? "-" : "") + $0 } }

    static func word(_ column: ComparedModels.Column, _ metrics: [ReportMetric]) -> String {
        switch column {
        case .model: "model"
        case .layers: "layers"
        case .parameters: "parameters"
        case .size: "size"
        case .metric(let index): "f.\(metrics[index].title)"
        }
    }

    func column(_ metrics: [ReportMetric]) -> ComparedModels.Column? {
        let columns: [ComparedModels.Column] =
            [.model, .layers, .parameters, .size] + metrics.indices.map { .metric($0) }
        return columns.first { Self.word($0, metrics) == word }
    }

    /// What a click on the head of a column asks for: the reverse where it is by that already.
    func clicked(_ column: ComparedModels.Column, _ metrics: [ReportMetric]) -> CompareSort {
        let isOn = self.column(metrics) == column
        return CompareSort(
            word: Self.word(column, metrics), isDescending: isOn ? !isDescending : false)
    }
}
