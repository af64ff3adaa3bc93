// What a similarity measure is, what it is given and what it returns.

package import Model
import TensorMath

/// How similar every layer is to every other: `[size, size]`, symmetric, row-major.
package struct SimilarityMatrix: Sendable {
    /// The number of layers, one less than the boundaries.
    package let size: Int
    /// `values[i * size + j]`: higher is more similar; the range is the measure's.
    package let values: [Double]
    /// What a reader of the report should know, in order of layers.
    package let warnings: [String]
    /// Of the matrix each layer's embedding came from, in order of layers; empty where the
    /// measure has none.
    package let conditionNumbers: [Double]

    package init(
        size: Int, values: [Double], warnings: [String] = [], conditionNumbers: [Double] = []
    ) {
        precondition(values.count == size * size, "a similarity matrix is square")
        self.size = size
        self.values = values
        self.warnings = warnings
        self.conditionNumbers = conditionNumbers
    }

    package subscript(row: Int, column: Int) -> Double {
        precondition(column >= 0 && column < size, "layer \(column) of \(size)")
        return values[row * size + column]
    }
}

/// Everything a measure can be told. A measure reads the parameters it lists and no others, so
/// only those belong into a cache key.
package struct SimilarityParameters: Sendable, Equatable {
    /// sigma of the paper's kernel. Default: 8, from the paper.
    package var sigma = KernelWidth.fixed(8)
    /// Coordinates of an embedding, 1 to 64. Default: 2, from the official code.
    package var dimensions = 2
    /// Neighbours of the mutual information estimate. Default: 5, from the official code.
    package var neighbours = 5
    /// Neighbours of the entropy estimate under `npib`. Default: 5, as for the information.
    package var entropyNeighbours = 5
    /// Neighbours of the entropy estimate under `npib-official`. Default: 50, from its code.
    package var officialEntropyNeighbours = 50
    /// Nats per dimension below which an entropy is not believed. Default: 0.25, a sixth of a
    /// unit Gaussian's 1.42.
    var entropyFloor = 0.25
    /// Ridge added to a covariance, as a share of its mean diagonal. Default: 0.01.
    package var ridge = 0.01
    /// Whether `cka` uses the unbiased estimator. Default: false.
    package var unbiased = false
    /// Effective neighbours of `tsne`, above 1; at most a third of the layers. Default: 5.
    package var perplexity = 5.0
    /// Width of the code of `autoencoder`. Default: 8.
    package var codeWidth = 8
    /// Gradient steps of `tsne` and `autoencoder`. Default: 500.
    package var steps = 500
    /// Of the tie-breaking noise and of every random start. Default: 1.
    package var seed: UInt32 = 1

    package init() {}
}

/// One way to compare layers. A measure is a value without state; its work is deterministic.
package protocol SimilarityMeasure: Sendable {
    /// The word of a manifest, such as `npib`.
    var name: String { get }
    /// One line: what it compares.
    var summary: String { get }
    /// Paper or code it comes from.
    var source: String { get }
    /// The range of its values, in words.
    var range: String { get }
    /// Raised whenever the same rows give other numbers than before.
    var version: Int { get }
    /// The names of the `SimilarityParameters` it reads.
    var parameterNames: [String] { get }
    /// Whether what it compares are samples, so that half of them can be asked as well.
    var comparesSamples: Bool { get }

    /// What it looks at of the residual stream, and the name of that in keys.
    func capture(
        _ representation: Representation, of batch: PackedSequences
    ) -> (name: String, rows: ActivationCapture)

    /// Bytes that `similarity` holds at most beside the rows that `boundaries` hold.
    func peakByteCount(_ shape: BoundaryShape, _ parameters: SimilarityParameters) -> Int

    /// Compares the layers between `boundaries`: `boundaries[0]` is the embedding output,
    /// `boundaries[l + 1]` the output of layer `l`; L + 1 of them give `[L, L]`.
    ///
    /// Throws `AnalysisError`, naming boundary and sample where the data are at fault, and what
    /// reading the boundaries throws.
    func similarity(
        of boundaries: LayerBoundaries, parameters: SimilarityParameters
    ) throws -> SimilarityMatrix
}

extension SimilarityMeasure {
    package var version: Int { 1 }
    package var comparesSamples: Bool { true }

    package func capture(
        _ representation: Representation, of batch: PackedSequences
    ) -> (name: String, rows: ActivationCapture) {
        (representation.rawValue, ActivationCapture(representation, of: batch))
    }

    /// Compares layers whose rows are in memory.
    package func similarity(
        of rows: [LayerRows], parameters: SimilarityParameters
    ) throws -> SimilarityMatrix {
        try similarity(of: LayerBoundaries(rows), parameters: parameters)
    }
}

extension SimilarityMatrix {
    /// A symmetric matrix from a function of pairs i <= j, computed on all cores.
    static func symmetric(
        size: Int, warnings: [String] = [], conditionNumbers: [Double] = [],
        entry: @Sendable (Int, Int) -> Double
    ) -> SimilarityMatrix {
        var pairs: [(Int, Int)] = []
        for row in 0..<size {
            for column in row..<size { pairs.append((row, column)) }
        }
        let list = pairs
        let entries = Parallel.map(list.count) { entry(list[$0].0, list[$0].1) }
        var values = [Double](repeating: 0, count: size * size)
        for (pair, value) in zip(list, entries) {
            values[pair.0 * size + pair.1] = value
            values[pair.1 * size + pair.0] = value
        }
        return SimilarityMatrix(
            size: size, values: values, warnings: warnings, conditionNumbers: conditionNumbers)
    }
}

extension SimilarityMatrix {
    /// From a matrix over L + 1 boundaries, the one over L layers whose entry (i, j), i <= j,
    /// compares the boundary before layer i with the one after layer j.
    static func overRuns(of boundaries: DoubleMatrix, warnings: [String]) -> SimilarityMatrix {
        let size = boundaries.rows - 1
        return SimilarityMatrix(
            size: size,
            values: (0..<size * size).map { place in
                let (row, column) = (place / size, place % size)
                return boundaries[min(row, column), max(row, column) + 1]
            },
            warnings: warnings)
    }
}
