// `npib`: normalised pairwise information between manifold embeddings, as the MKA paper words it
// (arXiv 2406.16330, Eq. 3): S_ij = I(E_i; E_j) / sqrt(H(E_i) H(E_j)).

package import TensorMath

/// The paper's reading of NPIB.
///
/// I by Kraskov's estimator 1 on the joint coordinates, clamped at 0; H by Kozachenko and
/// Leonenko; both under the maximum norm, in nats. Unlike I, a differential entropy depends on the
/// unit of measurement and may be zero or negative, which would make S meaningless. So every
/// coordinate is first scaled to unit variance, and an entropy below `entropyFloor` nats per
/// dimension is raised to it and named in the warnings: a layer whose embedding is degenerate
/// never looks more similar because its estimate failed.
///
/// Ties: each coordinate gets normal noise of 1e-10 of its mean magnitude (at least of 1), from a
/// generator seeded per layer; what is not tied is not changed by it.
///
/// Diagonal: I(E; E) is infinite for continuous coordinates; the estimator gives its ceiling
/// ψ(n) - ψ(k) for n samples and k neighbours, so S_ii = (ψ(n) - ψ(k)) / H(E_i).
package struct PaperNPIB: SimilarityMeasure {
    package let name = "npib"
    package let summary = "normalised mutual information of manifold embeddings"
    package let source = "MKA, arXiv 2406.16330, Eq. 2 and 3"
    package let range = "0 (independent) to (ψ(n) - ψ(k)) / (entropyFloor · dimensions)"
    package let parameterNames = [
        "sigma", "dimensions", "neighbours", "entropy_neighbours", "entropy_floor", "seed",
    ]

    package init() {}

    /// Embeds the layers' outputs (`boundaries[1...]`) and compares the embeddings.
    package func similarity(
        of boundaries: LayerBoundaries, parameters: SimilarityParameters
    ) throws -> SimilarityMatrix {
        let embeddings = try Self.embeddings(of: boundaries, parameters: parameters)
        return try Self.similarity(of: embeddings, parameters: parameters)
    }

    /// The embedding stage: one embedding for each layer's output, from one boundary at a time.
    package static func embeddings(
        of boundaries: LayerBoundaries, parameters: SimilarityParameters
    ) throws -> [PaperEmbedding] {
        try checkParameters(parameters)
        let needed = max(
            parameters.neighbours, parameters.entropyNeighbours, parameters.dimensions + 1)
        var embeddings: [PaperEmbedding] = []
        try boundaries.forEachOnce(
            samplesMin: needed + 1, reason: "npib with these neighbours"
        ) { boundary, rows in
            guard boundary > 0 else { return }
            embeddings.append(
                try PaperEmbedding(
                    rows: rows, width: parameters.sigma, dimensions: parameters.dimensions,
                    boundary: boundary))
        }
        return embeddings
    }

    /// The similarity stage: compares embeddings of equally many samples.
    package static func similarity(
        of embeddings: [PaperEmbedding], parameters: SimilarityParameters
    ) throws(AnalysisError) -> SimilarityMatrix {
        let matrix = try similarity(
            ofCoordinates: embeddings.map(\.coordinates), parameters: parameters)
        return SimilarityMatrix(
            size: matrix.size, values: matrix.values,
            warnings: EmbeddingWarnings.summary(embeddings.map(\.warnings)) + matrix.warnings,
            conditionNumbers: embeddings.map(\.conditionNumber))
    }

    /// The same on bare coordinates: `layers[l]` is `[n, d]` for layer l, n the same for all.
    package static func similarity(
        ofCoordinates layers: [DoubleMatrix], parameters: SimilarityParameters
    ) throws(AnalysisError) -> SimilarityMatrix {
        try checkParameters(parameters)
        let count = layers.first?.rows ?? 0
        let neighbours = max(parameters.neighbours, parameters.entropyNeighbours)
        precondition(layers.allSatisfy { $0.rows == count && $0.columns >= 1 }, "layers agree")
        guard count > neighbours else {
            throw .tooFewSamples(
                found: count, needed: neighbours + 1,
                reason: "an estimate with \(neighbours) neighbours")
        }
        for (layer, coordinates) in layers.enumerated() {
            guard let place = coordinates.values.firstIndex(where: { !$0.isFinite }) else {
                continue
            }
            throw .notFinite(
                boundary: layer + 1, sample: place / coordinates.columns,
                column: place % coordinates.columns)
        }
        let digamma = DigammaTable(upTo: count)
        let points = layers.enumerated().map { layer, coordinates in
            MarginalCounter(
                columns: scaled(coordinates, seed: parameters.seed &+ UInt32(layer)))
        }
        let entropies = Parallel.map(points.count) {
            KraskovEstimator.entropy(
                points[$0], neighbours: parameters.entropyNeighbours, digamma: digamma)
        }
        let floored = zip(entropies, points).map { entropy, points in
            max(entropy, parameters.entropyFloor * Double(points.columns.count))
        }
        let ceiling = digamma[count] - digamma[parameters.neighbours]
        return .symmetric(
            size: points.count, warnings: warnings(entropies, floored)
        ) { row, column in
            let information =
                row == column
                ? ceiling
                : KraskovEstimator.mutualInformation(
                    points[row], points[column], neighbours: parameters.neighbours,
                    digamma: digamma)
            return max(0, information) / (floored[row] * floored[column]).squareRoot()
        }
    }

    /// Columns of unit variance (divisor n; a constant column keeps its scale), with the noise.
    private static func scaled(_ coordinates: DoubleMatrix, seed: UInt32) -> [[Double]] {
        var generator = MersenneTwister(seed: seed)
        return (0..<coordinates.columns).map { index in
            TieNoise.added(to: UnitVariance.scaled(coordinates.column(index)), from: &generator)
        }
    }

    private static func warnings(_ entropies: [Double], _ floored: [Double]) -> [String] {
        let raised = entropies.indices.filter { entropies[$0] < floored[$0] }
        guard let least = raised.map({ entropies[$0] }).min() else { return [] }
        return [
            "\(EmbeddingWarnings.list(raised)): the entropy of the embedding was estimated below the "
                + "floor (down to \(EmbeddingWarnings.short(least)) nats) and raised to it; these "
                + "embeddings are degenerate"
        ]
    }

    private static func checkParameters(
        _ parameters: SimilarityParameters
    ) throws(AnalysisError) {
        for (name, value) in [
            ("neighbours", parameters.neighbours),
            ("entropy_neighbours", parameters.entropyNeighbours),
        ] where value < 1 {
            throw .parameterOutOfRange(name: name, value: "\(value)", expected: "at least 1")
        }
        guard parameters.entropyFloor > 0, parameters.entropyFloor.isFinite else {
            throw .parameterOutOfRange(
                name: "entropy_floor", value: "\(parameters.entropyFloor)",
                expected: "nats per dimension above 0")
        }
    }
}
