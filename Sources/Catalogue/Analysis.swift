// Measures of similarity, and what of a sample's hidden states they look at.

extension SimilarityDeclaration {
    static let npib = Self(
        name: "npib",
        summary:
            "Normalised pairwise information bottleneck on the manifold embedding, as written.",
        source: "Liu et al. 2024, arXiv 2406.16330, Eq. 2 and Eq. 3",
        formula: "S_lm = I(E_l; E_m) / sqrt(H(E_l) H(E_m))",
        parameters: [
            ParameterDeclaration(
                "sigma", .numberOrWord(1e-6...1e9, ["median"]), default: .word("median"),
                "Width of the kernel exp(-(distance^2 / sigma)^0.5), in squared units of the "
                    + "hidden states; `median` takes each layer's median squared distance. The "
                    + "paper's 8 makes the kernel of most models the identity."),
            dimensions, neighbours, entropyNeighbours(default: 5),
        ])

    static let npibOfficial = Self(
        name: "npib-official",
        summary: "The same measure step for step as the published code computes it.",
        source: "github.com/SempraETY/Pruning-via-Merging, pipeline.py",
        formula: "mean of the pairwise I over dimensions / sqrt(H_l H_m), on ranks",
        parameters: [
            ParameterDeclaration(
                "sigma", .number(8...8), default: .number(8),
                "Width of the kernel; the published code knows no other."),
            dimensions, neighbours, entropyNeighbours(default: 50),
        ])

    private static let dimensions = ParameterDeclaration(
        "dimensions", .integer(1...64), default: .integer(2),
        "Dimensions of the manifold embedding.")

    private static let neighbours = ParameterDeclaration(
        "neighbours", .integer(1...1000), default: .integer(5),
        "k of the KSG estimate of mutual information.")

    private static func entropyNeighbours(default count: Int) -> ParameterDeclaration {
        ParameterDeclaration(
            "entropy_neighbours", .integer(1...1000), default: .integer(count),
            "k of the nearest-neighbour estimate of entropy.")
    }
}

extension RepresentationDeclaration {
    static let lastToken = Self(
        name: "last-token", summary: "The hidden state of the sample's last token.",
        parameters: [])
    static let mean = Self(
        name: "mean", summary: "The mean of the hidden states of the sample's tokens.",
        parameters: [])
    static let tokens = Self(
        name: "tokens", summary: "Every token is a sample of its own.", parameters: [])
}

extension Offer {
    package static let defaultSimilarity = "npib"
    package static let defaultRepresentation = "last-token"

    /// How layer outputs are computed, whatever the measure.
    package static let compute = ParameterDeclaration(
        "compute", .choice(["f32", "bf16", "auto"]), default: .word("auto"),
        "Numerics of the forward pass: f32, bf16 products with f32 sums, or the faster of both.")
}
