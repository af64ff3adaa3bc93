// Models of several jobs side by side, in the order that is asked for: what a page of them shows.
// Pure.

/// Models of reports about one original, which stands first, with every figure that any has.
package struct ComparedModels: Sendable {
    /// A report, and what it is called where the comparison is shown.
    package struct Source: Sendable {
        package let id: String
        package let report: RunReport

        package init(id: String, report: RunReport) {
            self.id = id
            self.report = report
        }
    }

    package struct Figure: Sendable, Equatable {
        package let value: Double
        /// Standard error, in the unit of the value.
        package let stderr: Double?
        /// The original's, as the job that measured the value measured it; nil where it did not,
        /// and of the original itself.
        package let original: Double?

        fileprivate init(_ figure: QuantizedTable.Figure) {
            (value, stderr, original) = (figure.value, figure.stderr, figure.original)
        }
    }

    package struct Row: Sendable {
        /// `id` of the source; nil for the original.
        package let source: String?
        package let name: String
        /// What was done to it, in a few words; empty for nothing.
        package let note: String
        package let layers: Int
        package let parameters: Int
        package let bytes: Int
        /// As many as there are metrics; nil where it was not measured.
        package let figures: [Figure?]
        /// What is drawn as one line: the job, and the way to write models.
        package let line: String
    }

    /// What rows may be ordered by.
    package enum Column: Hashable, Sendable {
        case model, layers, parameters, size
        case metric(Int)
    }

    /// Of the original, as the first report calls it.
    package let original: String
    package let metrics: [ReportMetric]
    /// The original first.
    package private(set) var rows: [Row]
    /// The metric that headlines are about.
    package let leading: Int?

    /// - Parameter sources: of one original; none twice.
    /// - Throws: `ReportComparisonError`.
    package init(_ sources: [Source]) throws {
        let merged: RunReport
        if sources.count == 1 {
            merged = sources[0].report
        } else {
            merged = try ReportComparison.merge(
                sources.map { ReportComparison.Source($0.report, folder: $0.id) })
        }
        let table = QuantizedTable(merged)
        let paths = Dictionary(
            merged.results.map { ($0.id, $0.path) }
                + (merged.quantized ?? []).map { ($0.id, $0.path) }
        ) { first, _ in first }
        original = merged.model.name
        metrics = table.metrics
        leading = table.leading
        rows = table.rows.enumerated().map { place, row in
            let folder = paths[row.id]?.split(separator: "/").first.map(String.init)
            let source = sources.count == 1 ? sources[0].id : folder
            let how = row.quantized.map { "\($0.name), \($0.schemeText)" }
            // Of folded models the name says it; each job may write the original in its own way.
            let isOriginal = place > 0 && row.quantized?.of == RunReport.Similarity.original
            let job = row.id.prefix { $0 != "/" }
            let name =
                isOriginal && sources.count > 1 ? "\(job): \(row.model)" : row.model
            let gone = row.ratio > 0 ? ["\(NumberText.change(-row.ratio)) layers"] : []
            return Row(
                source: place == 0 ? nil : source, name: name,
                note: (gone + [how].compactMap(\.self)).joined(separator: "; "),
                layers: row.layers, parameters: row.parameters, bytes: row.bytes,
                figures: row.cells.map { $0.map(Figure.init) },
                line: how.map { "\(name), \($0)" } ?? name)
        }
    }

    /// Rows in another order; equal ones, and those without the figure, as they stood, these last.
    package func sorted(by column: Column, isDescending: Bool) -> ComparedModels {
        var result = self
        let others = rows.dropFirst().enumerated().sorted { left, right in
            switch Self.order(left.element, right.element, by: column, isDescending) {
            case 0: left.offset < right.offset
            case let order: order < 0
            }
        }
        result.rows = Array(rows.prefix(1)) + others.map(\.element)
        return result
    }

    /// Negative where `left` comes first.
    private static func order(
        _ left: Row, _ right: Row, by column: Column, _ isDescending: Bool
    ) -> Int {
        func compared<Value: Comparable>(_ left: Value, _ right: Value) -> Int {
            let order = left < right ? -1 : left == right ? 0 : 1
            return isDescending ? -order : order
        }
        switch column {
        case .model: return compared(left.name + "\n" + left.note, right.name + "\n" + right.note)
        case .layers: return compared(left.layers, right.layers)
        case .parameters: return compared(left.parameters, right.parameters)
        case .size: return compared(left.bytes, right.bytes)
        case .metric(let index):
            func value(_ row: Row) -> Double? {
                row.figures[index].flatMap { $0.value.isNaN ? nil : $0.value }
            }
            switch (value(left), value(right)) {
            case (nil, nil): return 0
            case (nil, _?): return 1
            case (_?, nil): return -1
            case (let left?, let right?): return compared(left, right)
            }
        }
    }

    /// The best figure of a metric among models with as many layers as this row; nil where there
    /// is no other, or neither more nor less is better.
    package func isBest(_ row: Row, in metric: Int) -> Bool {
        guard !metrics[metric].isUndirected, row.source != nil, let own = row.figures[metric],
            !own.value.isNaN
        else { return false }
        let rivals = rows.filter { $0.source != nil && $0.layers == row.layers }
        guard rivals.count > 1 else { return false }
        return !rivals.contains { rival in
            rival.figures[metric].map { metrics[metric].isBetter($0.value, than: own.value) }
                ?? false
        }
    }
}
