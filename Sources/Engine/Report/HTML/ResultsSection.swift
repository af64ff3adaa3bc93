// The results: a table of every folded model beside the original, and a chart per figure.

extension Page {
    func results() -> Markup {
        guard !table.rows.isEmpty else { return "<p>The job asked for no folded model.</p>" }
        var charts: [(Int, Markup)] = []
        let order = [table.leading].compactMap { $0 }
        for column in order + table.metrics.indices.filter({ !order.contains($0) }) {
            charts.append((column, chart(column, isLeading: column == table.leading)))
        }
        let small = charts.dropFirst().map(\.1)
        let others: Markup =
            small.isEmpty ? "" : "<div class=\"charts\">\(Array(small))</div>"
        return resultTable() + (charts.first?.1 ?? "") + others
    }

    // MARK: - Table

    private func resultTable() -> Markup {
        let heads = table.metrics.map { metric -> Markup in
            """
            <th scope="col" class="num">\(Markup.name(metric.title, countMax: 40))\
            <span class="below">\(metric.isLowerBetter ? "lower is better" : "higher is better")\
            </span></th>
            """
        }
        let rows = table.groups.map { group -> Markup in
            let best = table.metrics.indices.map { column in
                group.count > 1 ? table.best(of: group, column: column)?.result.id : nil
            }
            return group.enumerated().reduce(into: "") { rows, row in
                rows += resultRow(row.element, best: best, isFirst: row.offset == 0)
            }
        }
        let isRanked = table.groups.contains { $0.count > 1 }
        let note: Markup =
            isRanked && !table.metrics.isEmpty
            ? "<p class=\"faint\">Bold: the best of the models with as many layers.</p>" : ""
        return Self.scrolling(
            """
            <table class="results sortable">
            <caption>Folded models beside the original</caption>
            <thead><tr><th scope="col">Model</th><th scope="col" class="num">Removed</th>\
            <th scope="col" class="num">Layers</th><th scope="col" class="num">Parameters</th>\
            <th scope="col" class="num">Size</th>\(heads)</tr></thead>
            <tbody class="fixed">\(originalRow())</tbody>
            <tbody>
            \(rows)</tbody>
            </table>
            """, label: "Table of results") + note
    }

    private func originalRow() -> Markup {
        let model = report.model
        let figures = zip(table.metrics, table.originals).map { metric, original -> Markup in
            guard let original else { return Self.cell("–") }
            return Self.cell("\(metric.text(original.value))", below: error(original.stderr, metric))
        }
        return """
            <tr><th scope="row">original</th>\(Self.cell("0%"))\(Self.cell("\(model.layers)"))\
            \(Self.cell("\(NumberText.short(model.parameters))"))\
            \(Self.cell("\(NumberText.bytes(model.bytes))"))\(figures)</tr>
            """
    }

    private func resultRow(
        _ row: ComparisonTable.Row, best: [String?], isFirst: Bool
    ) -> Markup {
        let result = row.result
        let asked: Markup =
            (result.ratio - result.ratioAchieved).magnitude > 0.0005
            ? "asked \(NumberText.percent(result.ratio))" : ""
        let figures = row.cells.enumerated().map { column, evaluation -> Markup in
            guard let evaluation else { return Self.cell("–") }
            return figure(evaluation, isBest: best[column] == result.id)
        }
        let style: Markup = isFirst ? " class=\"first\"" : ""
        return """
            <tr\(style)><th scope="row">\
            \(Markup.name(result.method, countMax: 40))</th>\
            \(Self.cell("\(NumberText.percent(result.ratioAchieved))", below: asked,
                        sort: result.ratioAchieved))\
            \(Self.cell("\(result.layers)", sort: Double(result.layers)))\
            \(size(NumberText.short(result.parameters), result.parameters, report.model.parameters))\
            \(size(NumberText.bytes(result.bytes), result.bytes, report.model.bytes))\
            \(figures)</tr>

            """
    }

