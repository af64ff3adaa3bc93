// `npib-official`: the similarity matrix of the official MKA code, step for step.

import Glibc
package import Model
package import TensorMath

/// The official reading of NPIB, on the embeddings of `OfficialEmbedding`.
///
/// Its "layer l" is the layer's input; it looks at the first tokens of few samples only (see
/// `OfficialRows`); ranks replace the coordinates, so all marginals are the same grid; the
/// information is the mean over pairs of single coordinates of scikit-learn's
/// `mutual_info_regression`; the entropy is -mean(log(k / (n r_k^d))) with k = 50 and no volume of
/// the unit ball, near zero and of either sign. Two negative entropies give a positive product,
/// entropies of opposite signs NaN: such an entry is set to 0 here and named in the warnings.
///
/// On a grid most distances are tied, and the noise of 1e-10 that scikit-learn adds decides: other
/// noise moves single entries by up to 0.12. The noise is that of NumPy's global generator seeded
/// with `seed`, drawn in the official order, so seed 1 repeats the official run.
package struct OfficialNPIB: SimilarityMeasure {
    package let name = "npib-official"
    package let summary = "the official MKA code's similarity of layer inputs, step for step"
    package let source = "MKA's published code (pipeline.py), scikit-learn mutual_info_regression"
    package let range = "0 to about 6, the diagonal highest; not bounded"
    package let parameterNames = [
        "dimensions", "neighbours", "entropy_neighbours", "seed",
    ]

    /// It compares tokens of some samples, by a slip of the published code.
    package let comparesSamples = false

    package init() {}

    /// The published code pads every sample with zero states to 512 tokens and then compares
    /// tokens of some samples instead of samples; the representation does not matter.
    package func capture(
        _ representation: Representation, of batch: PackedSequences
    ) -> (name: String, rows: ActivationCapture) {
        let selection = OfficialRows.selection(sampleCount: batch.ranges.count)
        let rows = selection.flatMap { part in
            part.tokens.map { token -> CapturedRow in
                let range = batch.ranges[part.sample]
                let place = range.lowerBound + token
                return place < range.upperBound ? .token(place) : .zero
            }
        }
        return ("official", ActivationCapture(rows: rows))
    }

    /// Compares the layers' inputs (`boundaries[..<L]`), given the rows that
    /// `OfficialRows.selection` names.
    package func similarity(
        of boundaries: LayerBoundaries, parameters: SimilarityParameters
    ) throws -> SimilarityMatrix {
        let embeddings = try Self.embeddings(of: boundaries, parameters: parameters)
        return try Self.similarity(of: embeddings, parameters: parameters)
    }

    /// The embedding stage: one embedding for each layer's input, from one boundary at a time.
    package static func embeddings(
        of boundaries: LayerBoundaries, parameters: SimilarityParameters
    ) throws -> [OfficialEmbedding] {
        var embeddings: [OfficialEmbedding] = []
        try boundaries.forEachOnce(
            samplesMin: samplesMin(parameters), reason: reason(parameters)
        ) { boundary, rows in
            guard boundary < boundaries.count - 1 else { return }
            embeddings.append(
                try OfficialEmbedding(
                    rows: rows, dimensions: parameters.dimensions, boundary: boundary))
        }
        return embeddings
    }

    /// The similarity stage: compares embeddings of equally many samples.
    package static func similarity(
        of embeddings: [OfficialEmbedding], parameters: SimilarityParameters
    ) throws(AnalysisError) -> SimilarityMatrix {
        let matrix = try similarity(ofRanks: embeddings.map(\.ranked), parameters: parameters)
        return SimilarityMatrix(
            size: matrix.size, values: matrix.values, warnings: matrix.warnings,
            conditionNumbers: embeddings.map(\.conditionNumber))
    }

    /// The same on bare rank-normalised coordinates, `[n, d]` per layer.
    package static func similarity(
        ofRanks layers: [DoubleMatrix], parameters: SimilarityParameters
    ) throws(AnalysisError) -> SimilarityMatrix {
        let count = layers.first?.rows ?? 0
        precondition(layers.allSatisfy { $0.rows == count && $0.columns >= 1 }, "layers agree")
        let entropyNeighbours = parameters.officialEntropyNeighbours
        for (name, value) in [
            ("neighbours", parameters.neighbours), ("entropy_neighbours", entropyNeighbours),
        ] where value < 1 {
            throw .parameterOutOfRange(name: name, value: "\(value)", expected: "at least 1")
        }
        guard count >= samplesMin(parameters) else {
            throw .tooFewSamples(
                found: count, needed: samplesMin(parameters), reason: reason(parameters))
        }
        let entropies = Parallel.map(layers.count) {
            entropy(layers[$0], neighbour: entropyNeighbours)
        }
        let size = layers.count
        var information = [Double](repeating: 0, count: size * size)
        var noise = NoiseSource(seed: parameters.seed, layers: layers)
        for row in 0..<size {
            // The noise of a row of pairs is drawn in order, then the pairs are independent.
            let drawn = (row..<size).map { noise.next(x: row, y: $0) }
            let scores = Parallel.map(drawn.count) { index in
                meanInformation(drawn[index], neighbours: parameters.neighbours)
            }
            for (index, score) in scores.enumerated() {
                information[row * size + row + index] = score
                information[(row + index) * size + row] = score
            }
        }
        return normalised(information, entropies)
    }

    private static func samplesMin(_ parameters: SimilarityParameters) -> Int {
        max(parameters.officialEntropyNeighbours, parameters.neighbours, parameters.dimensions) + 1
    }

    private static func reason(_ parameters: SimilarityParameters) -> String {
        "npib-official with \(parameters.officialEntropyNeighbours) entropy neighbours"
    }

    /// -mean(log(k / (n r^d))), r the Euclidean distance to the k-th other point.
    private static func entropy(_ ranks: DoubleMatrix, neighbour: Int) -> Double {
        let (count, dimensions) = (ranks.rows, ranks.columns)
        let radii = EuclideanNeighbours.distances(ranks, toNeighbour: neighbour)
        let sum = radii.reduce(0) { sum, radius in
            sum + log(Double(neighbour) / (Double(count) * pow(radius, Double(dimensions))))
        }
        return -sum / Double(count)
    }

    /// The mean over pairs of coordinates of the clamped KSG information.
    private static func meanInformation(_ pair: NoisyPair, neighbours: Int) -> Double {
        let digamma = DigammaTable(upTo: pair.count)
        var total = 0.0
        for (x, y) in pair.coordinates {
            var sum = 0.0
            let target = y.counter
            for column in x {
                sum += max(
                    0,
                    KraskovEstimator.mutualInformation(
                        column.counter, target, neighbours: neighbours, digamma: digamma))
            }
            total += sum / Double(x.count)
        }
        return total / Double(pair.coordinates.count)
    }

    private static func normalised(
        _ information: [Double], _ entropies: [Double]
    ) -> SimilarityMatrix {
        let size = entropies.count
        var values = information
        var warnings: [String] = []
        for row in 0..<size {
            for column in 0..<size {
                let product = entropies[row] * entropies[column]
                if product > 0 {
                    values[row * size + column] /= product.squareRoot()
                    continue
                }
                values[row * size + column] = 0
                guard column > row else { continue }
                warnings.append(
                    "layers \(row) and \(column): the official entropies \(entropies[row]) and "
                        + "\(entropies[column]) have no positive product; the similarity, "
                        + "NaN or infinite in the official code, is set to 0")
            }
        }
        return SimilarityMatrix(size: size, values: values, warnings: warnings)
    }
}

