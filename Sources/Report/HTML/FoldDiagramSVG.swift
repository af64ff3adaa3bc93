// Which layers of the original went into which layers of the folded model: the original above,
// the folded model below, ribbons as wide as the weights between them.

struct FoldDiagramSVG {
    private let layers: Int
    private let plan: [RunReport.PlanEntry]
    /// Removed layers that live on in each entry of the plan.
    private let takenIn: [[Int]]
    private let pitch: Double
    private let isNumbered: Bool

    private static let boxHeight = 20.0
    private static let ribbonHeight = 74.0

    /// - Parameters:
    ///   - layers: of the original; every layer that the plan names is one of them.
    ///   - takenIn: removed layers that live on in each entry of the plan; none where it is empty.
    init(layers: Int, plan: [RunReport.PlanEntry], takenIn: [[Int]] = []) {
        self.layers = layers
        self.plan = plan
        self.takenIn = takenIn.isEmpty ? plan.map { _ in [] } : takenIn
        // 16 layers fit a phone, 80 a page; a number needs 18 pixels.
        pitch = layers <= 48 ? 22 : 13
        isNumbered = layers <= 48
    }

    private var box: Double { pitch - 4 }
    private var width: Double { Double(max(layers, plan.count)) * pitch - 2 }
    /// Above and below the boxes: a caption, and the numbers where the boxes cannot hold them.
    private var caption: Double { isNumbered ? 22 : 36 }
    private var top: Double { caption }
    private var ribbonTop: Double { top + Self.boxHeight }
    private var ribbonBottom: Double { ribbonTop + Self.ribbonHeight }
    private var height: Double { ribbonBottom + Self.boxHeight + caption }

    func render(label: String) -> Markup {
        """
        <svg class="fold" role="img" aria-label="\(label)" width="\(width)" \
        height="\(height)" viewBox="0 0 \(width) \(height)">\
        <g class="ribbons">\(ribbons())</g>\(originals())\(folded())\
        <g class="tick"><text x="1" y="14">original, \(layers) layers</text>\
        <text x="1" y="\(height - 7)">folded, \(plan.count) layers</text></g></svg>
        """
    }

    // MARK: - Places

    /// Left edge of the box of an original layer.
    private func sourceX(_ layer: Int) -> Double {
        1 + Double(layer) * pitch
    }

    /// Left edge of the box of a folded layer: spread over the same width, so that ribbons of
    /// untouched layers lean little.
    private func targetX(_ index: Int) -> Double {
        let room = width - 2 - box
        let share = plan.count > 1 ? Double(index) / Double(plan.count - 1) : 0.5
        return 1 + room * share
    }

    // MARK: - Parts

    private func originals() -> Markup {
        let used = Set(plan.flatMap(\.from).map(\.layer))
        let taken = Dictionary(
            zip(plan, takenIn).flatMap { entry, layers in layers.map { ($0, entry.into) } },
            uniquingKeysWith: { first, _ in first })
        var boxes: Markup = ""
        for layer in 0..<max(layers, 0) {
            var (style, fate) = ("out", ": left out")
            if used.contains(layer) { (style, fate) = ("from", "") }
            if let into = taken[layer] {
                (style, fate) = ("taken", ": taken into new layer \(into)")
            }
            boxes += square(
                sourceX(layer), top, style: style, number: layer,
                numberY: isNumbered ? top + 14 : top - 6, title: "layer \(layer)\(fate)")
        }
        return boxes
    }

    private func folded() -> Markup {
        var boxes: Markup = ""
        for (index, entry) in plan.enumerated() {
            boxes += square(
                targetX(index), ribbonBottom,
                style: entry.isMerged || !takenIn[index].isEmpty ? "merged" : "kept",
                number: entry.into,
                numberY: ribbonBottom + (isNumbered ? 14 : Self.boxHeight + 14),
                title: title(index))
        }
        return boxes
    }

    private func title(_ index: Int) -> String {
        let entry = plan[index]
        guard !takenIn[index].isEmpty else { return "new layer \(PlanText.equation(entry))" }
        let layers = entry.from.map(\.layer) + takenIn[index]
        return "new layer \(entry.into): the best of \(PlanText.layers(layers.sorted()))"
    }

    private func square(
        _ x: Double, _ y: Double, style: String, number: Int, numberY: Double, title: String
    ) -> Markup {
        let isShown = isNumbered || number % 10 == 0
        let text: Markup =
            isShown
            ? """
            <text x="\(max(x + box / 2, 6))" y="\(numberY)" text-anchor="middle">\(number)</text>
            """ : ""
        return """
            <g class="\(isNumbered ? style : style + " small")"><title>\(title)</title>\
            <rect x="\(x)" y="\(y)" width="\(box)" height="\(Self.boxHeight)" rx="3"/>\(text)</g>
            """
    }

    private func ribbons() -> Markup {
        var paths: Markup = ""
        for (index, entry) in plan.enumerated() {
            // Beyond a million a weight is a mistake; its width is the whole box all the same.
            let weights = entry.from.map { source in
                source.weight.isFinite ? min(source.weight.magnitude, 1e6) : 0
            }
            let whole = max(1, weights.reduce(0, +))
            var offset = targetX(index)
            // A fold whose weights sum to less than one is centred below its ribbons.
            offset += box * (1 - weights.reduce(0, +) / whole) / 2
            for (source, weight) in zip(entry.from, weights) {
                let wide = max(box * weight / whole, 1.2)
                let start = sourceX(source.layer) + (box - wide) / 2
                paths += ribbon(
                    from: start, to: offset, width: wide, style: entry.isMerged ? "merge" : "keep",
                    title: """
                        layer \(source.layer) into new layer \(entry.into), \
                        weight \(NumberText.brief(source.weight))
                        """)
                offset += box * weight / whole
            }
            // How much of each layer lives on is not known here: all are drawn alike.
            let share = box / Double(takenIn[index].count + 1)
            for (place, layer) in takenIn[index].enumerated() {
                paths += ribbon(
                    from: sourceX(layer) + (box - share) / 2,
                    to: targetX(index) + share * Double(place + 1), width: share, style: "take",
                    title: "layer \(layer) taken into new layer \(entry.into)")
            }
        }
        return paths
    }

    private func ribbon(
        from start: Double, to end: Double, width: Double, style: String, title: String
    ) -> Markup {
        let middle = (ribbonTop + ribbonBottom) / 2
        return """
            <path class="\(style)" d="M\(start) \(ribbonTop)C\(start) \(middle) \(end) \(middle) \
            \(end) \(ribbonBottom)h\(width)C\(end + width) \(middle) \(start + width) \(middle) \
            \(start + width) \(ribbonTop)z"><title>\(title)</title></path>
            """
    }
}
