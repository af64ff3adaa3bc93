// What a branch of the new layer shall give. Without a norm behind it that is what is left between
// the stream that it is added to and the original's behind the stretch.
//
// With one, stream += r g n(b), n(b) = b / rms(b), b = Z W + c, only the direction of b counts, and
// the gains g. Near a b of the right direction a step of it moves n(b) by its part across b over
// rms(b). So the target of b is T / (r g) at the length that b has with the weights that the fit
// begins with, and a token weighs as much as its T is long, over that length: errors of the
// direction count as they do behind the norm. What is wrong about the length is left to the gains,
// which are fitted behind the weights.

import Model
import TensorMath

struct BranchGoal {
    /// r.
    let scale: Float
    /// 1 / g as far as g is not small, [1, hidden]; nil where no norm follows.
    private let inverse: MatrixView?
    private let epsilon: Float

    /// - Parameters:
    ///   - layer: the kept one.
    ///   - norm: behind the branch.
    init(_ layer: LayerBlueprint, behind norm: NormBlueprint?, _ context: BlockContext) throws {
        scale = layer.residualScale
        epsilon = norm?.epsilon ?? 0
        inverse = try norm.map { try Self.inverse(try context.weights.gains($0)) }
    }

    var hasNorm: Bool { inverse != nil }

    /// g / (g^2 + d^2) with d a tenth of the gains' root mean square: features that the norm all
    /// but takes away are not blown up.
    private static func inverse(_ gains: MatrixView) throws -> MatrixView {
        let small = Float(0.01 * gains.sumOfSquares / Double(max(1, gains.columns)))
        let result = MatrixView(rows: 1, columns: gains.columns)
        for column in 0..<gains.columns {
            let gain = gains[0, column]
            result[0, column] = gain / max(gain * gain + small, .leastNormalMagnitude)
        }
        return result
    }

    /// Turns what the stream lacks into what Z W is fitted to, and weighs Z's tokens; in place.
    ///
    /// - Parameters:
    ///   - wanted: target - stream, [tokens, hidden].
    ///   - features: Z, [tokens, features].
    ///   - own: b as the fit begins, [tokens, hidden]; nil where no norm follows.
    ///   - bias: c, [1, hidden].
    func bend(
        _ wanted: MatrixView, _ features: MatrixView, own: MatrixView?, bias: MatrixView?
    ) {
        if scale != 1 { RowKernels.scale(wanted, by: 1 / scale) }
        guard let inverse, let own else {
            if let bias { Self.subtract(bias, from: wanted) }
            return
        }
        RowKernels.multiply(wanted, gain: inverse, gainOffset: 0)
        let lengths = Self.lengths(own, epsilon)
        let wantedLengths = Self.lengths(wanted, 0)
        let shortest = 1e-3 * lengths.reduce(0, +) / Float(max(1, lengths.count))
        // sqrt of the weight: sqrt(length of T) over the length of b, on both sides.
        let weights = zip(lengths, wantedLengths).map { own, wanted in
            wanted.squareRoot() / max(own, shortest, .leastNormalMagnitude)
        }
        RowKernels.scale(features, rowsBy: weights)
        RowKernels.scale(
            wanted, rowsBy: wantedLengths.map { $0 > 0 ? 1 / $0.squareRoot() : 0 })
        guard let bias else { return }
        let column = MatrixView(rows: weights.count, columns: 1, values: weights)
        let moved = MatrixView(rows: wanted.rows, columns: wanted.columns)
        moved.assignProduct(column, bias)
        wanted.subtract(moved)
    }

    /// What maps the kept layer's weights onto those of another whose branch has a norm of its own:
    /// gains of the other over the kept one's, [1, hidden]; nil where no norm follows.
    ///
    /// - Parameters:
    ///   - norm: behind the other's branch.
    ///   - ratio: length of the kept layer's branch over that of the other's, in the mean.
    func factors(
        _ norm: NormBlueprint?, ratio: Double, _ context: BlockContext
    ) throws -> MatrixView? {
        guard let inverse, let norm else { return nil }
        let result = try context.weights.gains(norm).copy()
        RowKernels.multiply(result, inverse)
        RowKernels.scale(result, by: Float(ratio))
        return result
    }

    /// Root mean squares of the rows.
    static func lengths(_ x: MatrixView, _ epsilon: Float) -> [Float] {
        (0..<x.rows).map { row in
            let line = x.rows(row..<row + 1)
            return Float(
                (line.dot(line) / Double(max(1, x.columns)) + Double(epsilon)).squareRoot())
        }
    }

    private static func subtract(_ bias: MatrixView, from x: MatrixView) {
        let negative = MatrixView(rows: 1, columns: bias.columns)
        negative.subtract(bias)
        RowKernels.addBias(x, negative)
    }
}

extension ModelWeights {
    /// What a norm multiplies with, [1, width].
    func gains(_ norm: NormBlueprint) throws -> MatrixView {
        let gains = try vector(norm.tensor)
        guard norm.gainOffset != 0 else { return gains }
        let offset = MatrixView(rows: 1, columns: gains.columns)
        offset.fill(norm.gainOffset)
        RowKernels.add(offset, gains)
        return offset
    }
}

/// Sums that the gains of a norm behind a branch are fitted from: of each feature
/// argmin |g n - t|^2 + mu |g - g0|^2.
struct GainFitting {
    private var squares: [Double]
    private var products: [Double]

    init(width: Int) {
        squares = Array(repeating: 0, count: width)
        products = squares
    }

    /// - Parameters:
    ///   - normal: n(b), [tokens, width].
    ///   - wanted: t, as `normal`.
    mutating func add(_ normal: MatrixView, wanted: MatrixView) {
        for row in 0..<normal.rows {
            let (n, t) = (normal.row(row), wanted.row(row))
            for column in n.indices {
                squares[column] += Double(n[column]) * Double(n[column])
                products[column] += Double(n[column]) * Double(t[column])
            }
        }
    }

    /// mu as a share of the mean of the squares.
    private static let ridge = 0.01

    /// - Parameter start: g0, [1, width].
    func gains(from start: MatrixView) -> MatrixView {
        let mu = max(
            Self.ridge * squares.reduce(0, +) / Double(max(1, squares.count)),
            Double.leastNormalMagnitude)
        let result = MatrixView(rows: 1, columns: start.columns)
        for column in squares.indices {
            result[0, column] = Float(
                (products[column] + mu * Double(start[0, column])) / (squares[column] + mu))
        }
        return result
    }
}
