// `tsne`: layers as points of a plane in which neighbours stay neighbours (t-SNE, van der Maaten
// and Hinton 2008, exact form), compared by their distance there.

import Glibc
import TensorMath

/// S_ij = 1 / (1 + d_ij / m): d the distance of layers i and j in the map, m the mean distance.
///
/// Every layer is one point, the mean of its outputs over the samples. The map has two dimensions;
/// it starts from seeded noise and takes `steps` gradient steps, so equal inputs and seeds give
/// equal maps. A map shows who is near whom; its large distances mean little.
struct NeighbourMap: SimilarityMeasure {
    let name = "tsne"
    let summary = "distance of the layers' mean outputs in a two-dimensional t-SNE map"
    let source = "van der Maaten and Hinton 2008; MKA, arXiv 2406.16330, Figure 5"
    let range = "0 to 1, the diagonal 1; one half at the average distance"
    let parameterNames = ["perplexity", "steps", "seed"]

    func similarity(
        of boundaries: LayerBoundaries, parameters: SimilarityParameters
    ) throws -> SimilarityMatrix {
        try boundaries.validate(samplesMin: 1, reason: name)
        let size = boundaries.count - 1
        guard size >= 5 else {
            throw AnalysisError.tooFewLayers(found: size, needed: 5, reason: name)
        }
        guard parameters.perplexity > 1, parameters.perplexity.isFinite else {
            throw AnalysisError.parameterOutOfRange(
                name: "perplexity", value: "\(parameters.perplexity)", expected: "above 1")
        }
        guard parameters.steps >= 1 else {
            throw AnalysisError.parameterOutOfRange(
                name: "steps", value: "\(parameters.steps)", expected: "at least 1")
        }
        let perplexity = min(parameters.perplexity, Double(size - 1) / 3)
        let joint = Self.affinities(
            try Self.squaredDistances(boundaries), perplexity: perplexity)
        var map = Map(joint, seed: parameters.seed)
        map.descend(steps: parameters.steps)
        let warnings =
            perplexity < parameters.perplexity
            ? ["perplexity \(parameters.perplexity) lowered to \(perplexity) for \(size) layers"]
            : []
        return DistanceSimilarity.matrix(map.distances, warnings: warnings)
    }

    /// |m_i - m_j|² of the layers' mean outputs, `[L, L]`.
    private static func squaredDistances(_ boundaries: LayerBoundaries) throws -> DoubleMatrix {
        let means = try (1..<boundaries.count).map { boundary -> [Float] in
            let rows = try boundaries.rows(boundary)
            var sums = [Double](repeating: 0, count: rows.width)
            for row in 0..<rows.count {
                for column in 0..<rows.width {
                    sums[column] += Double(rows.values[row * rows.width + column])
                }
            }
            return sums.map { Float($0 / Double(rows.count)) }
        }
        return LayerRows(
            count: means.count, width: means[0].count, values: means.flatMap(\.self)
        ).squaredDistances()
    }

    /// The symmetric joint probabilities p_ij, which add up to 1: Gaussian neighbourhoods, each as
    /// wide as makes its perplexity the wanted one.
    static func affinities(_ squared: DoubleMatrix, perplexity: Double) -> DoubleMatrix {
        let size = squared.rows
        var conditional = DoubleMatrix(rows: size, columns: size)
        for row in 0..<size {
            let others = (0..<size).filter { $0 != row }
            // Only differences matter; the nearest at zero keeps the sum above zero.
            let nearest = others.map { squared[row, $0] }.min() ?? 0
            let distances = others.map { squared[row, $0] - nearest }
            let shares = neighbourhood(distances, entropy: log(perplexity))
            for (share, other) in zip(shares, others) { conditional[row, other] = share }
        }
        var joint = conditional
        joint.values = zip(conditional.values, conditional.transposed.values).map {
            ($0 + $1) / Double(2 * size)
        }
        return joint
    }

    /// exp(-β d) over its sum, β by bisection so that the entropy is the wanted one.
    private static func neighbourhood(_ distances: [Double], entropy wanted: Double) -> [Double] {
        let scale = distances.reduce(0, +) / Double(distances.count)
        guard scale > 0 else {
            return distances.map { _ in 1 / Double(distances.count) }
        }
        var (low, high) = (-30.0, 30.0)
        var shares: [Double] = []
        for _ in 0..<100 {
            let middle = (low + high) / 2
            let beta = exp(middle) / scale
            let weights = distances.map { exp(-beta * $0) }
            let sum = weights.reduce(0, +)
            shares = weights.map { $0 / sum }
            let entropy = -shares.reduce(0) { $1 > 0 ? $0 + $1 * log($1) : $0 }
            if entropy > wanted { low = middle } else { high = middle }
        }
        return shares
    }
}

/// A two-dimensional map and its descent on the Kullback-Leibler divergence.
private struct Map {
    /// `[L, L]`, sums to 1: how likely two layers are neighbours.
    private let joint: DoubleMatrix
    /// `[L, 2]`
    private var points: DoubleMatrix

    private static let exaggeration = 4.0
    private static let learningRate = 10.0

    init(_ joint: DoubleMatrix, seed: UInt32) {
        self.joint = joint
        var generator = MersenneTwister(seed: seed)
        points = DoubleMatrix(
            rows: joint.rows, columns: 2,
            values: (0..<joint.rows * 2).map { _ in 1e-4 * generator.normal() })
    }

    /// Momentum 0.5 and exaggerated attraction in the first quarter, then 0.8; each coordinate has
    /// a gain that grows while its gradient keeps its sign.
    mutating func descend(steps: Int) {
        var velocity = [Double](repeating: 0, count: points.values.count)
        var gains = [Double](repeating: 1, count: points.values.count)
        for step in 0..<steps {
            let early = step < steps / 4
            let slope = gradient(exaggeration: early ? Self.exaggeration : 1)
            for index in slope.indices {
                let agrees = (slope[index] > 0) == (velocity[index] < 0)
                gains[index] = max(0.01, agrees ? gains[index] + 0.2 : gains[index] * 0.8)
                velocity[index] =
                    (early ? 0.5 : 0.8) * velocity[index]
                    - Self.learningRate * gains[index] * slope[index]
            }
            points.values = zip(points.values, velocity).map { $0 + $1 }
            points.subtractColumnMeans()
        }
    }

    private func gradient(exaggeration: Double) -> [Double] {
        let size = joint.rows
        var kernel = DoubleMatrix(rows: size, columns: size)
        var sum = 0.0
        for row in 0..<size {
            for column in 0..<size where column != row {
                let (dx, dy) = difference(row, column)
                kernel[row, column] = 1 / (1 + dx * dx + dy * dy)
                sum += kernel[row, column]
            }
        }
        var slope = [Double](repeating: 0, count: 2 * size)
        for row in 0..<size {
            for column in 0..<size where column != row {
                let weight = kernel[row, column]
                let pull = 4 * (exaggeration * joint[row, column] - weight / sum) * weight
                let (dx, dy) = difference(row, column)
                slope[2 * row] += pull * dx
                slope[2 * row + 1] += pull * dy
            }
        }
        return slope
    }

    private func difference(_ first: Int, _ second: Int) -> (Double, Double) {
        (points[first, 0] - points[second, 0], points[first, 1] - points[second, 1])
    }

    var distances: DoubleMatrix {
        var result = DoubleMatrix(rows: joint.rows, columns: joint.rows)
        for row in 0..<joint.rows {
            for column in 0..<joint.rows {
                let (dx, dy) = difference(row, column)
                result[row, column] = (dx * dx + dy * dy).squareRoot()
            }
        }
        return result
    }
}
