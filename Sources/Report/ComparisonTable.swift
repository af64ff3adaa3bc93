// Folded models by figures: the layout of the papers' tables (ratio and method down, benchmarks
// across), with the original on top. Pure; the HTML table and the CSV are both made from it.

/// Every result of a report with every figure that any of them has.
package struct ComparisonTable: Sendable, Equatable {
    /// A row: one folded model.
    package struct Row: Sendable, Equatable {
        package var result: RunReport.Result
        /// As many as the table has metrics; nil where this model was not measured.
        package var cells: [RunReport.Evaluation?]
    }

    /// A figure of the model before any fold.
    package struct Original: Sendable, Equatable {
        package var value: Double
        package var stderr: Double?
    }

    /// Columns in the order in which the results first name them.
    package var metrics: [ReportMetric]
    /// As many as the table has metrics; nil where no result knows it.
    package var originals: [Original?]
    /// By number of layers, most first, and by the width of their MLPs, widest first; then in the
    /// order of the report.
    package var rows: [Row]

    package init(_ report: RunReport) {
        self.init(results: report.results)
    }

    package init(results: [RunReport.Result]) {
        var metrics: [ReportMetric] = []
        for evaluation in results.flatMap(\.evaluations) {
            let metric = ReportMetric(evaluation)
            if !metrics.contains(metric) { metrics.append(metric) }
        }
        let ordered = results.enumerated().sorted { left, right in
            (right.element.layers, right.element.neurons, left.offset)
                < (left.element.layers, left.element.neurons, right.offset)
        }
        let rows = ordered.map { _, result in
            Row(
                result: result,
                cells: metrics.map { metric in
                    result.evaluations.first { ReportMetric($0) == metric }
                })
        }
        self.metrics = metrics
        self.rows = rows
        self.originals = metrics.indices.map { column in
            let known = rows.lazy.compactMap { $0.cells[column] }.first { $0.original != nil }
            guard let known, let value = known.original else { return nil }
            return Original(value: value, stderr: known.originalStderr)
        }
    }

    /// The figure that headlines and verdicts are about: the first perplexity, else the first.
    package var leading: Int? {
        metrics.firstIndex(where: \.isPerplexity) ?? (metrics.isEmpty ? nil : 0)
    }

    /// Rows with as many layers and as wide MLPs, largest first: what may fairly be compared.
    package var groups: [[Row]] {
        var groups: [[Row]] = []
        for row in rows {
            if let last = groups.last?.last?.result, last.layers == row.result.layers,
                last.neurons == row.result.neurons
            {
                groups[groups.count - 1].append(row)
            } else {
                groups.append([row])
            }
        }
        return groups
    }

    /// The row of `group` with the best figure in `column`; the first of equals.
    package func best(of group: [Row], column: Int) -> Row? {
        var best: (row: Row, value: Double)?
        for row in group {
            guard let value = row.cells[column]?.value, !value.isNaN else { continue }
            if let known = best, !metrics[column].isBetter(value, than: known.value) { continue }
            best = (row, value)
        }
        return best?.row
    }

    /// Ids of the rows of `group` whose figure in `column` reads like the best one.
    func bestIDs(of group: [Row], column: Int) -> Set<String> {
        let metric = metrics[column]
        guard !metric.isUndirected,
            let best = best(of: group, column: column)?.cells[column]?.value
        else { return [] }
        return Set(
            group.filter { row in
                row.cells[column].map { metric.text($0.value) == metric.text(best) } ?? false
            }.map(\.result.id))
    }

    /// The row of `group` to be named first: the best by the leading figure among those whose own
    /// text has not fallen apart; among all where every one's has.
    package func foremost(of group: [Row]) -> Row? {
        guard let leading else { return nil }
        let whole = group.filter { !Verdict.fellApart($0.result.evaluations) }
        return best(of: whole, column: leading) ?? best(of: group, column: leading)
    }

    /// The model that somebody will want first, of all sizes; the first where none was measured.
    var favourite: Row? { foremost(of: rows) ?? rows.first }

    /// One row per folded model, three columns per figure: value, standard error, change.
    ///
    /// Changes are value minus original, in the unit of the figure.
    package func csv() -> String {
        var header = ReportCSV.modelColumns
        for metric in metrics {
            let name = "\(metric.task).\(metric.metric)"
            header += [name, name + ".stderr", name + ".change"]
        }
        let lines = rows.map { row -> [String] in
            row.cells.reduce(into: ReportCSV.modelFields(row.result)) { fields, cell in
                let change = cell.flatMap { cell in cell.original.map { cell.value - $0 } }
                fields.append(CSVText.number(cell?.value))
                fields.append(CSVText.number(cell?.stderr))
                fields.append(CSVText.number(change))
            }
        }
        return CSVText.text(header: header, rows: lines)
    }
}

extension RunReport.Result {
    /// Of each MLP; those of the original are more than any narrower one's.
    fileprivate var neurons: Int { mlpWidth?.neurons ?? .max }
}
