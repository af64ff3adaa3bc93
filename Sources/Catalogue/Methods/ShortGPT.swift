// Single layers that turn the residual stream least are dropped.

extension MethodDeclaration {
    package static let shortgpt = Self(
        name: "shortgpt",
        summary: "Drops the single layers that turn the stream least, wherever they lie.",
        source: "Men et al. 2024 (ShortGPT), arXiv 2403.03853",
        formula: "drop the k layers of least BI_l = 1 - mean cos(h_l, h_{l+1})",
        needs: .similarity, ownMeasure: "block-influence", parameters: [keepPattern])
}
