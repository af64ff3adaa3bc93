// Measures of similarity beside NPIB: those of the MKA paper's Figure 5, and those other methods
// choose layers by. The defaults are those of the engine's `SimilarityParameters`.

extension SimilarityDeclaration {
    static let cosine = Self(
        name: "cosine",
        summary: "Mean cosine of two layers' outputs for the same sample.",
        source: "Liu et al. 2024, arXiv 2406.16330, Figure 5",
        formula: "S_lm = mean over samples of cos(x_l, x_m)",
        parameters: [])

    static let euclidean = Self(
        name: "euclidean",
        summary: "Mean distance of two layers' outputs, turned into a similarity.",
        source: "Liu et al. 2024, arXiv 2406.16330, Figure 5",
        formula: "S_lm = 1 / (1 + d_lm / m); d = mean |x_l - x_m|, m = mean of d over pairs",
        parameters: [])

    static let mahalanobis = Self(
        name: "mahalanobis",
        summary: "As `euclidean`, in units of the spread of samples within a layer.",
        source: "Liu et al. 2024, arXiv 2406.16330, Figure 5",
        formula: "d_lm = mean sqrt((x_l - x_m)^T C^-1 (x_l - x_m)), C = pooled covariance + ridge",
        parameters: [
            ParameterDeclaration(
                "ridge", .number(1e-9...1e6), default: .number(0.01),
                "Added to the diagonal of the covariance, as a share of its mean diagonal.")
        ])

    static let tsne = Self(
        name: "tsne",
        summary: "Distance of the layers' mean outputs in a two-dimensional t-SNE map.",
        source: "van der Maaten and Hinton 2008; arXiv 2406.16330, Figure 5",
        formula: "S_lm = 1 / (1 + d_lm / m); d = distance in the map, m = mean of d over pairs",
        parameters: [
            ParameterDeclaration(
                "perplexity", .number(1.01...1000), default: .number(5),
                "Effective neighbours of a layer; lowered to a third of the other layers."),
            steps, seed,
        ])

    static let autoencoder = Self(
        name: "autoencoder",
        summary: "Mean cosine of the codes that one small autoencoder gives two layers' outputs.",
        source: "Liu et al. 2024, arXiv 2406.16330, Figure 5",
        formula: "S_lm = mean over samples of cos(c_l, c_m); c = tanh(W x + b), decoded linearly",
        parameters: [
            ParameterDeclaration(
                "code_width", .integer(1...65536), default: .integer(8),
                "Numbers in a code; at most the model's hidden width."),
            steps, seed,
        ])

    static let cka = Self(
        name: "cka",
        summary: "Centred kernel alignment with the linear kernel.",
        source: "Kornblith et al. 2019, arXiv 1905.00414",
        formula: "S_lm = <K_l, K_m> / (|K_l| |K_m|); K = centred Gram matrix of the samples",
        parameters: [
            ParameterDeclaration(
                "unbiased", .flag, default: .flag(false),
                "U-centring, which takes out what few samples in many columns share by chance.")
        ])

    static let blockInfluence = Self(
        name: "block-influence",
        summary: "How little the layers l to m turn the stream; the diagonal is 1 - BI.",
        source: "Men et al. 2024 (ShortGPT), arXiv 2403.03853",
        formula: "S_lm = mean over samples of cos(h_l, h_{m+1}), h_l the stream before layer l",
        parameters: [])

    static let angular = Self(
        name: "angular",
        summary: "How little the layers l to m turn the stream, as an angle.",
        source: "Gromov et al. 2024, arXiv 2403.17887",
        formula: "S_lm = 1 - mean over samples of arccos(cos(h_l, h_{m+1})) / pi",
        parameters: [])

    private static let steps = ParameterDeclaration(
        "steps", .integer(1...1_000_000), default: .integer(500), "Gradient steps.")
    private static let seed = ParameterDeclaration(
        "seed", .integer(0...4_294_967_295), default: .integer(1), "Of the random start.")
}
