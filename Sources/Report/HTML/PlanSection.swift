// The plans: a drawing per folded model, and the same in words.

extension ReportPage {
    func plans() -> Markup {
        let figures = table.rows.filter { !$0.result.plan.isEmpty }.map { figure($0.result) }
        guard !figures.isEmpty else { return "" }
        let style: Markup =
            report.model.layers > 24 ? "class=\"plans deep\"" : "class=\"plans\""
        let isTaken = table.rows.contains { !$0.result.takenIn.allSatisfy(\.isEmpty) }
        let taken: Markup =
            isTaken
            ? " Coloured boxes above are layers whose best neurons and heads were taken into another."
            : ""
        return """
            <p>Grey ribbons are layers kept as they are, coloured ones are merged, and as wide as \
            their weights; dashed boxes are layers left out.\(taken)</p>
            \(Self.gallery(figures, style: style, noun: "plans"))
            """
    }

    private func figure(_ result: RunReport.Result) -> Markup {
        let diagram = FoldDiagramSVG(
            layers: report.model.layers, plan: result.plan, takenIn: result.takenIn)
        let summary = PlanText.summary(result)
        let merges = result.plan.filter(\.isMerged).map { entry -> Markup in
            "<li>\(PlanText.equation(entry))</li>"
        }
        let list: Markup =
            merges.isEmpty
            ? ""
            : """
            <details\(merges.count <= 4 ? " open" : "")>\
            <summary>Weights of the new layers</summary><ul class="weights">\(merges)</ul></details>
            """
        return """
            <figure>
            <figcaption><strong>\(Markup.name(result.name, countMax: 40)), \
            \(report.model.layers) → \(result.layers) layers</strong>\
            <span class="below">\(summary)</span></figcaption>
            \(Self.scrolling(
                diagram.render(label: summary), label: "Drawing of the plan"))
            \(list)\(learning(result))\(healing(result))\(rivals(result))
            </figure>
            """
    }
}
