// What the models wrote: a few answers beside the original's.

extension ReportPage {
    func answers() -> Markup {
        let figures = table.rows.compactMap { row -> Markup? in
            guard let answers = row.result.answers, !answers.isEmpty else { return nil }
            return figure(row.result, answers)
        }
        guard !figures.isEmpty else { return "" }
        return """
            <p>Two prompts for each model, chosen by rule: the answer as near to the original's as \
            half of all are, and of the others the one that repeats itself most.</p>
            \(Self.gallery(figures, style: "class=\"answers\"", noun: "models"))
            """
    }

    private func figure(_ result: RunReport.Result, _ answers: [RunReport.Answer]) -> Markup {
        let name = Markup.name(result.name, countMax: 40)
        let rows = answers.map { answer -> Markup in
            """
            <tr><th scope="row">\(Self.text(answer.prompt))\
            <span class="below">\(answer.title)</span></th>\
            <td>\(Self.text(answer.original))</td><td>\(Self.text(answer.folded))</td></tr>

            """
        }
        return """
            <figure>
            <figcaption><strong>\(name), \
            \(report.model.layers) → \(result.layers) layers</strong></figcaption>
            \(Self.scrolling(
                """
                <table><thead><tr><th scope="col">Prompt</th><th scope="col">Original</th>\
                <th scope="col">Folded</th></tr></thead>
                <tbody>
                \(rows)</tbody></table>
                """, label: "Answers beside the original's"))
            </figure>
            """
    }

    /// A text of any length and language, its lines as they are.
    private static func text(_ text: String) -> Markup {
        text.isEmpty
            ? "<span class=\"faint\">(nothing)</span>" : "<bdi>\(text.shortened(to: 4000))</bdi>"
    }
}
