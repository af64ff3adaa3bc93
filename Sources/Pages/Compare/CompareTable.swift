// The table of models, and their figures over size.

import Report

extension ComparePage {
    /// Charts below the first.
    private static let smallMax = 8

    func models(_ frame: Frame) -> Markup {
        guard !groups.isEmpty else { return "" }
        let several: Markup =
            groups.count > 1
            ? """
            <p class="notice">The jobs began from different originals: figures compare within a \
            table only.</p>
            """ : ""
        return several + groups.reduce("" as Markup) { $0 + section($1, frame) }
    }

    private func section(_ group: Group, _ frame: Frame) -> Markup {
        var models = group.models
        if let column = sort.column(models.metrics) {
            models = models.sorted(by: column, isDescending: sort.isDescending)
        }
        let others = models.metrics.indices.filter { $0 != models.leading }.prefix(Self.smallMax)
        let small = others.compactMap { index in
            SizeFigure(models, metric: index)?.render(isLeading: false)
        }
        let leading =
            models.leading.flatMap { SizeFigure(models, metric: $0)?.render(isLeading: true) } ?? ""
        let charts: Markup = small.isEmpty ? "" : "<div class=\"charts\">\(small)</div>"
        return """
            <section><h2>Models of \(Markup.name(models.original))</h2>
            \(table(models, frame))
            \(leading)
            \(charts)</section>

            """
    }

    // MARK: Table

    private func table(_ models: ComparedModels, _ frame: Frame) -> Markup {
        let columns: [(ComparedModels.Column, Markup, Markup)] =
            [
                (.model, "Model", ""), (.layers, "Layers", ""),
                (.parameters, "Parameters", ""), (.size, "Size", ""),
            ]
            + models.metrics.enumerated().map { index, metric in
                (
                    .metric(index), Markup.name(metric.title, countMax: 40),
                    "<span class=\"below\">\(metric.direction)</span>"
                )
            }
        let heads = columns.map { head($0, title: $1, below: $2, models, frame) }
        let rows = models.rows.enumerated().map { place, row in
            self.row(row, models, frame, isOriginal: place == 0)
        }
        return """
            <div class="scroll" tabindex="0" role="region" aria-label="Models">
            <table class="beside"><caption>Models by size and figures</caption>
            <thead><tr>\(heads)</tr></thead>
            <tbody>
            \(rows)</tbody></table></div>
            <p class="faint">A click on a heading sorts. Bold: the best of the models with as many \
            layers.</p>
            """
    }

    private func head(
        _ column: ComparedModels.Column, title: Markup, below: Markup, _ models: ComparedModels,
        _ frame: Frame
    ) -> Markup {
        let next = sort.clicked(column, models.metrics)
        let order: Markup =
            sort.column(models.metrics) == column
            ? " aria-sort=\"\(sort.isDescending ? "descending" : "ascending")\"" : ""
        let kind: Markup = column == .model ? "" : " class=\"num\""
        return """
            <th scope="col"\(kind)\(order)>\
            <a href="\(address(frame, jobs.map(\.id), next))">\(title)</a>\(below)</th>
            """
    }

    private func row(
        _ row: ComparedModels.Row, _ models: ComparedModels, _ frame: Frame, isOriginal: Bool
    ) -> Markup {
        let original = models.rows[0]
        let note: Markup =
            row.note.isEmpty ? "" : "<span class=\"below\">\(row.note.shortened(to: 120))</span>"
        let name: Markup =
            row.source.map {
                """
                <a href="\(frame.link("/jobs/\($0)"))">\(Markup.name(row.name, countMax: 60))</a>
                """
            } ?? Markup.name(row.name, countMax: 60)
        func size(_ value: Int, _ first: Int, _ text: String) -> Markup {
            let change = Double(value) / Double(max(first, 1)) - 1
            return isOriginal
                ? "<td class=\"num\">\(text)</td>"
                : """
                <td class="num">\(text)<span class="below">\(NumberText.change(change))</span></td>
                """
        }
        let figures = models.metrics.indices.map { figure(row, $0, models) }
        let kind: Markup = isOriginal ? " class=\"original\"" : ""
        return """
            <tr\(kind)><th scope="row">\(name)\(note)</th><td class="num">\(row.layers)</td>\
            \(size(row.parameters, original.parameters, NumberText.short(row.parameters)))\
            \(size(row.bytes, original.bytes, NumberText.bytes(row.bytes)))\(figures)</tr>

            """
    }

    private func figure(
        _ row: ComparedModels.Row, _ index: Int, _ models: ComparedModels
    ) -> Markup {
        guard let figure = row.figures[index] else { return "<td class=\"num faint\">–</td>" }
        let metric = models.metrics[index]
        var below: [String] = []
        // Of its own job: another one's original may have been measured otherwise.
        if let original = figure.original {
            below.append(metric.change(from: original, to: figure.value))
        }
        if let error = figure.stderr, error.isFinite {
            below.append(
                "± "
                    + NumberText.significant(metric.isShare ? error * 100 : error, digits: 2))
        }
        let text: Markup =
            models.isBest(row, in: index)
            ? "<strong>\(metric.text(figure.value))</strong>" : "\(metric.text(figure.value))"
        let more: Markup =
            below.isEmpty
            ? "" : "<span class=\"below\">\(below.joined(separator: ", "))</span>"
        return "<td class=\"num\">\(text)\(more)</td>"
    }
}
