// The contiguous block that turns the residual stream least is dropped.

extension MethodDeclaration {
    package static let angular = Self(
        name: "angular",
        summary: "Drops the contiguous block of layers that turns the stream least.",
        source: "Gromov et al. 2024, arXiv 2403.17887",
        formula: "drop layers l ... l + k - 1 of least mean arccos(cos(h_l, h_{l+k})) / pi",
        needs: .similarity, ownMeasure: "angular")
}
