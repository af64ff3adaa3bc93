// The trace of learned merge weights, as a table beside the drawing of the plan.

extension ReportPage {
    func learning(_ result: RunReport.Result) -> Markup {
        guard let learning = result.learning else { return "" }
        let looks = learning.steps.filter { $0.heldBack != nil }
        let lines = looks.map { step -> Markup in
            let mark: Markup = step.step == learning.chosen ? " (kept)" : ""
            return """
                <tr><th scope="row">\(NumberText.grouped(step.step))\(mark)</th>\
                \(Self.figureCell(step.calibration))\(Self.figureCell(step.heldBack))</tr>

                """
        }
        let way: Markup =
            learning.by == "gradient" ? "gradient descent" : "Bayesian optimisation"
        let unit: Markup = learning.per == "tensor" ? "tensor" : "fold"
        let figure: Markup =
            learning.objective == "kl" ? "KL to the original" : "loss"
        return """
            <details><summary>Weights learned by \(way)</summary>
            <p>One weight for each \(unit); \(figure) in nats per token after \
            \(NumberText.grouped(max(0, learning.steps.count - 1))) steps. The weights of the step \
            with the least figure on samples held back were kept.</p>
            \(Self.scrolling(
                """
                <table><caption>Search for the merge weights</caption>
                <thead><tr><th scope="col">Step</th><th scope="col" class="num">Calibration</th>\
                <th scope="col" class="num">Held back</th></tr></thead>
                <tbody>
                \(lines)</tbody></table>
                """, label: "Search for the merge weights"))
            </details>
            """
    }

    private static func figureCell(_ value: Double?) -> Markup {
        guard let value else { return cell("–") }
        return cell("\(NumberText.fixed(value, 4))", sort: value)
    }
}
