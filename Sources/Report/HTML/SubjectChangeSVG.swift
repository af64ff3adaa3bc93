// The change of a figure per subject under one fold: bars from the original's value, the largest
// loss on top (the layout of the MKA paper's Figure 6).

struct SubjectChangeSVG {
    struct Bar {
        let name: String
        let original: Double
        let value: Double
        /// Of the difference: both models' errors together, as if they were independent.
        let error: Double?

        var change: Double { value - original }
    }

    let metric: ReportMetric
    let bars: [Bar]

    private static let width = 420.0
    private static let left = 176.0
    private static let right = 14.0
    private static let top = 8.0
    private static let step = 15.0

    init(metric: ReportMetric, bars: [Bar]) {
        self.metric = metric
        let sign: Double = metric.isLowerBetter ? -1 : 1
        self.bars = bars.filter { $0.change.isFinite }.sorted {
            (sign * $0.change, $0.name) < (sign * $1.change, $1.name)
        }
    }

    func render(label: String) -> Markup {
        var ends = [0.0]
        for bar in bars {
            let error = bar.error ?? 0
            ends += [bar.change - error, bar.change + error]
        }
        let scale = AxisScale(holding: ends, allowsLogarithm: false)
        let bottom = Self.top + Double(bars.count) * Self.step
        func x(_ value: Double) -> Double {
            Self.left + scale.share(value) * (Self.width - Self.left - Self.right)
        }
        var body: Markup = ""
        for tick in scale.ticks {
            let text = NumberText.brief(metric.isShare ? tick * 100 : tick)
            body += """
                <path class="grid" d="M\(x(tick)) \(Self.top)V\(bottom)"/>\
                <text class="tick" x="\(x(tick))" y="\(bottom + 16)" \
                text-anchor="middle">\(text)</text>
                """
        }
        for (index, bar) in bars.enumerated() {
            body += draw(bar, y: Self.top + (Double(index) + 0.5) * Self.step, x)
        }
        body += "<path class=\"reference\" d=\"M\(x(0)) \(Self.top)V\(bottom)\"/>"
        return """
            <svg class="chart" role="img" aria-label="\(label)" \
            viewBox="0 0 \(Self.width) \(bottom + 24)">\(body)</svg>
            """
    }

    private func draw(_ bar: Bar, y: Double, _ x: (Double) -> Double) -> Markup {
        let isLoss = metric.isLowerBetter ? bar.change > 0 : bar.change < 0
        let low = min(x(0), x(bar.change))
        let high = max(x(0), x(bar.change))
        let change = metric.change(from: bar.original, to: bar.value)
        var whisker: Markup = ""
        if let error = bar.error, error.isFinite, error > 0 {
            whisker = """
                <path class="error" d="M\(x(bar.change - error)) \(y)H\(x(bar.change + error))"/>
                """
        }
        return """
            <g class="\(isLoss ? "s1" : "s0")"><title>\(bar.name.shortened(to: 60)): \
            \(metric.text(bar.value)) (\(change))</title>\
            <rect class="mark" x="\(low)" y="\(y - 5)" width="\(max(high - low, 1))" \
            height="10"/>\(whisker)</g>\
            <text class="tick" x="\(Self.left - 8)" y="\(y + 4)" text-anchor="end">\
            \(bar.name.shortened(to: 26))</text>
            """
    }
}
