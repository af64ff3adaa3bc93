// Whether sets and measures agree: correlations of similarity matrices, beside those of halves of
// one set, so that a difference between tasks is told from the draw of samples.

extension ReportPage {
    func correlations() -> Markup {
        guard let entries = report.correlations, !entries.isEmpty else { return "" }
        var measures: [String] = []
        for measure in entries.compactMap(\.measure) where !measures.contains(measure) {
            measures.append(measure)
        }
        var body: Markup = """
            <p>How far two heat maps of the same layers agree, from −1 to 1: Pearson compares \
            their values, Spearman their ranks. The diagonal, which most measures give one value, \
            lifts a correlation; the columns without it say more.</p>
            """
        for measure in measures {
            let own = entries.filter { $0.measure == measure }
            let name = Markup.name(measure, countMax: 80)
            body += "<h3>Calibration sets, by \(name)</h3>\n"
            body += Self.pairs(own.filter { $0.between == .sets }, of: "Calibration sets")
            body += Self.halves(own)
        }
        let pairs = entries.filter { $0.between == .measures }
        if !pairs.isEmpty { body += "<h3>Measures</h3>\n" + Self.pairs(pairs, of: "Measures") }
        return body
    }

    private static func pairs(_ entries: [RunReport.Correlation], of what: Markup) -> Markup {
        guard !entries.isEmpty else { return "" }
        let rows = entries.map { entry -> Markup in
            """
            <tr><th scope="row">\(Markup.name(entry.first, countMax: 40))</th>\
            <th scope="row">\(Markup.name(entry.second, countMax: 40))</th>\
            \(figure(entry.whole?.pearson))\(figure(entry.whole?.spearman))\
            \(figure(entry.whole?.pearsonOffDiagonal))\
            \(figure(entry.whole?.spearmanOffDiagonal))</tr>

            """
        }
        return scrolling(
            """
            <table class="sortable"><caption>\(what), each pair: correlation of the similarity \
            of all samples</caption>
            <thead><tr><th scope="col">First</th><th scope="col">Second</th>\
            <th scope="col" class="num">Pearson</th><th scope="col" class="num">Spearman</th>\
            <th scope="col" class="num">Pearson<span class="below">without diagonal</span></th>\
            <th scope="col" class="num">Spearman<span class="below">without diagonal</span></th>\
            </tr></thead>
            <tbody>
            \(rows)</tbody></table>
            """, label: "Table of correlations")
    }

    /// A manifest names no more; a table of more is of no use.
    private static let setsMax = 16

    /// Sets beside sets: the correlation of halves, a set's own two on the diagonal.
    private static func halves(_ entries: [RunReport.Correlation]) -> Markup {
        let own = entries.filter { $0.between == .halves }.prefix(setsMax)
        guard let splits = own.first?.halves?.splits else { return "" }
        let names = own.map(\.first)
        let heads = names.map { name -> Markup in
            "<th scope=\"col\" class=\"num\">\(Markup.name(name, countMax: 40))</th>"
        }
        let rows = names.map { row -> Markup in
            let cells = names.map { column -> Markup in
                let entry = entries.first {
                    ($0.first, $0.second) == (row, column) && $0.halves != nil
                        || ($0.first, $0.second) == (column, row) && $0.halves != nil
                }
                return figure(
                    entry?.halves?.mean.pearsonOffDiagonal,
                    spread: entry?.halves?.spread.pearsonOffDiagonal, isBold: row == column)
            }
            return "<tr><th scope=\"row\">\(Markup.name(row, countMax: 40))</th>\(cells)</tr>\n"
        }
        let intro: Markup = """
            <p>The same between random halves of the sets, drawn \(splits) times: Pearson without \
            the diagonal, mean and standard deviation.</p>
            """
        return intro
            + scrolling(
                """
                <table><caption>Correlation between halves of sets</caption>
                <thead><tr><td></td>\(heads)</tr></thead>
                <tbody>
                \(rows)</tbody></table>
                """, label: "Table of halves") + """
                <p class="faint">Bold: two halves of the same set, which differ by the draw of \
                samples alone. A task matters where two sets agree clearly less than the halves of \
                either; where they agree as well as those do, there is nothing but noise. Halves hold \
                half the samples, so they agree less than whole sets would.</p>
                """
    }

    private static func figure(
        _ value: Double?, spread: Double? = nil, isBold: Bool = false
    ) -> Markup {
        guard let value, value.isFinite else { return cell("–") }
        let error: Markup =
            spread.map { $0.isFinite ? "± \(NumberText.fixed($0, 3))" : "" } ?? ""
        return cell("\(NumberText.fixed(value, 3))", below: error, sort: value, isBest: isBold)
    }
}
