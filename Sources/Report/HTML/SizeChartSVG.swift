// A figure over the bytes of a model: one line for each way to write models, so that a deeper model
// in fewer bits is seen beside a shallower one in more.

struct SizeChartSVG {
    struct Point {
        let name: String
        let bytes: Int
        let value: Double
    }

    struct Series {
        let name: String
        /// By bytes, values finite.
        let points: [Point]
    }

    let metric: ReportMetric
    let series: [Series]
    let frame: LineChartSVG.Frame
    private let vertical: AxisScale
    private let horizontal: AxisScale

    init(metric: ReportMetric, series: [Series], frame: LineChartSVG.Frame) {
        self.metric = metric
        self.series = series
        self.frame = frame
        let points = series.flatMap(\.points)
        vertical = AxisScale(
            holding: points.map(\.value), allowsLogarithm: metric.isLowerBetter)
        horizontal = AxisScale(
            holding: points.map { Double($0.bytes) / Self.unit }, allowsLogarithm: false,
            ticksAbout: frame.isWide ? 6 : 4)
    }

    /// Axes count MiB, whose marks are round.
    private static let unit = 1_048_576.0

    func render(label: String) -> Markup {
        var body = grid()
        for (index, line) in series.enumerated() { body += draw(line, index) }
        return """
            <svg class="chart \(frame.isWide ? "wide" : "narrow")" role="img" \
            aria-label="\(label)" viewBox="0 0 \(frame.width) \(frame.height)">\(body)</svg>
            """
    }

    private var plotRight: Double { frame.width - frame.right }
    private var plotBottom: Double { frame.height - frame.bottom }

    private func x(_ mebibytes: Double) -> Double {
        frame.left + horizontal.share(mebibytes) * (plotRight - frame.left)
    }

    private func y(_ value: Double) -> Double {
        plotBottom - vertical.share(value) * (plotBottom - frame.top)
    }

    private func grid() -> Markup {
        var lines: Markup = "<path class=\"axis\" d=\"M\(frame.left) \(plotBottom)H\(plotRight)\"/>"
        for tick in vertical.ticks {
            let text = metric.isShare ? NumberText.percent(tick) : NumberText.brief(tick)
            lines += """
                <path class="grid" d="M\(frame.left) \(y(tick))H\(plotRight)"/>\
                <text class="tick" x="\(frame.left - 8)" y="\(y(tick) + 4)" \
                text-anchor="end">\(text)</text>
                """
        }
        for tick in horizontal.ticks {
            lines += """
                <path class="axis" d="M\(x(tick)) \(plotBottom)v5"/>\
                <text class="tick" x="\(x(tick))" y="\(plotBottom + 18)" \
                text-anchor="middle">\(NumberText.brief(tick)) MiB</text>
                """
        }
        return lines
    }

    private func draw(_ line: Series, _ index: Int) -> Markup {
        let places = line.points.map { (x(Double($0.bytes) / Self.unit), y($0.value)) }
        let path = places.enumerated().map { index, place in
            (index == 0 ? "M" : "L") + NumberText.coordinate(place.0) + " "
                + NumberText.coordinate(place.1)
        }.joined()
        var body: Markup = "<path class=\"line\" d=\"\(path)\"/>"
        for (point, place) in zip(line.points, places) {
            let title =
                "\(point.name.shortened(to: 60)), \(NumberText.bytes(point.bytes)): "
                + "\(metric.title.shortened(to: 60)) \(metric.text(point.value))"
            body += """
                <g><title>\(title)</title>\
                <circle class="touch" cx="\(place.0)" cy="\(place.1)" r="12"/>\
                \(LineChartSVG.marker(index, place.0, place.1))</g>
                """
        }
        return "<g class=\"s\(index % 8) dash\(index / 8 % 3)\">\(body)</g>"
    }
}
