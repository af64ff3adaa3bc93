// The top of the page: what the fold did and what it cost, in words that promise nothing.

extension ReportPage {
    func header(linkingTo sections: [Section]) -> Markup {
        let links = sections.map { section -> Markup in
            "<li><a href=\"#\(section.id)\">\(section.title)</a></li>"
        }
        // Those of single heat maps that decided nothing wait beside the map.
        let warnings = report.warnings.count
        let notice: Markup =
            warnings == 0
            ? ""
            : """
            <p class="notice"><a href="#warnings">\(warnings == 1
                ? "1 warning" : "\(warnings) warnings")</a> to read before using the figures.</p>
            """
        return """
            <header>
            <p class="eyebrow">Layerfold report <span>\(Markup.name(report.name))</span> \
            <span>\(Self.time(report.finished).shortened(to: 40))</span></p>
            <h1>\(headline())</h1>
            \(verdicts())
            \(notice)
            <nav aria-label="Sections"><ul>\(links)</ul></nav>
            </header>
            """
    }

    /// `16 → 12 layers: perplexity 51.7 → 87.2`, or the span of all results.
    private func headline() -> Markup {
        let groups = table.groups
        guard let first = groups.first?.first, let last = groups.last?.first else {
            return "\(report.model.layers) layers looked at, nothing folded"
        }
        var layers = "\(report.model.layers)\u{A0}→\u{A0}\(first.result.layers)"
        // Sizes may differ by their MLPs alone.
        let counts = Set(groups.compactMap { $0.first?.result.layers }).count
        if counts > 1 {
            layers += (counts == 2 ? " and " : " to ") + "\(last.result.layers)"
        }
        guard let column = table.leading, let original = table.originals[column]?.value else {
            return "\(layers) layers: quality not measured"
        }
        let metric = table.metrics[column]
        let best = groups.compactMap { table.foremost(of: $0)?.cells[column]?.value }
        guard let mild = best.first, let strong = best.last else {
            return "\(layers) layers: no figure could be computed"
        }
        var figures = "\(metric.short(original))\u{A0}→\u{A0}\(metric.short(mild))"
        if best.count > 1 {
            figures += (best.count == 2 ? " and " : " to ") + metric.short(strong)
        }
        return "\(layers) layers: \(metric.title.shortened(to: 60)) \(figures)"
    }

    /// One line per size: the best model of it, and an honest word on that.
    private func verdicts() -> Markup {
        guard !report.results.isEmpty else {
            return "<p class=\"lead\">Nothing was folded.</p>"
        }
        guard let column = table.leading else {
            return """
                <p class="lead">Nothing was evaluated, so this report cannot say what the fold \
                cost. Add <code>evaluate</code> to the job to find out.</p>
                """
        }
        let groups = table.groups
        // Beyond eight sizes the table says it better.
        let shown = groups.count <= 8 ? groups : Array(groups.prefix(3) + groups.suffix(3))
        let lines = shown.map { verdict(on: $0, column: column) }
        let rest: Markup =
            shown.count < groups.count
            ? "<p>The \(groups.count - shown.count) sizes in between are in the table.</p>" : ""
        return "<ul class=\"verdicts\">\n\(lines)</ul>\(rest)<p>\(caveat(column))</p>"
    }

    private func verdict(on group: [ComparisonTable.Row], column: Int) -> Markup {
        let metric = table.metrics[column]
        guard let row = table.foremost(of: group),
            let evaluation = row.cells[column]
        else {
            // Of jobs side by side some may have asked for other figures.
            let isMeasured = group.contains { $0.cells[column] != nil }
            return """
                <li class="\(isMeasured ? "broken" : "unknown")">\
                <span class="size">\(size(of: group[0].result))</span>\
                <span class="figure">\(metric.title.shortened(to: 60)) \
                \(isMeasured ? "could not be computed" : "was not measured")</span></li>

                """
        }
        let decisive = Verdict.decisive(row.result.evaluations, leading: evaluation)
        let verdict = decisive?.verdict
        var change = Self.change(evaluation)
        if let other = decisive?.evaluation, other != evaluation {
            let title = ReportMetric(other).title.shortened(to: 60)
            change += "; \(title) \(Self.change(other))"
        }
        let share = 1 - Double(row.result.parameters) / Double(max(report.model.parameters, 1))
        let unjudged =
            evaluation.original?.isFinite == true
            ? "no limits for this figure" : "no original to compare with"
        let of: Markup = group.count > 1 ? ", best of \(group.count)" : ""
        return """
            <li class="\(verdict.map { "\($0)" } ?? "unknown")">\
            <span class="size">\(size(of: row.result))</span>\
            <span class="figure">\(metric.title.shortened(to: 60)) \(change)</span>\
            <span class="word">\(verdict?.words ?? unjudged)</span>\
            <span class="by">\(Markup.name(row.result.name))\(of); \
            \(NumberText.percent((share * 1000).rounded() / 1000)) fewer parameters</span></li>

            """
    }

    /// `16 → 12 layers`, and how wide their MLPs are where they are narrower.
    private func size(of result: RunReport.Result) -> Markup {
        let narrowing = result.mlpWidth.map { ", \($0.words)" } ?? ""
        return "\(report.model.layers) → \(result.layers) layers\(narrowing)"
    }

    private static func change(_ evaluation: RunReport.Evaluation) -> Markup {
        let metric = ReportMetric(evaluation)
        guard let original = evaluation.original else {
            return "\(metric.short(evaluation.value))"
        }
        return """
            \(metric.short(original)) → \(metric.short(evaluation.value)), \
            \(metric.change(from: original, to: evaluation.value))
            """
    }

    /// What the leading figure does not say.
    private func caveat(_ column: Int) -> Markup {
        let metric = table.metrics[column]
        let count = table.rows.lazy.compactMap { $0.cells[column]?.count }.first
        if metric.isPerplexity {
            let size = count.map { " of \(NumberText.grouped($0)) tokens" } ?? ""
            let others = table.metrics.contains { !$0.isPerplexity && !$0.isWriting }
            return """
                Perplexity on one text\(size): how well the model predicts that text, not how \
                well it answers questions.\(others
                    ? "" : " No benchmark was run.")
                """
        }
        if metric.isWriting {
            return """
                Judged by the model's own answers to some prompts: whether they stay what they \
                were, not whether they are right.
                """
        }
        let size = count.map { " over \(NumberText.grouped($0)) questions" } ?? ""
        if metric.isOfWrittenAnswers {
            return """
                Judged by \(metric.title.shortened(to: 60))\(size) alone, whose answers the model \
                wrote.
                """
        }
        return """
            Judged by \(metric.title.shortened(to: 60))\(size) alone. Multiple-choice figures can \
            stay high while a model's text falls apart\(table.metrics.contains(where: \.isWriting)
                ? "." : ": measure a perplexity too, or let it write (task generation).")
            """
    }
}
