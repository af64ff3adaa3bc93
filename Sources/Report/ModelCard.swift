// README.md of a folded model's folder: what it is, how it was made, what it cost, and what the
// figures do not say. Front matter as model hubs read it. It holds no time of day and no
// duration: the same job gives the same folder, byte for byte.

package enum ModelCard {
    /// The whole file, for one `result` of `report`.
    package static func render(_ report: RunReport, _ result: RunReport.Result) -> String {
        let model = report.model
        let method = MarkdownText.code(result.method)
        return """
            ---
            base_model: \(yamlQuoted(model.name))
            library_name: transformers
            pipeline_tag: text-generation
            tags:
            - layerfold
            - depth-compression
            - \(yamlQuoted(result.method))
            ---

            # \(MarkdownText.escaped(model.name.shortened(to: 80))), folded to \
            \(result.layers) of \(model.layers) \
            layers\(result.mlpWidth.map { ", \($0.words)" } ?? "")

            A \(result.isOnlyNarrower ? "narrower" : "shallower") version of \
            \(MarkdownText.code(model.name)) \
            (\(MarkdownText.code(model.architecture))), made by Layerfold \
            \(MarkdownText.escaped(report.versions.layerfold)) with the method \(method). \
            \(PlanText.summary(result)) It has \(NumberText.grouped(result.parameters)) parameters \
            (\(change(result.parameters, model.parameters)) against the original) in \
            \(NumberText.bytes(result.bytes)), and loads \(places(result)). \
            \(training(result))

            ## Figures

            \(table(result.evaluations))
            \(answers(result))
            ## What the figures do not say

            \(limits(result))

            ## Plan

            | layer | made of |
            | ---: | :--- |
            \(result.plan.map(planRow).joined(separator: "\n"))

            \(removed(result))

            ## How it was made

            - Original: digest `\(MarkdownText.plain(model.digest))`, \(model.layers) layers, \
            \(NumberText.grouped(model.parameters)) parameters, \
            \(MarkdownText.code(model.dtype))
            - Ratio: \(ratio(result))
            - Computed in \(MarkdownText.code(report.numerics.compute)), \
            \(report.numerics.threads) threads, kernels \
            \(MarkdownText.code(report.numerics.kernelLevel))
            - Every parameter of the job is in `report.json` of the job's results

            ## How to load it

            ```python
            \(LoadingText.transformers("."))
            ```
            \(exports(result))
            The licence of the original applies to this model too.

            """
    }

    /// Empty where the model is in no other file.
    private static func exports(_ result: RunReport.Result) -> String {
        guard let exports = result.exports, !exports.isEmpty else { return "" }
        let parts = exports.map { export in
            """

            \(MarkdownText.code(export.path)) beside this folder is the same model as \
            \(export.format.uppercased()), weights in \(MarkdownText.code(export.type)), \
            \(NumberText.bytes(export.bytes)), SHA-256 `\(MarkdownText.plain(export.sha256))`. \
            llama.cpp loads it:

            ```sh
            \(LoadingText.llamaCpp(file: "../" + export.path))
            ```

            """
                + export.caveats.map { "\n- \(MarkdownText.plain($0)).\n" }.joined()
        }
        return parts.joined()
    }

    private static func places(_ result: RunReport.Result) -> String {
        result.caveats.isEmpty
            ? "wherever the original loads"
            : "wherever the original loads, but not everywhere rightly: see below"
    }

    /// What was learned of the calibration texts after the fold; licences may hang on it.
    private static func training(_ result: RunReport.Result) -> String {
        guard let steps = result.healing?.chosen, steps > 0 else {
            return "It was not trained further."
        }
        return """
            After the fold its layers were trained for \
            \(steps == 1 ? "one step" : "\(NumberText.grouped(steps)) steps") on the calibration \
            texts, towards the original's predictions.
            """
    }

    private static func change(_ value: Int, _ original: Int) -> String {
        NumberText.change(Double(value) / Double(max(original, 1)) - 1)
    }

    /// Figures beside the original's.
    static func table(_ evaluations: [RunReport.Evaluation]) -> String {
        guard !evaluations.isEmpty else { return "This model was not evaluated." }
        let rows = evaluations.map { evaluation -> String in
            let metric = ReportMetric(evaluation)
            var folded = metric.text(evaluation.value)
            if let stderr = evaluation.stderr, stderr.isFinite {
                folded +=
                    " ± "
                    + NumberText.significant(
                        metric.isShare ? stderr * 100 : stderr, digits: 2)
            }
            let original = evaluation.original.map(metric.text) ?? ""
            let change = evaluation.original.map {
                metric.change(from: $0, to: evaluation.value)
            }
            let title = MarkdownText.escaped(metric.title.shortened(to: 60))
            return "| \(title) | \(original) | \(folded) | \(change ?? "") |"
        }
        return """
            | figure | original | folded | change |
            | :--- | ---: | ---: | ---: |
            \(rows.joined(separator: "\n"))
            """
    }

    /// Empty where nobody let the model write; else a section of its own.
    private static func answers(_ result: RunReport.Result) -> String {
        guard let answers = result.answers, !answers.isEmpty else { return "" }
        let parts = answers.map { answer in
            """
            \(MarkdownText.escaped(answer.title)). The prompt:

            \(MarkdownText.block(answer.prompt))

            The original:

            \(MarkdownText.block(answer.original))

            This model:

            \(MarkdownText.block(answer.folded))

            """
        }
        return "\n## What it writes\n\n" + parts.joined(separator: "\n")
    }

    private static func limits(_ result: RunReport.Result) -> String {
        var lines: [String] = []
        let isBad = Verdict.fellApart(result.evaluations)
        if isBad {
            lines.append(
                "- What it writes falls apart: use it for nothing that needs its own words, "
                    + "whatever other figures say.")
        }
        for evaluation in result.evaluations {
            guard let verdict = Verdict(evaluation, beside: result.evaluations) else { continue }
            // No figure makes a good model of one that cannot write.
            if isBad, verdict.rawValue <= Verdict.unchanged.rawValue { continue }
            let title = MarkdownText.escaped(ReportMetric(evaluation).title.shortened(to: 60))
            lines.append(
                "- Compared with the original by \(title), this model is \(verdict.words).")
        }
        let metrics = result.evaluations.map(ReportMetric.init)
        let isWritten = metrics.contains { $0.isWriting || $0.isOfWrittenAnswers }
        if metrics.isEmpty {
            lines.append("- Nothing was measured: measure it on your own task before use.")
        } else if metrics.allSatisfy(\.isPerplexity) {
            lines.append(
                """
                - Perplexity on one text says how well the model predicts that text, not how \
                well it answers questions. No benchmark was run.
                """)
        } else if !isWritten, !metrics.contains(where: \.isPerplexity) {
            lines.append(
                """
                - Multiple-choice figures can stay high while a model's text falls apart. No \
                perplexity was measured.
                """)
        }
        lines += result.caveats.map { "- \(MarkdownText.plain($0))." }
        if result.nature == .drops, !result.removedLayers.isEmpty {
            lines.append("- Layers were left out, not merged: nothing makes up for them.")
        }
        lines.append("- Safety behaviour of the original may be weakened; it was not tested.")
        return lines.joined(separator: "\n")
    }

    private static func ratio(_ result: RunReport.Result) -> String {
        let removed =
            "\(NumberText.percent(result.ratioAchieved)) of the layers removed"
            + (result.mlpWidth.map { ", \($0.words)" } ?? "")
        if let budget = result.budget { return "\(budget) asked, \(removed)" }
        return result.ratio > 0 ? "\(NumberText.percent(result.ratio)) asked, \(removed)" : removed
    }

    private static func planRow(_ entry: RunReport.PlanEntry) -> String {
        let equation = PlanText.equation(entry)
        let source = equation.drop { $0 != "=" }.dropFirst(2)
        return "| \(entry.into) | \(source) |"
    }

    private static func removed(_ result: RunReport.Result) -> String {
        result.removedLayers.isEmpty
            ? "Every layer of the original is part of this model."
            : "Left out: \(PlanText.layers(result.removedLayers)) of the original."
    }

    /// A double-quoted scalar of YAML, ASCII only.
    package static func yamlQuoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\" + String(scalar)
            case " "..."~": quoted.unicodeScalars.append(scalar)
            default:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
            }
        }
        return quoted + "\""
    }
}
