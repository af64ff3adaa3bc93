// Heat maps of similarity: per measure the original and every folded model, in the same colours
// where that leaves each map enough of them.

extension ReportPage {
    func similarity() -> Markup {
        var kinds: [String] = []
        for similarity in report.similarity where !kinds.contains(Self.kind(similarity)) {
            kinds.append(Self.kind(similarity))
        }
        guard !kinds.isEmpty else { return "" }
        let intro: Markup = """
            <p>Each square compares two layers by what they make of the calibration texts: the \
            lighter, the more alike. Blocks of light squares are layers that can stand in for \
            one another. The diagonal, a layer beside itself, is left out of the colours.</p>
            """
        return kinds.reduce(into: intro) { body, kind in body += maps(of: kind) }
    }

    private static func kind(_ similarity: RunReport.Similarity) -> String {
        guard let reading = similarity.reading else { return similarity.measure }
        return "\(similarity.measure), \(reading) reading"
    }

    private func maps(of kind: String) -> Markup {
        let maps = report.similarity.filter { Self.kind($0) == kind }
        let common = Self.commonRange(maps)
        let cell = HeatMapSVG.cell(layers: maps.map(\.matrix.count).max() ?? 0)
        let width = HeatMapSVG.width(columns: maps.map(\.matrix.count).max() ?? 0, cell: cell)
        let style: Markup = "class=\"maps\" style=\"--map: \(width)px\""
        let figures = maps.map { figure($0, common: common, cell: cell, kind: kind) }
        let key: Markup =
            if let common {
                """
                <div class="scale">\(Self.legend(common))<p class="faint">One scale for \
                \(maps.count == 1 ? "the map" : "all \(maps.count) maps")</p></div>
                """
            } else {
                """
                <p class="faint">The maps differ too much for one scale: each has its own, so \
                compare their patterns, not their colours.</p>
                """
            }
        return """
            <h3>\(Markup.name(kind, countMax: 80))</h3>
            \(key)
            \(Self.gallery(figures, style: style, noun: "maps"))
            """
    }

    /// The range of all `maps`, nil where it would leave one of them less than half the colours.
    private static func commonRange(_ maps: [RunReport.Similarity]) -> ClosedRange<Double>? {
        guard let common = HeatMapSVG.range(of: maps) else { return 0...0 }
        let whole = common.upperBound - common.lowerBound
        let isFair = maps.allSatisfy { map in
            guard let range = HeatMapSVG.range(of: [map]) else { return true }
            // A map of two layers has one value, which any scale shows.
            return map.matrix.count < 3 || range.upperBound - range.lowerBound >= whole / 2
        }
        return isFair ? common : nil
    }

    private static func legend(_ range: ClosedRange<Double>) -> Markup {
        let low = NumberText.significant(range.lowerBound)
        let high = NumberText.significant(range.upperBound)
        return HeatMapSVG.legend(
            range: range, label: "Colours from \(low), dark, to \(high), light")
    }

    private func figure(
        _ similarity: RunReport.Similarity, common: ClosedRange<Double>?, cell: Double,
        kind: String
    ) -> Markup {
        let count = similarity.matrix.count
        let title = self.title(similarity)
        let label = """
            Similarity of \(count) layers by \(kind.shortened(to: 80)), \
            \(title.shortened(to: 80)); the values are in \
            \(count <= Self.tableMax ? "the table below" : "report.json").
            """
        let range = common ?? HeatMapSVG.range(of: [similarity]) ?? 0...0
        let map = HeatMapSVG(similarity: similarity, range: range, cell: cell)
        let legend: Markup = common == nil ? Self.legend(range) : ""
        return """
            <figure>
            <figcaption><strong>\(Markup.name(title, countMax: 60))</strong>\
            <span class="below">\(description(similarity))</span></figcaption>
            \(Self.scrolling(map.render(label: label), label: "Heat map"))\(legend)
            \(values(similarity))
            </figure>
            """
    }

    func title(_ similarity: RunReport.Similarity) -> String {
        if let set = similarity.set {
            let samples = similarity.samples.map { ", \(NumberText.grouped($0)) samples" } ?? ""
            return set + samples
        }
        if similarity.of == RunReport.Similarity.original {
            return "Original, \(similarity.matrix.count) layers"
        }
        let result = report.results.first { $0.id == similarity.of }
        let name = result?.name ?? similarity.of
        return "After \(name), \(similarity.matrix.count) layers"
    }

    /// The range of this map, and how well conditioned its kernel matrices were.
    private func description(_ similarity: RunReport.Similarity) -> Markup {
        guard let range = HeatMapSVG.range(of: [similarity]) else { return "no values" }
        var text = """
            \(NumberText.significant(range.lowerBound)) to \
            \(NumberText.significant(range.upperBound))
            """
        let known = similarity.conditionNumbers
        if let worst = known.max() {
            let poor = known.count { !($0 <= Self.conditionMax) }
            text += "; condition numbers up to \(NumberText.significant(worst))"
            if poor > 0 { text += ", \(poor) of \(known.count) above 2,000" }
        }
        return "\(text)"
    }

    /// The limit that the MKA paper gives for kernel matrices.
    private static let conditionMax = 2000.0
    /// Tables of more layers help nobody; report.json has them.
    private static let tableMax = 40

    /// The map as a table, for readers who cannot see or hover.
    private func values(_ similarity: RunReport.Similarity) -> Markup {
        let count = similarity.matrix.count
        guard count > 0, count <= Self.tableMax else { return "" }
        func layer(_ index: Int) -> String {
            guard similarity.layers.indices.contains(index) else { return String(index) }
            return similarity.layers[index].shortened(to: 12)
        }
        let heads = (0..<count).map { "<th scope=\"col\">\(layer($0))</th>" as Markup }
        let rows = similarity.matrix.enumerated().map { index, row -> Markup in
            let cells = row.map { value -> Markup in
                "<td>\(value.isFinite ? NumberText.fixed(value, 3) : "–")</td>"
            }
            return "<tr><th scope=\"row\">\(layer(index))</th>\(cells)</tr>\n"
        }
        return """
            <details><summary>Values</summary>\(Self.scrolling("""
                <table class="matrix"><thead><tr><td></td>\(heads)</tr></thead>
                <tbody>\(rows)</tbody></table>
                """, label: "Values of the heat map"))</details>
            """
    }
}
