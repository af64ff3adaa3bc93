// A router for another stream, or for other experts: the one whose scores are nearest to given
// ones, by a few Newton steps with one Hessian that is never too small (Boehning 1992: of a softmax
// at most half the Gram matrix of what is read for each expert, of sigmoids a quarter), so that one
// factor serves all experts and all steps, and every step of its length goes down. Longer ones are
// tried first.

import Foundation
import Model
import TensorMath

struct RouterFit {
    let scores: Routing.Scores
    let product: MatrixProduct

    /// Passes over all tokens, at the most.
    static let passes = 8
    /// Added to the Gram matrix, as a share of its mean diagonal.
    private static let ridge = 0.01

    /// A wave: what the router reads, [tokens, width], and the scores that are wanted,
    /// [tokens, experts].
    typealias Wave = (input: MatrixView, wanted: MatrixView)

    /// - Parameters:
    ///   - start: [experts, width].
    ///   - bias: [1, experts], fitted as well; nil for none.
    ///   - wave: the one of a number.
    ///   - tell: hears each pass.
    func fit(
        _ start: MatrixView, bias: MatrixView?, waves: Int, wave: (Int) throws -> Wave,
        tell: () throws -> Void
    ) throws -> (weights: MatrixView, bias: MatrixView?) {
        var now = joined(start, bias)
        var sums: DoubleMatrix? = DoubleMatrix(rows: now.rows, columns: now.rows)
        var (loss, cross) = try pass(now, bias != nil, waves, wave, gram: &sums)
        guard var gram = sums.take() else { return (start, bias) }
        let mean = (0..<gram.rows).reduce(0) { $0 + gram[$1, $1] } / Double(max(1, gram.rows))
        gram.addToDiagonal(max(Self.ridge * mean, Double.leastNormalMagnitude))
        try gram.invertPositiveDefinite()
        // Sigmoids are steps by themselves; chances that are spread over many experts have a
        // Hessian that is as many times smaller.
        let shortest = scores == .softmax ? 2.0 : 4.0
        var length = scores == .softmax ? max(8, Double(start.rows)) : 8
        for _ in 1..<Self.passes {
            try tell()
            var step = DoubleMatrix.product(gram, cross)
            step.scale(by: length)
            step.add(now)
            let (reached, slopes) = try pass(step, bias != nil, waves, wave, gram: &sums)
            if reached < loss {
                (now, loss, cross) = (step, reached, slopes)
            } else {
                if length == shortest { break }
                length = max(shortest, length / 2)
            }
        }
        let weights = MatrixView(now.transposed)
        guard bias != nil else { return (weights, nil) }
        let width = start.columns
        let fitted = MatrixView(rows: 1, columns: weights.rows)
        for expert in 0..<weights.rows { fitted[0, expert] = weights[expert, width] }
        return (weights.columns(0..<width).copy(), fitted)
    }

    /// [width (+ 1), experts].
    private func joined(_ weights: MatrixView, _ bias: MatrixView?) -> DoubleMatrix {
        guard let bias else { return weights.transposedDoubles }
        let all = MatrixView(rows: weights.rows, columns: weights.columns + 1)
        all.columns(0..<weights.columns).assign(weights)
        for expert in 0..<weights.rows { all[expert, weights.columns] = bias[0, expert] }
        return all.transposedDoubles
    }

    /// The loss of all tokens in nats, and X'(wanted - found), [width (+ 1), experts].
    ///
    /// - Parameter gram: takes X'X; nil where it is not asked for.
    private func pass(
        _ weights: DoubleMatrix, _ hasBias: Bool, _ waves: Int, _ wave: (Int) throws -> Wave,
        gram: inout DoubleMatrix?
    ) throws -> (loss: Double, slopes: DoubleMatrix) {
        let matrix = product.factor(MatrixView(weights))
        var loss = 0.0
        var slopes = DoubleMatrix(rows: weights.rows, columns: weights.columns)
        for index in 0..<waves {
            let (input, wanted) = try wave(index)
            var read = input
            if hasBias {
                read = MatrixView(rows: input.rows, columns: input.columns + 1)
                read.fill(1)
                read.columns(0..<input.columns).assign(input)
            }
            let factor = product.factor(read)
            let found = MatrixView(rows: wanted.rows, columns: wanted.columns)
            try product.multiply(factor, matrix, into: found)
            switch scores {
            case .softmax: RowKernels.softmax(found)
            case .sigmoid: RowKernels.activate(found, .sigmoid)
            }
            for row in 0..<found.rows { loss += self.loss(wanted.row(row), found.row(row)) }
            let rest = wanted.copy()
            rest.subtract(found)
            let part = MatrixView(rows: weights.rows, columns: weights.columns)
            try product.multiply(
                factor, product.factor(rest), transposingLeft: true, into: part)
            slopes.add(part.doubles)
            guard gram != nil else { continue }
            let square = MatrixView(rows: weights.rows, columns: weights.rows)
            try product.multiply(factor, factor, transposingLeft: true, into: square)
            gram?.add(square.doubles)
        }
        return (loss, slopes)
    }

    private func loss(_ wanted: [Float], _ found: [Float]) -> Double {
        let small = Float.leastNormalMagnitude
        return zip(wanted, found).reduce(0) { sum, pair in
            let (q, p) = pair
            let here = q > 0 ? Double(q) * Self.log(q / max(p, small)) : 0
            guard scores == .sigmoid, q < 1 else { return sum + here }
            return sum + here + Double(1 - q) * Self.log((1 - q) / max(1 - p, small))
        }
    }

    private static func log(_ x: Float) -> Double { Foundation.log(Double(x)) }
}

extension MatrixView {
    fileprivate var doubles: DoubleMatrix {
        DoubleMatrix(rows: rows, columns: columns, values: values().map(Double.init))
    }
}
