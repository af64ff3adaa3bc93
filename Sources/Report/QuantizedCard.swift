// README.md of a quantised model: what it is, what loads it, and what the figures say. No time of
// day and no duration, as in `ModelCard`.

import Catalogue

package enum QuantizedCard {
    /// The whole file, for one quantised model of `report`.
    package static func render(_ report: RunReport, _ model: RunReport.Quantized) -> String {
        let original = report.model
        return """
            ---
            base_model: \(ModelCard.yamlQuoted(original.name))
            library_name: transformers
            pipeline_tag: text-generation
            tags:
            - layerfold
            - compressed-tensors
            - \(ModelCard.yamlQuoted(model.method))
            ---

            # \(MarkdownText.escaped(original.name.shortened(to: 80))), \(source(report, model)), \
            in \(MarkdownText.escaped(model.scheme))

            \(MarkdownText.code(original.name)) \
            (\(MarkdownText.code(original.architecture))), \(source(report, model)), with the \
            weights of attention and MLPs quantised by Layerfold \
            \(MarkdownText.escaped(report.versions.layerfold)): method \
            \(MarkdownText.code(model.method)), \(MarkdownText.escaped(model.schemeText)), \
            symmetric, format \(MarkdownText.code(model.format)) of compressed-tensors. \
            \(others(model)) It has \
            \(NumberText.grouped(model.parameters)) parameters in \
            \(NumberText.bytes(model.bytes)), \
            \(NumberText.significant(Double(model.bytes) / Double(max(1, model.parameters)))) \
            bytes each.

            ## Figures

            \(ModelCard.table(model.evaluations))

            Measured on these files, read back\(rounding(model)).

            ## How to load it

            With transformers and compressed-tensors (0.15 or newer):

            ```
            pip install transformers compressed-tensors
            ```

            ```python
            \(LoadingText.transformers("."))
            ```

            With vLLM:

            ```
            \(LoadingText.vllm("."))
            ```

            The licence of the original applies to this model too.

            """
    }

    /// What is not quantised.
    private static func others(_ model: RunReport.Quantized) -> String {
        let divided: String
        switch Offer.quantization(model.method)?.divides {
        case nil: return "Embedding and output head are as they were."
        case .nothing: return "Embedding, output head and norms are as they were."
        case .norms: divided = "Norms and their biases"
        case .normsAndProjections:
            divided = "Norms, `v_proj` and `up_proj`, with their biases,"
        }
        return "Embedding and output head are as they were. \(divided) are divided by scales; the "
            + "weights that read them, and routers and shared gates of experts where the model "
            + "has these, are multiplied by them in return."
    }

    private static func source(_ report: RunReport, _ model: RunReport.Quantized) -> String {
        model.layers == report.model.layers
            ? "all \(model.layers) layers"
            : "folded to \(model.layers) of \(report.model.layers) layers"
    }

    private static func rounding(_ model: RunReport.Quantized) -> String {
        model.format == "pack-quantized"
            ? "" : "; activations are rounded token by token, as runtimes of this format do"
    }
}
