// Swift face of the element-wise kernels: shapes are checked here, rows run on all cores.

import Kernels

/// Element-wise parts of a decoder layer, over the rows of matrices.
package enum RowKernels {
    /// A row's work is cut so that a run has at least this many elements.
    private static let grainElements = 16_384

    private static func forEachRow(
        _ matrix: MatrixView, _ body: @Sendable (_ row: Int) -> Void
    ) {
        Parallel.forEachRun(
            of: matrix.rows, grain: max(1, grainElements / max(1, matrix.columns))
        ) { run in
            for row in run { body(row) }
        }
    }

    /// out[t] = x[t] / sqrt(mean(x[t]^2) + epsilon) * (gain + gainOffset); `out` may be `x`.
    ///
    /// - Parameters:
    ///   - x: [tokens, width].
    ///   - gain: [1, width].
    package static func rmsNorm(
        _ x: MatrixView, gain: MatrixView, gainOffset: Float, epsilon: Float, into out: MatrixView
    ) {
        precondition(x.columns == gain.columns && gain.rows == 1, "gain does not match")
        precondition(x.rows == out.rows && x.columns == out.columns, "shapes differ")
        forEachRow(x) { row in
            unsafe kernels_rms_norm(
                x.pointer(row: row), gain.pointer(row: 0), gainOffset, epsilon, x.columns,
                out.pointer(row: row))
        }
    }

    /// RMS norm of each head of width `gain.columns` inside the rows of `x`, in place.
    package static func rmsNormHeads(
        _ x: MatrixView, gain: MatrixView, gainOffset: Float, epsilon: Float
    ) {
        let width = gain.columns
        precondition(gain.rows == 1 && x.columns % width == 0, "heads do not fill the row")
        forEachRow(x) { row in
            for head in 0..<x.columns / width {
                let place = unsafe x.pointer(row: row) + head * width
                unsafe kernels_rms_norm(
                    place, gain.pointer(row: 0), gainOffset, epsilon, width, place)
            }
        }
    }

    /// gate = silu(gate) * up; both [tokens, width].
    package static func siluMultiply(_ gate: MatrixView, _ up: MatrixView) {
        precondition(gate.rows == up.rows && gate.columns == up.columns, "shapes differ")
        forEachRow(gate) { row in
            let place = unsafe gate.pointer(row: row)
            unsafe kernels_silu_multiply(place, up.pointer(row: row), gate.columns, place)
        }
    }

    /// gate = gelu_tanh(gate) * up; both [tokens, width].
    package static func geluMultiply(_ gate: MatrixView, _ up: MatrixView) {
        precondition(gate.rows == up.rows && gate.columns == up.columns, "shapes differ")
        forEachRow(gate) { row in
            let place = unsafe gate.pointer(row: row)
            unsafe kernels_gelu_multiply(place, up.pointer(row: row), gate.columns, place)
        }
    }

    /// Half-split rotary embedding in place on the first `2 * half` features of every head.
    ///
    /// - Parameters:
    ///   - x: [tokens, heads * headWidth].
    ///   - positions: position of each token, the row of the tables.
    ///   - cosine, sine: [positions, half].
    package static func rotate(
        _ x: MatrixView, headWidth: Int, positions: [Int32], cosine: MatrixView, sine: MatrixView
    ) {
        precondition(x.columns % headWidth == 0, "heads do not fill the row")
        precondition(positions.count == x.rows, "a position for each token")
        precondition(2 * cosine.columns <= headWidth, "rotation wider than a head")
        forEachRow(x) { row in
            let position = Int(positions[row])
            for head in 0..<x.columns / headWidth {
                unsafe kernels_rotate(
                    x.pointer(row: row) + head * headWidth, cosine.pointer(row: position),
                    sine.pointer(row: position), cosine.columns)
            }
        }
    }

    /// x[t] += y[t].
    package static func add(_ x: MatrixView, _ y: MatrixView) {
        precondition(x.rows == y.rows && x.columns == y.columns, "shapes differ")
        forEachRow(x) { row in
            unsafe kernels_add(x.pointer(row: row), y.pointer(row: row), x.columns)
        }
    }

    /// x[t] += bias for every row; bias [1, width].
    package static func addBias(_ x: MatrixView, _ bias: MatrixView) {
        precondition(bias.rows == 1 && bias.columns == x.columns, "bias does not match")
        forEachRow(x) { row in
            unsafe kernels_add(x.pointer(row: row), bias.pointer(row: 0), x.columns)
        }
    }

    /// x *= factor.
    package static func scale(_ x: MatrixView, by factor: Float) {
        forEachRow(x) { row in unsafe kernels_scale(x.pointer(row: row), x.columns, factor) }
    }

    /// x[t] *= gain + gainOffset, column by column; gain [1, width].
    package static func multiply(_ x: MatrixView, gain: MatrixView, gainOffset: Float) {
        precondition(gain.rows == 1 && gain.columns == x.columns, "gain does not match")
        forEachRow(x) { row in
            unsafe kernels_multiply_gain(
                x.pointer(row: row), gain.pointer(row: 0), gainOffset, x.columns)
        }
    }

    /// x[t] /= mean(other[t]^2), shapes equal; a row stays where the other's is zero.
    package static func divide(_ x: MatrixView, byMeanSquaresOf other: MatrixView) {
        precondition(x.isShaped(like: other), "shapes differ")
        forEachRow(x) { row in
            let square = unsafe kernels_dot(
                other.pointer(row: row), other.pointer(row: row), x.columns)
            guard square > 0 else { return }
            let factor = Float(Double(x.columns) / square)
            unsafe kernels_scale(x.pointer(row: row), x.columns, factor)
        }
    }

    /// x = cap * tanh(x / cap).
    package static func softCap(_ x: MatrixView, cap: Float) {
        forEachRow(x) { row in unsafe kernels_soft_cap(x.pointer(row: row), x.columns, cap) }
    }

    /// Softmax of each row in place.
    package static func softmax(_ x: MatrixView) {
        precondition(x.columns > 0, "softmax of nothing")
        forEachRow(x) { row in unsafe kernels_softmax(x.pointer(row: row), x.columns) }
    }

    /// log sum exp of one row, summed in double.
    package static func logSumExp(_ x: MatrixView, row: Int) -> Double {
        precondition(row < x.rows && x.columns > 0, "no such row")
        return unsafe kernels_log_sum_exp(x.pointer(row: row), x.columns)
    }
}
