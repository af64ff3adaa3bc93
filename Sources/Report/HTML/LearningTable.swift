// What was learnt on calibration samples, and what it came to on samples held back, as tables
// beside the drawing of the plan.

extension ReportPage {
    func learning(_ result: RunReport.Result) -> Markup {
        guard let learning = result.learning else { return "" }
        let way: Markup =
            learning.by == "gradient" ? "gradient descent" : "Bayesian optimisation"
        let unit: Markup = learning.per == "tensor" ? "tensor" : "fold"
        let figure: Markup =
            learning.objective == "kl" ? "KL to the original" : "loss"
        return Self.looks(
            summary: "Weights learned by \(way)",
            """
            One weight for each \(unit); \(figure) in nats per token after \
            \(NumberText.grouped(max(0, learning.steps.count - 1))) steps. The weights of the step \
            with the least figure on samples held back were kept.
            """, caption: "Search for the merge weights",
            columns: ("Step", "Calibration"),
            learning.steps.filter { $0.heldBack != nil }.map { step in
                (
                    Self.step(step.step, isKept: step.step == learning.chosen), step.calibration,
                    step.heldBack
                )
            })
    }

    /// How far the result is from the original, and what else could be in its place.
    func rivals(_ result: RunReport.Result) -> Markup {
        guard let rivals = result.rivals, !rivals.isEmpty else { return "" }
        return Self.looks(
            summary: "Beside what else could be done at this size",
            """
            KL to the original in nats per token, on calibration samples that no fit has seen, and on \
            as many of those that it was fitted to.
            """, caption: "The result and its rivals", columns: ("Model", "Fitted to"),
            rivals.map { (Markup.name($0.name, countMax: 40), $0.fitted, $0.heldBack) })
    }

    func healing(_ result: RunReport.Result) -> Markup {
        guard let healing = result.healing else { return "" }
        return Self.looks(
            summary: "The last pass through the whole model",
            """
            KL to the original in nats per token: over the samples learnt from since the last look, \
            and on samples held back. The tensors of the step with the least figure there were kept.
            """, caption: "Looks at the last pass", columns: ("Step", "Learnt from"),
            healing.looks.map {
                (Self.step($0.step, isKept: $0.step == healing.chosen), $0.fitted, $0.heldBack)
            })
    }

    private static func step(_ step: Int, isKept: Bool) -> Markup {
        let mark: Markup = isKept ? " (kept)" : ""
        return "\(NumberText.grouped(step))\(mark)"
    }

    /// Figures on what was learnt from and on what was held back, side by side.
    private static func looks(
        summary: Markup, _ words: Markup, caption: String, columns: (first: Markup, learnt: Markup),
        _ rows: [(head: Markup, learnt: Double?, heldBack: Double?)]
    ) -> Markup {
        let lines = rows.map { row -> Markup in
            """
            <tr><th scope="row">\(row.head)</th>\
            \(figureCell(row.learnt))\(figureCell(row.heldBack))</tr>

            """
        }
        return """
            <details><summary>\(summary)</summary>
            <p>\(words)</p>
            \(scrolling(
                """
                <table><caption>\(caption)</caption>
                <thead><tr><th scope="col">\(columns.first)</th>\
                <th scope="col" class="num">\(columns.learnt)</th>\
                <th scope="col" class="num">Held back</th></tr></thead>
                <tbody>
                \(lines)</tbody></table>
                """, label: caption))
            </details>
            """
    }

    private static func figureCell(_ value: Double?) -> Markup {
        guard let value else { return cell("–") }
        return cell("\(NumberText.fixed(value, 4))", sort: value)
    }
}
