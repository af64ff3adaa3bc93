// A figure over the share of layers removed: one line per method, the original as reference.

struct LineChartSVG {
    struct Point {
        /// Share of layers removed.
        let ratio: Double
        let layers: Int
        let value: Double
        let stderr: Double?
    }

    struct Series {
        let name: String
        /// By ratio, values finite.
        let points: [Point]
    }

    /// Pixels. Wide drawings name the lines at their ends, narrow ones leave it to a legend.
    struct Frame {
        let width: Double
        let height: Double
        let left: Double
        let right: Double
        let top = 14.0
        let bottom = 50.0
        let isWide: Bool

        static let wide = Frame(width: 1040, height: 420, left: 56, right: 180, isWide: true)
        static let narrow = Frame(width: 380, height: 290, left: 50, right: 16, isWide: false)
    }

    let metric: ReportMetric
    /// Of the original.
    let layers: Int
    let series: [Series]
    /// The original's value, nil where it is not known.
    let original: Double?
    let frame: Frame

    private let vertical: AxisScale
    private let ratioMax: Double

    init(
        metric: ReportMetric, layers: Int, series: [Series], original: Double?, frame: Frame
    ) {
        self.metric = metric
        self.layers = layers
        self.series = series
        self.original = original
        self.frame = frame
        let points = series.flatMap(\.points)
        var values = points.map(\.value)
        for point in points {
            guard let error = point.stderr, error.isFinite else { continue }
            values += [point.value - error, point.value + error]
        }
        if let original { values.append(original) }
        vertical = AxisScale(holding: values, allowsLogarithm: metric.isLowerBetter)
        ratioMax = max((points.map(\.ratio).max() ?? 0) * 1.06, 0.01)
    }

    func render(label: String) -> Markup {
        var body = grid() + ratios()
        for (index, line) in series.enumerated() { body += draw(line, index) }
        if frame.isWide { body += endLabels() }
        let kind = frame.isWide ? "wide" : "narrow"
        return """
            <svg class="chart \(kind)" role="img" aria-label="\(label)" \
            viewBox="0 0 \(frame.width) \(frame.height)">\(body)</svg>
            """
    }

    // MARK: - Places

    private var plotRight: Double { frame.width - frame.right }
    private var plotBottom: Double { frame.height - frame.bottom }

    private func x(_ ratio: Double) -> Double {
        frame.left + ratio / ratioMax * (plotRight - frame.left)
    }

    private func y(_ value: Double) -> Double {
        plotBottom - vertical.share(value) * (plotBottom - frame.top)
    }

    // MARK: - Axes

    private func grid() -> Markup {
        var lines: Markup = ""
        for tick in vertical.ticks {
            let text = metric.isShare ? NumberText.percent(tick) : NumberText.brief(tick)
            lines += """
                <path class="grid" d="M\(frame.left) \(y(tick))H\(plotRight)"/>\
                <text class="tick" x="\(frame.left - 8)" y="\(y(tick) + 4)" \
                text-anchor="end">\(text)</text>
                """
        }
        if let original {
            lines += """
                <path class="reference" d="M\(frame.left) \(y(original))H\(plotRight)"/>
                """
        }
        return lines
    }

    /// The ratios that occur, with the number of layers below each; those that would touch
    /// their left neighbour are left out.
    private func ratios() -> Markup {
        var places: [(ratio: Double, layers: Int)] = []
        for point in series.flatMap(\.points).sorted(by: { $0.ratio < $1.ratio })
        where places.last?.layers != point.layers {
            places.append((point.ratio, point.layers))
        }
        let room = frame.isWide ? 58.0 : 46.0
        var last = x(0) + (frame.isWide ? 8 : 6)
        var marks: Markup = """
            <path class="axis" d="M\(frame.left) \(plotBottom)H\(plotRight)"/>\
            <text class="tick" x="\(x(0))" y="\(plotBottom + 18)" text-anchor="middle">0%</text>\
            <text class="tick faint" x="\(x(0))" y="\(plotBottom + 34)" \
            text-anchor="middle">\(layers) layers</text>
            """
        for place in places {
            let at = x(place.ratio)
            marks += "<path class=\"axis\" d=\"M\(at) \(plotBottom)v5\"/>"
            guard at - last >= room else { continue }
            last = at
            marks += """
                <text class="tick" x="\(at)" y="\(plotBottom + 18)" text-anchor="middle">\
                \(NumberText.percent((place.ratio * 1000).rounded() / 1000))</text>\
                <text class="tick faint" x="\(at)" y="\(plotBottom + 34)" \
                text-anchor="middle">\(place.layers) layers</text>
                """
        }
        return marks
    }

