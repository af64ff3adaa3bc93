// Methods that drop the layers which turn the residual stream least.

extension MethodDeclaration {
    static let shortgpt = Self(
        name: "shortgpt",
        summary: "Drops the single layers that turn the stream least, wherever they lie.",
        source: "Men et al. 2024 (ShortGPT), arXiv 2403.03853",
        formula: "drop the k layers of least BI_l = 1 - mean cos(h_l, h_{l+1})",
        needs: .similarity)

    static let angular = Self(
        name: "angular",
        summary: "Drops the contiguous block of layers that turns the stream least.",
        source: "Gromov et al. 2024, arXiv 2403.17887",
        formula: "drop layers l ... l + k - 1 of least mean arccos(cos(h_l, h_{l+k})) / pi",
        needs: .similarity)

    /// The measure the method is defined by, whatever the job's analysis names; nil where it takes
    /// the job's.
    package var ownMeasure: String? {
        switch name {
        case "mka-official": "npib-official"
        case "shortgpt", "replaceme": "block-influence"
        case "angular": "angular"
        default: nil
        }
    }
}
