// Averages over samples of what two boundaries' representations of the same sample have in
// common: the ground of the measures that compare vectors directly.

import TensorMath

/// Inner products of one sample's vectors at two boundaries.
struct VectorPair {
    /// a · b.
    let product: Double
    /// |a|² and |b|².
    let squares: (Double, Double)

    /// The cosine of the angle; `undefined` where a vector is zero.
    func cosine(undefined: Double) -> Double {
        let scale = (squares.0 * squares.1).squareRoot()
        return scale > 0 ? min(1, max(-1, product / scale)) : undefined
    }

    /// |a - b|.
    var distance: Double {
        max(0, squares.0 + squares.1 - 2 * product).squareRoot()
    }
}

/// Means over samples for pairs of the B boundaries.
enum SampleAverages {
    /// The mean over samples of `entry` for every pair of boundaries, `[B, B]`, symmetric.
    ///
    /// One Gram matrix of B vectors per sample. `centred` subtracts the sample's mean over all
    /// boundaries first, which leaves distances alone and keeps their digits. The samples are
    /// summed in a fixed number of parts, each in the order of samples, so the result depends
    /// neither on the number of cores nor on the blocks that the samples are read in.
    static func mean(
        of boundaries: LayerBoundaries, centred: Bool,
        _ entry: @Sendable (VectorPair) -> Double
    ) throws -> DoubleMatrix {
        let size = boundaries.count
        let count = try boundaries.rows(0).count
        var partial = [[Double]](
            repeating: [Double](repeating: 0, count: size * size), count: min(parts, count))
        try boundaries.forEachBlock(ofMultiple: parts) { block in
            let before = partial
            partial = Parallel.map(before.count) { part -> [Double] in
                var sums = before[part]
                for sample in stride(from: part, to: block[0].count, by: parts) {
                    let gram = gram(of: block, sample: sample, centred: centred)
                    for row in 0..<size {
                        for column in row..<size {
                            sums[row * size + column] += entry(
                                VectorPair(
                                    product: gram[row, column],
                                    squares: (gram[row, row], gram[column, column])))
                        }
                    }
                }
                return sums
            }
        }
        var mean = DoubleMatrix(rows: size, columns: size)
        for sums in partial { mean.values = zip(mean.values, sums).map { $0 + $1 } }
        mean.values = mean.values.map { $0 / Double(count) }
        mean.mirrorUpperTriangle()
        return mean
    }

    static let parts = 64

    private static func gram(
        of boundaries: [LayerRows], sample: Int, centred: Bool
    ) -> DoubleMatrix {
        let width = boundaries[0].width
        var vectors = DoubleMatrix(rows: boundaries.count, columns: width)
        vectors.values = boundaries.flatMap { rows in
            rows.values[sample * width..<(sample + 1) * width].map(Double.init)
        }
        if centred { vectors.subtractColumnMeans() }
        var gram = DoubleMatrix(rows: boundaries.count, columns: boundaries.count)
        gram.addGram(ofRows: vectors)
        return gram
    }

    /// Warnings that name layers with a zero vector, where a cosine is not defined.
    static func zeroVectorWarnings(
        _ boundaries: LayerBoundaries, taken: String
    ) throws -> [String] {
        try (0..<boundaries.count).compactMap { boundary in
            let rows = try boundaries.rows(boundary)
            let zeros = (0..<rows.count).count { row in
                rows.values[row * rows.width..<(row + 1) * rows.width].allSatisfy { $0 == 0 }
            }
            guard zeros > 0 else { return nil }
            return "boundary \(boundary): \(zeros) of \(rows.count) representations are zero; "
                + "their cosine is taken as \(taken)"
        }
    }
}

extension DoubleMatrix {
    /// Subtracts each column's mean.
    mutating func subtractColumnMeans() {
        var means = [Double](repeating: 0, count: columns)
        for row in 0..<rows {
            for (column, value) in self.row(row).enumerated() { means[column] += value }
        }
        means = means.map { $0 / Double(max(rows, 1)) }
        var result = values
        for row in 0..<rows {
            for column in 0..<columns { result[row * columns + column] -= means[column] }
        }
        values = result
    }
}

/// Turns distances into similarities without a unit: 1 / (1 + d / m), m the mean distance of
/// different layers. 1 on the diagonal; one half at the mean distance.
enum DistanceSimilarity {
    static func matrix(
        _ distances: DoubleMatrix, warnings: [String] = []
    ) -> SimilarityMatrix {
        let size = distances.rows
        var sum = 0.0
        for row in 0..<size {
            for column in 0..<size where column != row { sum += distances[row, column] }
        }
        let mean = size > 1 ? sum / Double(size * (size - 1)) : 0
        return SimilarityMatrix(
            size: size,
            values: (0..<size * size).map { place in
                let (row, column) = (place / size, place % size)
                guard row != column, mean > 0 else { return 1 }
                return 1 / (1 + distances[row, column] / mean)
            },
            warnings: warnings)
    }
}
