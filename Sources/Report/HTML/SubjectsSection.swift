// Figures per subject (MMLU and its like): a sortable table per task, empty where no task has any.

extension ReportPage {
    func subjects() -> Markup {
        table.metrics.indices.reduce(into: "") { body, column in
            let rows = table.rows.filter { $0.cells[column]?.subjects?.isEmpty == false }
            if !rows.isEmpty { body += subjectTable(column, rows) + changes(column, rows) }
        }
    }

    private func subjectTable(_ column: Int, _ rows: [ComparisonTable.Row]) -> Markup {
        let metric = table.metrics[column]
        var names: [String] = []
        var known: Set<String> = []
        var originals: [String: RunReport.Subject] = [:]
        let figures = rows.map { row -> [String: RunReport.Subject] in
            var figures: [String: RunReport.Subject] = [:]
            let cell = row.cells[column]
            for subject in (cell?.categories ?? []) + (cell?.subjects ?? []) {
                figures[subject.name] = subject
                if known.insert(subject.name).inserted { names.append(subject.name) }
                if subject.original != nil { originals[subject.name] = subject }
            }
            return figures
        }
        let heads = rows.map { row -> Markup in
            """
            <th scope="col" class="num">\(Markup.name(row.result.name, countMax: 30))\
            <span class="below">\(row.result.layers) layers</span></th>
            """
        }
        let lines = names.map { name -> Markup in
            let original = originals[name]?.original
            let count = figures.lazy.compactMap { $0[name]?.count }.first
            let cells = figures.map { figures -> Markup in
                guard let figure = figures[name] else { return Self.cell("–") }
                let change: Markup =
                    figure.original.map {
                        "\(metric.change(from: $0, to: figure.value))"
                    } ?? ""
                return Self.cell(
                    "\(metric.text(figure.value))", below: change, sort: figure.value)
            }
            let first: Markup =
                original.map { Self.cell("\(metric.text($0))", sort: $0) } ?? Self.cell("–")
            let size: Markup =
                count.map { Self.cell("\(NumberText.grouped($0))", sort: Double($0)) }
                ?? Self.cell("–")
            return """
                <tr><th scope="row">\(Markup.name(name, countMax: 60))</th>\(size)\(first)\
                \(cells)</tr>

                """
        }
        let title = metric.title.shortened(to: 60)
        return Self.scrolling(
            """
            <table class="subjects sortable">
            <caption>\(title) by subject</caption>
            <thead><tr><th scope="col">Subject</th><th scope="col" class="num">Questions</th>\
            <th scope="col" class="num">original</th>\(heads)</tr></thead>
            <tbody>
            \(lines)</tbody>
            </table>
            """, label: "\(title) by subject")
    }

    /// One picture per folded model: the change of each subject.
    private func changes(_ column: Int, _ rows: [ComparisonTable.Row]) -> Markup {
        let metric = table.metrics[column]
        let figures = rows.compactMap { row -> Markup? in
            let bars = (row.cells[column]?.subjects ?? []).compactMap { subject in
                subject.original.map {
                    SubjectChangeSVG.Bar(
                        name: subject.name, original: $0, value: subject.value,
                        error: Self.errorOfChange(subject))
                }
            }
            guard !bars.isEmpty else { return nil }
            let name = "\(row.result.name.shortened(to: 30)), \(row.result.layers) layers"
            return """
                <figure class="small"><figcaption><strong>\(name)</strong>: change of \
                \(metric.title.shortened(to: 40)) by subject\(metric.isShare ? ", in points" : ""), \
                the largest loss first. Lines: one standard error of the difference either way, as if both errors were \
                independent.</figcaption>
                \(SubjectChangeSVG(metric: metric, bars: bars).render(
                    label: "Change of \(metric.title.shortened(to: 40)) by subject for \(name)."))
                </figure>
                """
        }
        guard !figures.isEmpty else { return "" }
        return Self.gallery(figures, style: "class=\"charts\"", noun: "pictures")
    }

    private static func errorOfChange(_ subject: RunReport.Subject) -> Double? {
        guard let after = subject.stderr, let before = subject.originalStderr else { return nil }
        return (after * after + before * before).squareRoot()
    }
}