    // MARK: - Lines

    private func draw(_ line: Series, _ index: Int) -> Markup {
        let places = line.points.map { (x($0.ratio), y($0.value)) }
        let start = original.map { [(x(0), y($0))] } ?? []
        var path = ""
        for (index, place) in (start + places).enumerated() {
            path += index == 0 ? "M" : "L"
            path += NumberText.coordinate(place.0) + " " + NumberText.coordinate(place.1)
        }
        var body: Markup = "<path class=\"line\" d=\"\(path)\"/>"
        for (point, place) in zip(line.points, places) {
            if let error = point.stderr, error.isFinite, error > 0 {
                let high = y(point.value + error)
                let low = y(point.value - error)
                body += """
                    <path class="error" d="M\(place.0) \(high)V\(low)M\(place.0 - 4) \(high)h8\
                    M\(place.0 - 4) \(low)h8"/>
                    """
            }
            body += """
                <g><title>\(title(of: point, in: line))</title>\
                <circle class="touch" cx="\(place.0)" cy="\(place.1)" r="12"/>\
                \(Self.marker(index, place.0, place.1))</g>
                """
        }
        return "<g class=\"s\(index % 8) dash\(index / 8 % 3)\">\(body)</g>"
    }

    private func title(of point: Point, in line: Series) -> String {
        var text = "\(line.name.shortened(to: 60)), \(point.layers) layers: "
        text += "\(metric.title.shortened(to: 60)) \(metric.text(point.value))"
        if let original {
            text += " (\(metric.change(from: original, to: point.value)))"
        }
        return text
    }

    /// Shapes tell lines apart where colours do not.
    static func marker(_ index: Int, _ x: Double, _ y: Double) -> Markup {
        switch index % 5 {
        case 0: "<circle class=\"mark\" cx=\"\(x)\" cy=\"\(y)\" r=\"4.5\"/>"
        case 1: "<path class=\"mark\" d=\"M\(x - 4) \(y - 4)h8v8h-8z\"/>"
        case 2: "<path class=\"mark\" d=\"M\(x) \(y - 5.5)l5.5 5.5l-5.5 5.5l-5.5 -5.5z\"/>"
        case 3: "<path class=\"mark\" d=\"M\(x) \(y - 5.5)l5.5 9.5h-11z\"/>"
        default: "<path class=\"mark\" d=\"M\(x) \(y + 5.5)l5.5 -9.5h-11z\"/>"
        }
    }

    /// Names at the ends of the lines, moved apart where they would overlap.
    private func endLabels() -> Markup {
        var labels: [(text: String, style: String, x: Double, y: Double)] = []
        if let original {
            let text = "original \(metric.short(original))"
            labels.append((text, "tick", plotRight, y(original)))
        }
        for (index, line) in series.enumerated() {
            guard let end = line.points.last else { continue }
            let text = line.name.shortened(to: 20)
            labels.append((text, "name s\(index % 8)", x(end.ratio), y(end.value)))
        }
        labels.sort { $0.y < $1.y }
        let gap = min(17, (plotBottom - frame.top) / Double(max(labels.count, 1)))
        var places = labels.map(\.y)
        for index in places.indices.dropFirst() {
            places[index] = max(places[index], places[index - 1] + gap)
        }
        var limit = plotBottom
        for index in places.indices.reversed() {
            places[index] = min(places[index], limit)
            limit = places[index] - gap
        }
        var body: Markup = ""
        for (label, place) in zip(labels, places) {
            let at = plotRight + 14
            if (place - label.y).magnitude > 3 || label.x < plotRight - 40 {
                body += """
                    <path class="leader" d="M\(label.x + 7) \(label.y)L\(at - 4) \(place)"/>
                    """
            }
            body += """
                <text class="\(label.style)" x="\(at)" y="\(place + 4.5)">\(label.text)</text>
                """
        }
        return body
    }
}
