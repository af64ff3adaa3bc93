// report.html: one self-contained page in the order in which a person asks. It needs no network
// and no script; the script adds readable tooltips and sorting. The content policy forbids every
// load and every script but ours, should escaping ever fail.

/// Renders a report as a page.
package enum HTMLReport {
    /// The whole file: the same report gives the same bytes.
    ///
    /// - Parameter isComparison: of several reports, see `ReportComparison`: models and files lie
    ///   where those are, and how one of them ran is told there.
    package static func render(_ report: RunReport, isComparison: Bool = false) -> String {
        let page = ReportPage(report, isComparison: isComparison)
        let sections = page.sections()
        let title = report.name.shortened(to: 80)
        let document: Markup = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
            style-src 'unsafe-inline'; script-src '\(ReportScript.policy)'">
            <meta name="color-scheme" content="light dark">
            <meta name="generator" content="layerfold">
            <title>\(title): Layerfold report</title>
            <style>\(ReportStyle.markup)</style>
            </head>
            <body>
            <a class="skip" href="#results">To the results</a>
            \(page.header(linkingTo: sections))
            <main>
            \(sections.map(\.markup))
            </main>
            <footer><p>Made by Layerfold \(Markup.name(report.versions.layerfold)).\
            \(page.programs)</p></footer>
            <script>\(ReportScript.markup)</script>
            </body>
            </html>

            """
        return document.text
    }
}

/// What all sections of the page share.
struct ReportPage {
    let report: RunReport
    let table: ComparisonTable
    /// Of several reports.
    let isComparison: Bool

    init(_ report: RunReport, isComparison: Bool = false) {
        self.report = report
        self.isComparison = isComparison
        self.table = ComparisonTable(report)
    }

    struct Section {
        let id: String
        let title: String
        let body: Markup

        var markup: Markup {
            """
            <section id="\(id)" aria-labelledby="\(id)-title">
            <h2 id="\(id)-title">\(title)</h2>
            \(body)
            </section>

            """
        }
    }

    /// Sections in their order; those without content are left out.
    func sections() -> [Section] {
        [
            Section(id: "asked", title: "What was asked", body: asked()),
            Section(id: "results", title: "What came out", body: results()),
            Section(id: "quantized", title: "In fewer bits", body: quantized()),
            Section(id: "subjects", title: "By subject", body: subjects()),
            Section(id: "answers", title: "What they write", body: answers()),
            Section(id: "similarity", title: "How alike the layers are", body: similarity()),
            Section(
                id: "correlations", title: "Whether sets and measures agree",
                body: correlations()),
            Section(id: "plan", title: "Which layers went into which", body: plans()),
            Section(id: "warnings", title: "Warnings", body: warnings()),
            Section(id: "stages", title: "What ran", body: stages()),
            Section(
                id: "numbers", title: "Numerics and versions", body: isComparison ? "" : numerics()),
            Section(id: "use", title: "How to load a folded model", body: loading()),
            Section(id: "words", title: "Words", body: glossary()),
        ].filter { !$0.body.text.isEmpty }
    }

    fileprivate var programs: Markup {
        isComparison ? "" : " The same figures for programs: <code>report.json</code>."
    }

    // MARK: - Pieces

    /// A box that scrolls by itself where its content is wider than the page.
    static func scrolling(_ content: Markup, label: String) -> Markup {
        """
        <div class="scroll" role="region" tabindex="0" aria-label="\(label)">\(content)</div>
        """
    }

    /// A grid of figures; those beyond the first nine are shown on demand, for nobody scrolls
    /// through seventy drawings.
    static func gallery(_ figures: [Markup], style: Markup, noun: String) -> Markup {
        let shown = Array(figures.prefix(9))
        let rest = Array(figures.dropFirst(9))
        let more: Markup =
            rest.isEmpty
            ? ""
            : """
            <details class="more"><summary>\(rest.count) more \(noun)</summary>
            <div \(style)>\(rest)</div></details>
            """
        return "<div \(style)>\(shown)</div>\(more)"
    }

    /// A table cell: `sort` is the value that sorting goes by, `name` what paper calls it where its
    /// column has no room for a head.
    static func cell(
        _ text: Markup, below: Markup = "", sort: Double? = nil, isBest: Bool = false,
        name: String? = nil
    ) -> Markup {
        let name: Markup = name.map { " data-name=\"\($0.shortened(to: 40))\"" } ?? ""
        let key: Markup = sort.map { $0.isFinite ? " data-v=\"\($0.description)\"" : "" } ?? ""
        let second: Markup = below.text.isEmpty ? "" : "<span class=\"below\">\(below)</span>"
        let first: Markup = isBest ? "<strong>\(text)</strong>" : text
        return "<td class=\"num\"\(key)\(name)>\(first)\(second)</td>"
    }

    /// Terms and what they stand for; entries without content are left out.
    static func definitions(_ entries: [(String, Markup)]) -> Markup {
        let rows = entries.filter { !$0.1.text.isEmpty }.map { term, content -> Markup in
            "<div><dt>\(term)</dt><dd>\(content)</dd></div>\n"
        }
        return "<dl>\n\(rows)</dl>"
    }

    /// `2026-03-02 14:03 UTC` for `2026-03-02T14:03:11Z`; anything else as it is.
    static func time(_ text: String) -> String {
        let parts = text.split(separator: "T", omittingEmptySubsequences: false)
        guard text.utf8.count == 20, text.hasSuffix("Z"), parts.count == 2 else { return text }
        return "\(parts[0]) \(parts[1].prefix(5)) UTC"
    }
}
