// The results: a table of every folded model beside the original, and a chart per figure.

extension ReportPage {
    func results() -> Markup {
        guard !table.rows.isEmpty else { return "<p>The job asked for no folded model.</p>" }
        var charts: [(Int, Markup)] = []
        for column in order {
            charts.append((column, chart(column, isLeading: column == table.leading)))
        }
        let small = charts.dropFirst().map(\.1)
        let others: Markup =
            small.isEmpty ? "" : "<div class=\"charts\">\(Array(small))</div>"
        return resultTable() + files() + (charts.first?.1 ?? "") + others
    }

    /// The same figures for other programs, beside this page.
    private func files() -> Markup {
        if isComparison { return "" }
        let links = [
            ("report.json", "everything"), ("comparison.csv", "this table"),
            ("report.csv", "a line for each figure"),
        ].map { name, content -> Markup in
            "<li><a href=\"\(name)\">\(name)</a> <span class=\"faint\">\(content)</span></li>\n"
        }
        return "<ul class=\"names\">\n\(links)</ul>"
    }

    /// Columns of figures, the leading one first.
    private var order: [Int] {
        let first = [table.leading].compactMap { $0 }
        return first + table.metrics.indices.filter { !first.contains($0) }
    }

    // MARK: - Table

    /// Columns of figures that paper has room for; where there are more, each model is a block
    /// there, its figures under their names.
    private static let figuresOnPaper = 6
    private var isWide: Bool { table.metrics.count > Self.figuresOnPaper }
    private func name(_ text: String) -> String? { isWide ? text : nil }
    private func name(of column: Int) -> String? { name(table.metrics[column].title) }

    private func resultTable() -> Markup {
        let heads = order.map { column -> Markup in
            let metric = table.metrics[column]
            return """
                <th scope="col" class="num">\(Markup.name(metric.title, countMax: 40))\
                <span class="below">\(metric.direction)</span></th>
                """
        }
        let rows = table.groups.map { group -> Markup in
            let best = table.metrics.indices.map { column in
                group.count > 1 ? table.bestIDs(of: group, column: column) : []
            }
            return group.enumerated().reduce(into: "") { rows, row in
                rows += resultRow(row.element, best: best, isFirst: row.offset == 0)
            }
        }
        let isRanked = table.groups.contains { $0.count > 1 }
        let note: Markup =
            isRanked && !table.metrics.isEmpty
            ? """
            <p class="faint">Bold: the best of the models with as many layers\(
                isNarrowed ? " and as wide MLPs" : "").</p>
            """ : ""
        return Self.scrolling(
            """
            <table class="results sortable\(isWide ? " wide" : "")">
            <caption>Folded models beside the original</caption>
            <thead><tr><th scope="col">Model</th>\
            <th scope="col" class="num">Layers</th>\(Array(heads.prefix(1)))\
            <th scope="col" class="num">Parameters</th><th scope="col" class="num">Size</th>\
            \(Array(heads.dropFirst()))</tr></thead>
            <tbody class="fixed">\(originalRow())</tbody>
            <tbody>
            \(rows)</tbody>
            </table>
            """, label: "Table of results") + note
    }

    private var isNarrowed: Bool { table.rows.contains { $0.result.mlpWidth != nil } }

    private func originalRow() -> Markup {
        let model = report.model
        let figures = order.map { column -> Markup in
            guard let original = table.originals[column] else {
                return Self.cell("–", name: name(of: column))
            }
            let metric = table.metrics[column]
            return Self.cell(
                "\(metric.text(original.value))", below: error(original.stderr, metric),
                name: name(of: column))
        }
        return """
            <tr><th scope="row">original</th>\
            \(Self.cell("\(model.layers)", name: name("Layers")))\
            \(Array(figures.prefix(1)))\
            \(Self.cell("\(NumberText.short(model.parameters))", name: name("Parameters")))\
            \(Self.cell("\(NumberText.bytes(model.bytes))", name: name("Size")))\
            \(Array(figures.dropFirst()))</tr>
            """
    }

