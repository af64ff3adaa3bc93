// Measures that compare manifold embeddings of layers: the embedding is a step of its own, which
// other settings of the comparison find done.

package import TensorMath

/// Embeddings of one model's layers.
package struct LayerEmbeddings: Sendable {
    /// [samples, dimensions] for each layer.
    package var coordinates: [DoubleMatrix]
    /// Of the matrix each layer's embedding came from.
    package var conditionNumbers: [Double]
    package var warnings: [String]

    package init(coordinates: [DoubleMatrix], conditionNumbers: [Double], warnings: [String]) {
        self.coordinates = coordinates
        self.conditionNumbers = conditionNumbers
        self.warnings = warnings
    }
}

/// A measure in two steps.
package protocol EmbeddedMeasure: SimilarityMeasure {
    /// Names the embedding in keys and reports.
    var family: String { get }
    /// The names of the `SimilarityParameters` that the embedding reads.
    var embeddingParameterNames: [String] { get }

    /// - Throws: as `similarity(of:parameters:)`.
    func embed(
        _ boundaries: LayerBoundaries, _ parameters: SimilarityParameters
    ) throws -> LayerEmbeddings

    /// Compares coordinates [samples, dimensions] of layers, the same samples for each.
    func compare(
        _ coordinates: [DoubleMatrix], _ parameters: SimilarityParameters
    ) throws -> SimilarityMatrix
}

extension EmbeddedMeasure {
    package var embeddingParameterNames: [String] { ["sigma", "dimensions"] }

    /// Of embedding a layer, which is most of all: matrices of all pairs of samples in double
    /// (kernel, Laplacian, what LAPACK overwrites, and one on its way), the layer's rows, and a
    /// panel of them in double.
    package func peakByteCount(_ shape: BoundaryShape, _ parameters: SimilarityParameters) -> Int {
        let (samples, width) = (shape.samples, shape.width)
        return BoundaryShape.bytes(
            32 * samples * samples + samples * (4 * width + 8 * min(width, 1024)))
    }
}

extension PaperNPIB: EmbeddedMeasure {
    package var family: String { "paper" }

    package func embed(
        _ boundaries: LayerBoundaries, _ parameters: SimilarityParameters
    ) throws -> LayerEmbeddings {
        let embeddings = try Self.embeddings(of: boundaries, parameters: parameters)
        return LayerEmbeddings(
            coordinates: embeddings.map(\.coordinates),
            conditionNumbers: embeddings.map(\.conditionNumber),
            warnings: EmbeddingWarnings.summary(embeddings.map(\.warnings)))
    }

    package func compare(
        _ coordinates: [DoubleMatrix], _ parameters: SimilarityParameters
    ) throws -> SimilarityMatrix {
        try Self.similarity(ofCoordinates: coordinates, parameters: parameters)
    }
}

extension OfficialNPIB: EmbeddedMeasure {
    package var family: String { "official" }

    package func embed(
        _ boundaries: LayerBoundaries, _ parameters: SimilarityParameters
    ) throws -> LayerEmbeddings {
        let embeddings = try Self.embeddings(of: boundaries, parameters: parameters)
        return LayerEmbeddings(
            coordinates: embeddings.map(\.ranked),
            conditionNumbers: embeddings.map(\.conditionNumber), warnings: [])
    }

    package func compare(
        _ coordinates: [DoubleMatrix], _ parameters: SimilarityParameters
    ) throws -> SimilarityMatrix {
        try Self.similarity(ofRanks: coordinates, parameters: parameters)
    }
}
