// Every model of a report by size and figures: the original, the folded models, and each of them
// in fewer bits. Pure; the page and the CSV are made from it.

package struct QuantizedTable {
    /// A model on disk.
    package struct Row {
        package let id: String
        /// `original`, or what the folded model is called.
        let model: String
        /// Share of layers removed.
        let ratio: Double
        /// Of what it is quantised by; nil where it is not.
        let quantized: RunReport.Quantized?
        let layers: Int
        let parameters: Int
        package let bytes: Int
        /// Neurons of each MLP; nil where they are the original's.
        let neurons: Int?
        let compressionRatio: Double
        /// As many as the table has metrics; nil where it was not measured.
        let cells: [Figure?]
        let seconds: Double?

        var bytesPerParameter: Double { Double(bytes) / Double(max(1, parameters)) }
    }

    struct Figure {
        let value: Double
        let stderr: Double?
        /// The original's in the same report; nil where it was not measured, and of the original.
        var original: Double?
    }

    let metrics: [ReportMetric]
    /// Each model, and below it what was made of it, in the order of the report.
    package let rows: [Row]

    package init(_ report: RunReport) {
        let quantized = report.quantized ?? []
        let all = report.results.flatMap(\.evaluations) + quantized.flatMap(\.evaluations)
        let metrics = all.map(ReportMetric.init).reduce(into: [ReportMetric]()) {
            if !$0.contains($1) { $0.append($1) }
        }
        func cells(_ evaluations: [RunReport.Evaluation]) -> [Figure?] {
            metrics.map { metric in
                evaluations.first { ReportMetric($0) == metric }.map {
                    Figure(value: $0.value, stderr: $0.stderr, original: $0.original)
                }
            }
        }
        func rows(
            of id: String, model: String, ratio: Double, neurons: Int? = nil
        ) -> [Row] {
            quantized.filter { $0.of == id }.map {
                Row(
                    id: $0.id, model: model, ratio: ratio, quantized: $0, layers: $0.layers,
                    parameters: $0.parameters, bytes: $0.bytes, neurons: neurons,
                    compressionRatio: $0.compressionRatio, cells: cells($0.evaluations),
                    seconds: $0.seconds)
            }
        }
        let original = RunReport.Similarity.original
        let originals = metrics.map { metric -> Figure? in
            let known = all.first { ReportMetric($0) == metric && $0.original != nil }
            return known.flatMap { found in
                found.original.map { Figure(value: $0, stderr: found.originalStderr) }
            }
        }
        let first = Row(
            id: original, model: original, ratio: 0, quantized: nil, layers: report.model.layers,
            parameters: report.model.parameters, bytes: report.model.bytes, neurons: nil,
            compressionRatio: 0, cells: originals, seconds: nil)
        self.metrics = metrics
        self.rows =
            [first] + rows(of: original, model: original, ratio: 0)
            + report.results.flatMap { result in
                [
                    Row(
                        id: result.id, model: result.name, ratio: result.ratioAchieved,
                        quantized: nil, layers: result.layers, parameters: result.parameters,
                        bytes: result.bytes, neurons: result.mlpWidth?.neurons,
                        compressionRatio: result.mlpWidth?.layersShare.map { 1 - $0 }
                            ?? result.ratioAchieved,
                        cells: cells(result.evaluations), seconds: result.seconds)
                ]
                    + rows(
                        of: result.id, model: result.name, ratio: result.ratioAchieved,
                        neurons: result.mlpWidth?.neurons)
            }
    }

    /// The figure that the drawing shows: the first perplexity, else the first.
    var leading: Int? {
        metrics.firstIndex(where: \.isPerplexity) ?? (metrics.isEmpty ? nil : 0)
    }

    /// One row per model, two columns per figure: value and standard error.
    package func csv() -> String {
        var header = [
            "id", "model", "ratio", "quantised", "scheme", "group", "layers", "parameters",
            "bytes", "mlp_neurons", "bytes_per_parameter", "compression_ratio", "seconds",
        ]
        for metric in metrics {
            let name = "\(metric.task).\(metric.metric)"
            header += [name, name + ".stderr"]
        }
        return CSVText.text(
            header: header,
            rows: rows.map { row in
                let fields = [
                    row.id, row.model, NumberText.plain(row.ratio), row.quantized?.name ?? "",
                    row.quantized?.scheme ?? "", row.quantized?.group.map { "\($0)" } ?? "",
                    "\(row.layers)", "\(row.parameters)", "\(row.bytes)",
                    row.neurons.map { "\($0)" } ?? "", NumberText.plain(row.bytesPerParameter),
                    NumberText.plain(row.compressionRatio), CSVText.number(row.seconds),
                ]
                return row.cells.reduce(into: fields) {
                    $0 += [CSVText.number($1?.value), CSVText.number($1?.stderr)]
                }
            })
    }
}
