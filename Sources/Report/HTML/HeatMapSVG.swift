// A similarity matrix as squares of colour, and the bar that explains the colours.

struct HeatMapSVG {
    private let similarity: RunReport.Similarity
    private let range: ClosedRange<Double>
    private let cell: Double
    /// Of the layers; shortened here once, not for every square.
    private let names: [String]

    /// - range: values of the darkest and the lightest colour.
    /// - cell: width and height of a square in pixels.
    init(similarity: RunReport.Similarity, range: ClosedRange<Double>, cell: Double) {
        self.similarity = similarity
        self.range = range
        self.cell = cell
        names = similarity.layers.map { $0.shortened(to: 40) }
    }

    private static let axis = 22.0
    /// Room for the halves of labels that stand beside the first row and below the last column.
    private static let top = 4.0
    private static let right = 5.0

    /// The cell size at which a matrix of `layers` rows fits a page: 16 layers fit a phone.
    static func cell(layers: Int) -> Double {
        min(20, max(5, (480 / Double(max(layers, 1))).rounded(.down)))
    }

    /// Of the whole drawing, in pixels.
    static func width(columns: Int, cell: Double) -> Double {
        axis + Double(columns) * cell + right
    }

    /// The least and the greatest finite value off the diagonals, nil where there is none.
    ///
    /// Each layer resembles itself perfectly: with the diagonal in, that one value would leave
    /// few colours for all others.
    static func range(of similarities: [RunReport.Similarity]) -> ClosedRange<Double>? {
        var bounds: (Double, Double)?
        for similarity in similarities {
            for (i, row) in similarity.matrix.enumerated() {
                for (j, value) in row.enumerated() where i != j && value.isFinite {
                    bounds = (min(bounds?.0 ?? value, value), max(bounds?.1 ?? value, value))
                }
            }
        }
        return bounds.map { $0.0...$0.1 }
    }

    func render(label: String) -> Markup {
        let count = similarity.matrix.count
        let columns = similarity.matrix.map(\.count).max() ?? 0
        let width = Self.width(columns: columns, cell: cell)
        let height = Self.top + Double(count) * cell + Self.axis
        var cells: Markup = ""
        for (i, row) in similarity.matrix.enumerated() {
            for (j, value) in row.enumerated() {
                cells += square(i, j, value)
            }
        }
        return """
            <svg class="heat" role="img" aria-label="\(label)" width="\(width)" \
            height="\(height)" viewBox="0 0 \(width) \(height)">\
            <g class="cells" shape-rendering="crispEdges" \
            transform="translate(\(Self.axis) \(Self.top)) scale(\(cell))">\(cells)</g>\
            <g class="tick">\(ticks(rows: count, columns: columns))</g></svg>
            """
    }

    private func square(_ i: Int, _ j: Int, _ value: Double) -> Markup {
        let text = NumberText.significant(value)
        let title: Markup = "<title>layers \(layer(i)) and \(layer(j)): \(text)</title>"
        if i == j {
            return "<path class=\"self\" d=\"M\(j) \(i)h1v1h-1z\">\(title)</path>"
        }
        guard value.isFinite else {
            return "<path class=\"none\" d=\"M\(j) \(i)h1v1h-1z\">\(title)</path>"
        }
        let color = HeatPalette.color(value, in: range)
        return "<path fill=\"\(color)\" d=\"M\(j) \(i)h1v1h-1z\">\(title)</path>"
    }

    /// The name of a layer; its position where the report gives none.
    private func layer(_ index: Int) -> String {
        names.indices.contains(index) ? names[index] : String(index)
    }

    /// The name of a layer where it is short enough for the axis, else its position.
    private func mark(_ index: Int) -> String {
        let name = layer(index)
        let isShort = name.utf8.count <= 3 && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        return isShort && !name.isEmpty ? name : String(index)
    }

    /// Every n-th layer number on the left and below, as many as stay apart.
    private func ticks(rows: Int, columns: Int) -> Markup {
        let steps = [1, 2, 4, 5, 8, 10, 16, 20, 32, 50]
        let step = steps.first { Double($0) * cell >= 17 } ?? 100
        let bottom = Self.top + Double(rows) * cell
        var marks: Markup = ""
        for index in stride(from: 0, to: rows, by: step) {
            let y = Self.top + (Double(index) + 0.5) * cell + 3.5
            let text = mark(index)
            marks += "<text x=\"\(Self.axis - 6)\" y=\"\(y)\" text-anchor=\"end\">\(text)</text>"
        }
        for index in stride(from: 0, to: columns, by: step) {
            let x = Self.axis + (Double(index) + 0.5) * cell
            let text = mark(index)
            marks += "<text x=\"\(x)\" y=\"\(bottom + 15)\" text-anchor=\"middle\">\(text)</text>"
        }
        return marks
    }

    /// A bar of all colours with the values of its ends and its middle.
    static func legend(range: ClosedRange<Double>, label: String) -> Markup {
        let steps = 48
        let width = 240.0
        let step = width / Double(steps)
        var bar: Markup = ""
        for index in 0..<steps {
            let share = Double(index) / Double(steps - 1)
            let color = HeatPalette.color(share, in: 0...1)
            bar += """
                <path fill="\(color)" d="M\(step * Double(index)) 2h\(step)v12h-\(step)z"/>
                """
        }
        let low = NumberText.significant(range.lowerBound)
        let middle = NumberText.significant((range.lowerBound + range.upperBound) / 2)
        let high = NumberText.significant(range.upperBound)
        return """
            <svg class="legend" role="img" aria-label="\(label)" width="240" height="34" \
            viewBox="0 0 240 34"><g shape-rendering="crispEdges">\(bar)</g><g class="tick">\
            <text x="0" y="29">\(low)</text>\
            <text x="120" y="29" text-anchor="middle">\(middle)</text>\
            <text x="240" y="29" text-anchor="end">\(high)</text></g></svg>
            """
    }
}
