// A figure over the size of models as a whole: caption, drawing for wide and for narrow pages, and
// the names of its lines.

/// A chart of one metric over bytes, for a page that has the report's classes of drawings.
package struct SizeFigure {
    private let metric: ReportMetric
    private let series: [SizeChartSVG.Series]
    private let omitted: Int

    /// Lines are told apart by eight colours and three strokes.
    private static let linesMax = 24

    /// Models that were measured; nil where there are none, or no value that could be drawn.
    package init?(_ models: ComparedModels, metric index: Int) {
        var lines: [(name: String, points: [SizeChartSVG.Point])] = []
        var omitted = 0
        for row in models.rows {
            guard let value = row.figures[index]?.value else { continue }
            guard value.magnitude < ReportPage.valueMax, row.bytes >= 0 else {
                omitted += 1
                continue
            }
            let point = SizeChartSVG.Point(
                name: row.note.isEmpty ? row.name : "\(row.name), \(row.note)", bytes: row.bytes,
                value: value)
            if let line = lines.firstIndex(where: { $0.name == row.line }) {
                lines[line].points.append(point)
            } else if lines.count < Self.linesMax {
                lines.append((row.line, [point]))
            } else {
                omitted += 1
            }
        }
        guard !lines.isEmpty else { return nil }
        metric = models.metrics[index]
        self.omitted = omitted
        series = lines.map { line in
            SizeChartSVG.Series(
                name: line.name, points: line.points.sorted { $0.bytes < $1.bytes })
        }
    }

    /// - Parameter isLeading: whether it may take the page's width.
    package func render(isLeading: Bool) -> Markup {
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
            <figure class="\(isLeading ? "leading" : "small")">
            <figcaption><strong>\(title)</strong> over the size of the files; \
            \(metric.direction).\(omitted > 0 ? " \(omitted) models are not drawn." : "")\
            </figcaption>
            \(isLeading ? drawing(.wide) : "")\(drawing(.narrow))
            <ul class="names">\(names)</ul>
            </figure>
            """
    }
}
