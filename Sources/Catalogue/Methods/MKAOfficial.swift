// What the published MKA code computes.

extension MethodDeclaration {
    package static let mkaOfficial = Self(
        name: "mka-official",
        summary: "What the published MKA code computes, with the folded weights written back.",
        source: "github.com/SempraETY/Pruning-via-Merging, pipeline.py",
        formula: "last pair first; lambda = sigmoid(s_l / (s_l + s_m)), s = mean similarity",
        needs: .similarity, ownMeasure: "npib-official",
        parameters: [
            ParameterDeclaration(
                "norms", .flag, default: .flag(false),
                "Fold norms and biases too; the published code does not."),
            align,
        ])
}
