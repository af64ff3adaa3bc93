// `angular`: how little a contiguous block of layers turns the stream, as an angle (Gromov et al.,
// arXiv 2403.17887).

import Glibc

/// S_ij for i <= j: 1 minus the mean over samples (best: last tokens) of arccos(cos(h_i, h_{j+1}))
/// / π, the stream before layer i and after layer j. Removing layers i to j of the highest S_ij for
/// a given length is the paper's rule. A cosine with a zero vector is taken as 0.
struct AngularSimilarity: SimilarityMeasure {
    let name = "angular"
    let summary = "1 - angle / π between the stream before layer i and after layer j"
    let source = "Gromov et al., arXiv 2403.17887"
    let range = "0 (opposite) to 1 (same direction)"
    let parameterNames: [String] = []

    func similarity(
        of boundaries: LayerBoundaries, parameters: SimilarityParameters
    ) throws -> SimilarityMatrix {
        try boundaries.validate(samplesMin: 1, reason: name)
        let similarities = try SampleAverages.mean(of: boundaries, centred: false) {
            1 - acos($0.cosine(undefined: 0)) / Double.pi
        }
        return SimilarityMatrix.overRuns(
            of: similarities,
            warnings: try SampleAverages.zeroVectorWarnings(boundaries, taken: "0"))
    }
}