/// A noisy coordinate of a layer, `[samples]`, and the order it most likely has.
private struct NoisyColumn: Sendable {
    let values: [Double]
    let order: [Int]

    var counter: MarginalCounter { MarginalCounter(columns: [values], guess: order) }
}

/// For each coordinate of y, the noisy coordinates of x that go with it.
private struct NoisyPair: Sendable {
    let count: Int
    let coordinates: [(x: [NoisyColumn], y: NoisyColumn)]
}

/// Scaled coordinates, and scikit-learn's noise in the order in which the official code draws it.
private struct NoiseSource {
    private var generator: MersenneTwister
    private let layers: [[Column]]

    /// A coordinate of a layer, [samples]: scaled to unit variance, the scale of its noise, and its
    /// samples in ascending order.
    private struct Column {
        let scaled: [Double]
        let noiseScale: Double
        let order: [Int]
    }

    init(seed: UInt32, layers: [DoubleMatrix]) {
        generator = MersenneTwister(seed: seed)
        self.layers = layers.map { layer in
            (0..<layer.columns).map { index in
                let scaled = UnitVariance.scaled(layer.column(index))
                return Column(
                    scaled: scaled, noiseScale: TieNoise.scale(of: scaled),
                    order: scaled.indices.sorted { (scaled[$0], $0) < (scaled[$1], $1) })
            }
        }
    }

    /// One call of `mutual_info_regression` for each coordinate of y: noise for all coordinates of
    /// x, sample by sample, then for y.
    mutating func next(x: Int, y: Int) -> NoisyPair {
        let count = layers[x][0].scaled.count
        let coordinates = layers[y].map { target -> (x: [NoisyColumn], y: NoisyColumn) in
            var columns = layers[x].map(\.scaled)
            for sample in 0..<count {
                for axis in columns.indices {
                    columns[axis][sample] += layers[x][axis].noiseScale * generator.normal()
                }
            }
            let noisy = target.scaled.map { $0 + target.noiseScale * generator.normal() }
            return (
                zip(columns, layers[x]).map { NoisyColumn(values: $0, order: $1.order) },
                NoisyColumn(values: noisy, order: target.order)
            )
        }
        return NoisyPair(count: count, coordinates: coordinates)
    }
}
