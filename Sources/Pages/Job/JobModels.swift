// The models of a job with their figures, and lines that load them: of its report.json.

package import Report

/// What results hold, as far as it can be told.
package enum JobResults: Sendable {
    /// There are none yet, or no longer.
    case none
    /// They are there, and their report.json cannot be read: why, in words.
    case unreadable(String)
    case models(JobModels)
}

package struct JobModels: Sendable {
    struct Row: Sendable {
        let name: String
        let detail: String
        /// Of the folder, as the visitor's programs find it.
        let path: String
        /// Lines for llama.cpp; nil where it reads no such folder.
        let llamaCpp: String?
        let layers: Int
        let parameters: Int
        let bytes: Int
        /// In the order of `metrics`.
        let figures: [RunReport.Evaluation?]
    }

    let original: RunReport.Model
    let originals: [Double?]
    let metrics: [ReportMetric]
    let rows: [Row]
    let omitted: Int
    let warnings: [String]

    private static let rowsMax = 200
    private static let metricsMax = 12
    private static let warningsMax = 20

    /// - Parameter folder: where report.json lies, for paths that other programs are given.
    package init(_ report: RunReport, folder: String) {
        original = report.model
        let evaluations =
            report.results.flatMap(\.evaluations)
            + (report.quantized ?? []).flatMap(\.evaluations)
        var metrics: [ReportMetric] = []
        for evaluation in evaluations where metrics.count < Self.metricsMax {
            let metric = ReportMetric(evaluation)
            if !metrics.contains(metric) { metrics.append(metric) }
        }
        self.metrics = metrics
        originals = metrics.map { metric in
            evaluations.first { ReportMetric($0) == metric && $0.original != nil }?.original
        }
        func figures(_ all: [RunReport.Evaluation]) -> [RunReport.Evaluation?] {
            metrics.map { metric in all.first { ReportMetric($0) == metric } }
        }
        let folded = report.results.map { result in
            let amount = result.budget ?? NumberText.percent(result.ratio) + " fewer layers"
            return Row(
                name: result.id, detail: "\(result.name), \(amount)",
                path: Self.path(folder, result.path),
                llamaCpp: result.exports?.first.map {
                    LoadingText.llamaCpp(file: Self.path(folder, $0.path).shortened(to: 1_000))
                } ?? LoadingText.llamaCpp(Self.path(folder, result.path).shortened(to: 1_000)),
                layers: result.layers,
                parameters: result.parameters, bytes: result.bytes,
                figures: figures(result.evaluations))
        }
        let quantized = (report.quantized ?? []).map { model in
            Row(
                name: model.id, detail: "\(model.name), \(model.schemeText)",
                path: Self.path(folder, model.path), llamaCpp: nil, layers: model.layers,
                parameters: model.parameters, bytes: model.bytes,
                figures: figures(model.evaluations))
        }
        rows = Array((folded + quantized).prefix(Self.rowsMax))
        omitted = folded.count + quantized.count - rows.count
        warnings = report.warnings
    }

    private static func path(_ folder: String, _ path: String) -> String { "\(folder)/\(path)" }

    // MARK: For people

    var markup: Markup {
        guard !rows.isEmpty else {
            return "<p>Nothing was folded or quantised: the report has what was made.</p>\(notices)"
        }
        let heads = metrics.map { metric -> Markup in
            """
            <th scope="col" class="num">\(Markup.name(metric.title, countMax: 40))\
            <span class="below">\(metric.direction)</span></th>
            """
        }
        let first = zip(metrics, originals).map { metric, value -> Markup in
            Self.cell(metric, value.map(metric.text) ?? "–")
        }
        let more: Markup =
            omitted > 0 ? "<p class=\"faint\">\(omitted) more models are in the report.</p>" : ""
        return """
            <div class="scroll" tabindex="0" role="region" aria-label="Models and figures">
            <table class="models"><caption>Models by size and figures</caption>
            <thead><tr><th scope="col">Model</th><th scope="col" class="num">Layers</th>\
            <th scope="col" class="num">Parameters</th><th scope="col" class="num">Size</th>\(heads)\
            </tr></thead>
            <tbody>
            <tr><th scope="row">\(Markup.name(original.name, countMax: 60))\
            <span class="below">the original</span></th>\
            <td class="num">\(original.layers)</td>\
            <td class="num">\(NumberText.short(original.parameters))</td>\
            <td class="num">\(NumberText.bytes(original.bytes))</td>\(first)</tr>
            \(rows.map(row))</tbody></table></div>
            \(more)\(notices)
            <h3>Load them</h3>
            \(rows.map(Self.loading))
            """
    }

    private var notices: Markup {
        guard !warnings.isEmpty else { return "" }
        let items = warnings.prefix(Self.warningsMax).map { text -> Markup in
            "<li>\(text.shortened(to: 600))</li>"
        }
        let count = warnings.count
        return """
            <details class="warnings"><summary>\(count == 1 ? "1 warning" : "\(count) warnings") \
            to read before using the figures</summary><ul>\(items)</ul></details>
            """
    }

    private func row(_ row: Row) -> Markup {
        let figures = zip(metrics, row.figures).map { metric, figure -> Markup in
            guard let figure else { return Self.cell(metric, "–") }
            let change = figure.original.map { metric.change(from: $0, to: figure.value) }
            return Self.cell(metric, metric.text(figure.value), below: change)
        }
        return """
            <tr><th scope="row">\(Markup.name(row.name, countMax: 60))\
            <span class="below">\(row.detail.shortened(to: 100))</span></th>\
            <td class="num" data-name="Layers">\(row.layers)</td>\
            <td class="num" data-name="Parameters">\(NumberText.short(row.parameters))</td>\
            <td class="num" data-name="Size">\(NumberText.bytes(row.bytes))</td>\(figures)</tr>

            """
    }

    private static func cell(_ metric: ReportMetric, _ text: String, below: String? = nil) -> Markup
    {
        let second: Markup = below.map { "<span class=\"below\">\($0)</span>" } ?? ""
        return """
            <td class="num" data-name="\(metric.title.shortened(to: 40))">\(text)\(second)</td>
            """
    }

    private static func loading(_ row: Row) -> Markup {
        let path = row.path.shortened(to: 1_000)
        var blocks: [(String, String)] = [
            ("Python transformers", LoadingText.transformers(path)),
            ("vLLM", LoadingText.vllm(path)),
        ]
        if let lines = row.llamaCpp { blocks.append(("llama.cpp", lines)) }
        let texts = blocks.map { title, text -> Markup in
            """
            <h4>\(title)</h4><div class="copied"><pre tabindex="0"><code>\(text)</code></pre></div>

            """
        }
        return """
            <details><summary>\(Markup.name(row.name, countMax: 60)) \
            <span class="faint">\(row.path.shortened(to: 300))</span></summary>
            \(texts)</details>

            """
    }
}
