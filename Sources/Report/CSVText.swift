// Comma-separated values by RFC 4180: CRLF line ends, fields quoted where they must be.

enum CSVText {
    static func text(header: [String], rows: [[String]]) -> String {
        ([header] + rows).map { fields in
            precondition(fields.count == header.count, "a row has a field per column")
            return fields.map(field).joined(separator: ",") + "\r\n"
        }.joined()
    }

    /// The shortest decimal that reads back as `value`; empty where there is no number.
    static func number(_ value: Double?) -> String {
        guard let value, value.isFinite else { return "" }
        return NumberText.plain(value)
    }

    /// What makes a spreadsheet compute a cell instead of showing it; the wide forms do so where
    /// Chinese or Japanese is set.
    private static let formulaStarts: Set<Unicode.Scalar> = [
        "=", "+", "-", "@", "\t", "\r", "\n", "\u{FF1D}", "\u{FF0B}", "\u{FF0D}", "\u{FF20}",
    ]

    /// A text that a spreadsheet would take for a formula gets an apostrophe in front, which it
    /// takes for "this is text" (OWASP, "CSV Injection"). Numbers stay numbers.
    private static func harmless(_ text: String) -> String {
        guard let first = text.unicodeScalars.first, formulaStarts.contains(first),
            Double(text)?.isFinite != true
        else { return text }
        return "'" + text
    }

    private static func field(_ text: String) -> String {
        let text = harmless(text)
        let special: Set<Unicode.Scalar> = [",", "\"", "\n", "\r"]
        // A Character may hide a line feed (CR LF is one), a scalar cannot.
        guard text.unicodeScalars.contains(where: special.contains) else { return text }
        var quoted = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" { quoted += "\"" }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted + "\""
    }
}

/// The content of report.csv.
package enum ReportCSV {
    /// What a model is, in the order of `modelFields`.
    static let modelColumns = [
        "id", "method", "ratio", "ratio_achieved", "layers", "parameters", "bytes", "mlp_neurons",
    ]

    /// Neurons of each MLP are told of narrowed models only: of others the width need not be one.
    static func modelFields(_ result: RunReport.Result) -> [String] {
        [
            result.id, result.method, NumberText.plain(result.ratio),
            NumberText.plain(result.ratioAchieved), String(result.layers),
            String(result.parameters), String(result.bytes),
            result.mlpWidth.map { String($0.neurons) } ?? "",
        ]
    }

    /// One row per result and figure; a result without figures has one row without them, a
    /// figure with subjects has a row more for each category and each subject.
    package static func render(_ report: RunReport) -> String {
        let header =
            modelColumns + [
                "task", "metric", "subject", "value", "stderr", "count", "original",
                "original_stderr",
            ]
        var rows: [[String]] = []
        for result in report.results {
            let model = modelFields(result)
            if result.evaluations.isEmpty {
                rows.append(model + Array(repeating: "", count: header.count - model.count))
            }
            for evaluation in result.evaluations {
                let figure = model + [evaluation.task, evaluation.metric]
                rows.append(
                    figure + [
                        "", CSVText.number(evaluation.value), CSVText.number(evaluation.stderr),
                        evaluation.count.map(String.init) ?? "",
                        CSVText.number(evaluation.original),
                        CSVText.number(evaluation.originalStderr),
                    ])
                for subject in (evaluation.categories ?? []) + (evaluation.subjects ?? []) {
                    rows.append(
                        figure + [
                            subject.name, CSVText.number(subject.value),
                            CSVText.number(subject.stderr),
                            subject.count.map(String.init) ?? "",
                            CSVText.number(subject.original),
                            CSVText.number(subject.originalStderr),
                        ])
                }
            }
        }
        return CSVText.text(header: header, rows: rows)
    }
}
