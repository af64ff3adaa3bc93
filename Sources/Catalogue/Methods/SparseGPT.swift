// Weights are zeroed, no layer is removed.

extension MethodDeclaration {
    package static let sparsegpt = Self(
        name: "sparsegpt",
        summary: "Zeroes a share of the linear weights; no layer goes, the files stay as large.",
        source: "Frantar and Alistarh 2023 (SparseGPT), arXiv 2301.00774, Algorithm 1",
        formula:
            "zero w_j of least w_j^2 / U_jj^2, w_k -= w_j / U_jj U_jk; H^-1 = U'U, H = X'X + mu I",
        removesLayers: false, needs: .tokens, computesWeights: true,
        parameters: [
            ParameterDeclaration(
                "pattern", .choice(["unstructured", "2:4"]), default: .word("unstructured"),
                "Zeros anywhere, or two in every four neighbours (ratio 0.5). `ratios` are shares "
                    + "of the linear weights."),
            ParameterDeclaration(
                "damping", .number(1e-8...1), default: .number(0.01),
                "Added to the diagonal of X'X, as a share of its mean."),
        ])
}
