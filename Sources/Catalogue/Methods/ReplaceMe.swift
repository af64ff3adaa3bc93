// A linear map in the place of the layers that are dropped.

extension MethodDeclaration {
    package static let replaceme = Self(
        name: "replaceme",
        summary:
            "Drops the stretch of layers that turns the stream least; a linear map replaces it.",
        source: "Shopkhoev et al. 2025 (ReplaceMe), arXiv 2505.02819, the closed form",
        formula: "T = (M'M + mu I)^-1 M'(H - Y); W_down = T' W_down of the layer before the run",
        needs: .similarity, ownMeasure: "block-influence", computesWeights: true,
        parameters: [
            ParameterDeclaration(
                "lambda", .number(0...1), default: .number(0.0001),
                "Ridge, as a share of the mean diagonal of M'M; the paper's default is 0.")
        ])
}