    private func resultRow(
        _ row: ComparisonTable.Row, best: [Set<String>], isFirst: Bool
    ) -> Markup {
        let result = row.result
        var layers: Markup = "\(NumberText.change(-result.ratioAchieved))"
        if let narrowing = result.mlpWidth { layers += ", \(narrowing.words)" }
        if let budget = result.budget {
            layers += ", asked \(budget)"
        } else if result.ratio > 0, (result.ratio - result.ratioAchieved).magnitude > 0.0005 {
            layers += ", asked \(NumberText.change(-result.ratio))"
        }
        let figures = order.map { column -> Markup in
            let name = name(of: column)
            guard let evaluation = row.cells[column] else { return Self.cell("–", name: name) }
            return figure(evaluation, isBest: best[column].contains(result.id), name: name)
        }
        let style: Markup = isFirst ? " class=\"first\"" : ""
        return """
            <tr\(style)><th scope="row">\
            \(Markup.name(result.name, countMax: 40))</th>\
            \(Self.cell(
                "\(result.layers)", below: layers, sort: Double(result.layers),
                name: name("Layers")))\
            \(Array(figures.prefix(1)))\
            \(size("Parameters", result.parameters, report.model.parameters, NumberText.short))\
            \(size("Size", result.bytes, report.model.bytes, NumberText.bytes))\
            \(Array(figures.dropFirst()))</tr>

            """
    }

    private func size(
        _ title: String, _ value: Int, _ original: Int, _ text: (Int) -> String
    ) -> Markup {
        let change = Double(value) / Double(max(original, 1)) - 1
        return Self.cell(
            "\(text(value))", below: "\(NumberText.change(change))", sort: Double(value),
            name: name(title))
    }

    private func figure(
        _ evaluation: RunReport.Evaluation, isBest: Bool, name: String?
    ) -> Markup {
        let metric = ReportMetric(evaluation)
        var below: [Markup] = []
        if let original = evaluation.original {
            below.append("\(metric.change(from: original, to: evaluation.value))")
        }
        let error = error(evaluation.stderr, metric)
        if !error.text.isEmpty { below.append(error) }
        return Self.cell(
            "\(metric.text(evaluation.value))",
            below: below.isEmpty ? "" : below.dropFirst().reduce(below[0]) { $0 + ", " + $1 },
            sort: evaluation.value, isBest: isBest, name: name)
    }

    private func error(_ stderr: Double?, _ metric: ReportMetric) -> Markup {
        guard let stderr, stderr.isFinite else { return "" }
        return metric.isShare
            ? "± \(NumberText.fixed(stderr * 100, 1))"
            : "± \(NumberText.significant(stderr, digits: 2))"
    }

    // MARK: - Charts

    /// Beyond this a Double is no place on an axis, but a sign of a broken model.
    static let valueMax = 1e30

    private func chart(_ column: Int, isLeading: Bool) -> Markup {
        let metric = table.metrics[column]
        let series = self.series(column)
        guard !series.isEmpty else { return "" }
        let original = table.originals[column]?.value
        let drawable = original.flatMap { $0.magnitude < Self.valueMax ? $0 : nil }
        func drawing(_ frame: LineChartSVG.Frame) -> Markup {
            LineChartSVG(
                metric: metric, layers: report.model.layers, series: series, original: drawable,
                frame: frame
            ).render(label: "\(title) Values are in the table of results.")
        }
        var title: String {
            "\(metric.title.shortened(to: 60)) over the share of layers removed."
        }
        let names = series.enumerated().map { index, line -> Markup in
            """
            <li><svg class="s\(index % 8)" width="16" height="16" viewBox="0 0 16 16" \
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
            layers removed; \(metric.direction).\
            \(isNarrowed ? " How wide the MLPs are is in the table alone." : "")\
            \(drawable == nil ? "" : " Dashed: the original.")\
            \(hasErrors ? " Bars: one standard error either way." : "")\
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
        for result in report.results where !order.contains(result.name) {
            order.append(result.name)
        }
        for row in table.rows {
            guard let cell = row.cells[column], cell.value.magnitude < Self.valueMax,
                (0...1).contains(row.result.ratioAchieved)
            else { continue }
            let stderr = cell.stderr.flatMap { $0.magnitude < Self.valueMax ? $0 : nil }
            points[row.result.name, default: []].append(
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
