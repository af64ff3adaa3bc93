// `euclidean`: the mean distance between two layers' outputs for the same sample.

/// S_ij = 1 / (1 + d_ij / m): d_ij the mean over samples of |x_i - x_j|, x_l the output of layer l,
/// m the mean of d over different layers.
struct EuclideanSimilarity: SimilarityMeasure {
    let name = "euclidean"
    let summary = "mean distance of the layers' outputs, as a share of the average one"
    let source = "MKA, arXiv 2406.16330, Figure 5"
    let range = "0 to 1, the diagonal 1; one half at the average distance"
    let parameterNames: [String] = []

    func similarity(
        of boundaries: LayerBoundaries, parameters: SimilarityParameters
    ) throws -> SimilarityMatrix {
        try boundaries.validate(samplesMin: 1, reason: name)
        let outputs = boundaries.dropFirst()
        return DistanceSimilarity.matrix(
            try SampleAverages.mean(of: outputs, centred: true) { $0.distance })
    }
}
