// Models in fewer bits: one table of every model by size and figures, and what each is worth for
// its bytes.

extension ReportPage {
    func quantized() -> Markup {
        guard report.quantized?.isEmpty == false else { return "" }
        let table = QuantizedTable(report)
        let heads = table.metrics.map { metric -> Markup in
            """
            <th scope="col" class="num">\(Markup.name(metric.title, countMax: 40))\
            <span class="below">\(metric.direction)</span></th>
            """
        }
        let rows = table.rows.map { Self.row($0, table.metrics) }
        return """
            <p>Every model of the job, and what was written of it in fewer bits. All figures are \
            of the files on disk, read back: weights as codes times scales, and activations \
            rounded where the scheme rounds them. The compression is that of layers and bits \
            together, (L − L′/Q)/L: L′ of L layers are left, and a weight has a Q-th of its \
            bits.</p>
            \(Self.scrolling(
                """
                <table class="sortable"><caption>Models by size and figures</caption>
                <thead><tr><th scope="col">Model</th><th scope="col">Numbers</th>\
                <th scope="col" class="num">Layers</th><th scope="col" class="num">Size</th>\
                <th scope="col" class="num">Bytes a parameter</th>\
                <th scope="col" class="num">Compression</th>\(heads)\
                <th scope="col" class="num">Time to make</th></tr></thead>
                <tbody>
                \(rows)</tbody></table>
                """, label: "Table of quantised models"))
            \(isComparison ? "" : Self.file)
            \(Self.chart(table))
            """
    }

    /// The leading figure over bytes, a line for each way to write models.
    private static func chart(_ table: QuantizedTable) -> Markup {
        guard let column = table.leading else { return "" }
        let metric = table.metrics[column]
        var lines: [(name: String, points: [SizeChartSVG.Point])] = []
        for row in table.rows {
            guard let value = row.cells[column]?.value, value.magnitude < valueMax else { continue }
            let name = row.quantized.map { "\($0.name), \($0.schemeText)" } ?? "as it is"
            let point = SizeChartSVG.Point(name: row.id, bytes: row.bytes, value: value)
            if let line = lines.firstIndex(where: { $0.name == name }) {
                lines[line].points.append(point)
            } else {
                lines.append((name, [point]))
            }
        }
        let series = lines.map { line in
            SizeChartSVG.Series(
                name: line.name, points: line.points.sorted { $0.bytes < $1.bytes })
        }
        guard !series.isEmpty else { return "" }
        let title = metric.title.shortened(to: 60)
        func drawing(_ frame: LineChartSVG.Frame) -> Markup {
            SizeChartSVG(metric: metric, series: series, frame: frame).render(
                label: "\(title) over size. Values are in the table of models.")
        }
        let names = series.enumerated().map { index, line -> Markup in
            """
            <li><svg class="s\(index % 8)" width="16" height="16" viewBox="0 0 16 16" \
            aria-hidden="true">\(LineChartSVG.marker(index, 8, 8))</svg>\
            \(Markup.name(line.name, countMax: 60))</li>
            """
        }
        return """
            <figure class="leading">
            <figcaption><strong>\(title)</strong> over the size of the files; \
            \(metric.direction).</figcaption>
            \(drawing(.wide))\(drawing(.narrow))
            <ul class="names">\(names)</ul>
            </figure>
            """
    }

    private static var file: Markup {
        "<p class=\"faint\">The same for programs: <a href=\"quantized.csv\">quantized.csv</a>.</p>"
    }

    private static func row(_ row: QuantizedTable.Row, _ metrics: [ReportMetric]) -> Markup {
        let numbers: Markup =
            row.quantized.map {
                """
                \(Markup.name($0.name, countMax: 40))\
                <span class="below">\($0.schemeText.shortened(to: 60))</span>
                """
            } ?? "<span class=\"faint\">as it is</span>"
        let figures = zip(metrics, row.cells).map { metric, figure -> Markup in
            guard let figure else { return cell("–") }
            let error: Markup =
                figure.stderr.map {
                    $0.isFinite
                        ? "± \(NumberText.significant(metric.isShare ? $0 * 100 : $0, digits: 2))"
                        : ""
                } ?? ""
            return cell("\(metric.text(figure.value))", below: error, sort: figure.value)
        }
        let model: Markup =
            "\(Markup.name(row.model, countMax: 40))"
            + (row.ratio > 0
                ? "<span class=\"below\">\(NumberText.change(-row.ratio)) layers</span>" : "")
        return """
            <tr><th scope="row">\(model)</th><td>\(numbers)</td>\
            \(cell("\(row.layers)", sort: Double(row.layers)))\
            \(cell("\(NumberText.bytes(row.bytes))", sort: Double(row.bytes)))\
            \(cell("\(NumberText.significant(row.bytesPerParameter))", sort: row.bytesPerParameter))\
            \(cell("\(NumberText.percent(row.compressionRatio))", sort: row.compressionRatio))\
            \(figures)\
            \(cell(row.seconds.map { "\(NumberText.seconds($0))" } ?? "–", sort: row.seconds))</tr>

            """
    }
}
