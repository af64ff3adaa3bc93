// `block-influence`: how little a run of layers turns the stream (ShortGPT, arXiv 2403.03853).

/// S_ij for i <= j: the mean over samples (best: all tokens) of cos(h_i, h_{j+1}), the stream
/// before layer i and after layer j. The diagonal is 1 - BI of single layers; an entry off it says
/// what removing layers i to j together would turn. A cosine with a zero vector is taken as 0.5, as
/// the published code does.
struct BlockInfluence: SimilarityMeasure {
    let name = "block-influence"
    let summary = "cosine of the stream before layer i and after layer j"
    let source = "ShortGPT, arXiv 2403.03853"
    let range = "-1 to 1; the diagonal is 1 - BI"
    let parameterNames: [String] = []

    func similarity(
        of boundaries: LayerBoundaries, parameters: SimilarityParameters
    ) throws -> SimilarityMatrix {
        try boundaries.validate(samplesMin: 1, reason: name)
        let cosines = try SampleAverages.mean(of: boundaries, centred: false) {
            $0.cosine(undefined: 0.5)
        }
        return SimilarityMatrix.overRuns(
            of: cosines, warnings: try SampleAverages.zeroVectorWarnings(boundaries, taken: "0.5"))
    }
}
