// `cosine`: the mean cosine between two layers' outputs for the same sample.

import TensorMath

/// S_ij = mean over samples of cos(x_i, x_j), x_l the output of layer l. The cosine with a zero
/// vector is taken as 0.
struct CosineSimilarity: SimilarityMeasure {
    let name = "cosine"
    let summary = "mean cosine of the layers' outputs"
    let source = "MKA, arXiv 2406.16330, Figure 5"
    let range = "-1 to 1, the diagonal 1"
    let parameterNames: [String] = []

    func similarity(
        of boundaries: LayerBoundaries, parameters: SimilarityParameters
    ) throws -> SimilarityMatrix {
        try boundaries.validate(samplesMin: 1, reason: name)
        let outputs = boundaries.dropFirst()
        let mean = try SampleAverages.mean(of: outputs, centred: false) { $0.cosine(undefined: 0) }
        return SimilarityMatrix(
            size: mean.rows, values: mean.values,
            warnings: try SampleAverages.zeroVectorWarnings(boundaries, taken: "0"))
    }
}