    private func size(_ text: String, _ value: Int, _ original: Int) -> Markup {
        let change = Double(value) / Double(max(original, 1)) - 1
        return Self.cell(
            "\(text)", below: "\(NumberText.change(change))", sort: Double(value))
    }

    private func figure(_ evaluation: RunReport.Evaluation, isBest: Bool) -> Markup {
        let metric = Metric(evaluation)
        var below: [Markup] = []
        if let original = evaluation.original {
            below.append("\(metric.change(from: original, to: evaluation.value))")
        }
        let error = error(evaluation.stderr, metric)
        if !error.text.isEmpty { below.append(error) }
        return Self.cell(
            "\(metric.text(evaluation.value))",
            below: below.isEmpty ? "" : below.dropFirst().reduce(below[0]) { $0 + ", " + $1 },
            sort: evaluation.value, isBest: isBest)
    }

    private func error(_ stderr: Double?, _ metric: Metric) -> Markup {
        guard let stderr, stderr.isFinite else { return "" }
        return metric.isShare
            ? "± \(NumberText.fixed(stderr * 100, 1))" : "± \(NumberText.significant(stderr, digits: 2))"
    }

    // MARK: - Charts

    /// Beyond this a Double is no place on an axis, but a sign of a broken model.
    private static let valueMax = 1e30

    private func chart(_ column: Int, isLeading: Bool) -> Markup {
        let metric = table.metrics[column]
        let series = self.series(column)
        guard !series.isEmpty else { return "" }
        let original = table.originals[column]?.value
        let drawable = original.flatMap { $0.magnitude < Self.valueMax ? $0 : nil }
        func drawing(_ frame: LineChartSVG.Frame) -> Markup {
            LineChartSVG(metric: metric, series: series, original: drawable, frame: frame)
                .render(label: "\(title) Values are in the table of results.")
        }
        var title: String {
            "\(metric.title.shortened(to: 60)) over the share of layers removed."
        }
        let names = series.enumerated().map { index, line -> Markup in
            """
            <li class="s\(index % 8)"><svg width="16" height="16" viewBox="0 0 16 16" \
            aria-hidden="true">\(LineChartSVG.marker(index, 8, 8))</svg>\
            \(Markup.name(line.name, countMax: 30))</li>
            """
        }
        let hasErrors = series.contains { $0.points.contains { $0.stderr ?? 0 > 0 } }
        let drawn = series.reduce(0) { $0 + $1.points.count }
        let measured = table.rows.count { $0.cells[column] != nil }
        return """
            <figure class="\(isLeading ? "leading" : "small")">
            <figcaption><strong>\(metric.title.shortened(to: 60))</strong> over the share of \
            layers removed; \(metric.isLowerBetter ? "lower" : "higher") is better. Dashed: the \
            original.\(hasErrors ? " Bars: one standard error either way." : "")\
            \(drawn < measured ? " Values that are no number are not drawn." : "")</figcaption>
            \(isLeading ? drawing(.wide) : "")\(drawing(.narrow))
            <ul class="names">\(names)</ul>
            </figure>
            """
    }

    /// A line per method, in the order of the report.
    private func series(_ column: Int) -> [LineChartSVG.Series] {
        var order: [String] = []
        var points: [String: [LineChartSVG.Point]] = [:]
        for result in report.results where !order.contains(result.method) {
            order.append(result.method)
        }
        for row in table.rows {
            guard let cell = row.cells[column], cell.value.magnitude < Self.valueMax,
                (0...1).contains(row.result.ratioAchieved)
            else { continue }
            let stderr = cell.stderr.flatMap { $0.magnitude < Self.valueMax ? $0 : nil }
            points[row.result.method, default: []].append(
                .init(
                    ratio: row.result.ratioAchieved, layers: row.result.layers,
                    value: cell.value, stderr: stderr))
        }
        return order.compactMap { method in
            guard let line = points[method] else { return nil }
            return .init(name: method, points: line.sorted { $0.ratio < $1.ratio })
        }
    }
}
