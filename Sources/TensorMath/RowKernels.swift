// Swift face of the element-wise kernels: shapes are checked here, rows run on all cores.

import Kernels

/// Functions of one number that MLPs apply; raw values are those of `kernels_activate`.
package enum Curve: Int32, Sendable {
    case silu
    case geluTanh
    case gelu
    case relu
    case reluSquared
    case sigmoid
}

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

    /// (x[t] - mean) / sqrt(variance + epsilon) * gain (+ bias); `out` may be `x`.
    ///
    /// - Parameters:
    ///   - x: [tokens, width].
    ///   - gain, bias: [1, width].
    package static func layerNorm(
        _ x: MatrixView, gain: MatrixView, bias: MatrixView?, epsilon: Float, into out: MatrixView
    ) {
        precondition(x.columns == gain.columns && gain.rows == 1, "gain does not match")
        precondition(bias?.isShaped(like: gain) ?? true, "bias does not match")
        precondition(x.isShaped(like: out), "shapes differ")
        forEachRow(x) { row in
            unsafe kernels_layer_norm(
                x.pointer(row: row), gain.pointer(row: 0), bias?.pointer(row: 0), epsilon,
                x.columns, out.pointer(row: row))
        }
    }

    /// A norm of each group of features inside the rows of `x`, in place: RMS, or with the mean
    /// taken off. Gains are those of one group, or each group has its own.
    ///
    /// - Parameters:
    ///   - x: [tokens, groups * group].
    ///   - gain: [1, group] or [1, groups * group].
    ///   - bias: as `gain`; of centred norms.
    package static func normalise(
        _ x: MatrixView, groups group: Int, gain: MatrixView, bias: MatrixView? = nil,
        gainOffset: Float, epsilon: Float, isCentred: Bool
    ) {
        precondition(gain.rows == 1 && x.columns % group == 0, "groups do not fill the row")
        precondition(gain.columns == group || gain.columns == x.columns, "gain does not match")
        precondition(bias?.isShaped(like: gain) ?? true, "bias does not match")
        let step = gain.columns == group ? 0 : group
        forEachRow(x) { row in
            for index in 0..<x.columns / group {
                let place = unsafe x.pointer(row: row) + index * group
                let gains = unsafe gain.pointer(row: 0) + index * step
                if isCentred {
                    let biases = unsafe bias.map { unsafe $0.pointer(row: 0) + index * step }
                    unsafe kernels_layer_norm(place, gains, biases, epsilon, group, place)
                } else {
                    unsafe kernels_rms_norm(place, gains, gainOffset, epsilon, group, place)
                }
            }
        }
    }

    /// x = f(x), element by element, in place.
    package static func activate(_ x: MatrixView, _ curve: Curve) {
        forEachRow(x) { row in
            unsafe kernels_activate(x.pointer(row: row), x.columns, curve.rawValue)
        }
    }

    /// x *= y, element by element; shapes equal.
    package static func multiply(_ x: MatrixView, _ y: MatrixView) {
        precondition(x.isShaped(like: y), "shapes differ")
        forEachRow(x) { row in
            unsafe kernels_multiply(x.pointer(row: row), y.pointer(row: row), x.columns)
        }
    }

    /// gate = (up + 1) gate sigmoid(1.702 gate) of gates up to 7 and ups between -7 and 7; both
    /// [tokens, width].
    package static func clampedSwish(_ gate: MatrixView, _ up: MatrixView) {
        precondition(gate.isShaped(like: up), "shapes differ")
        forEachRow(gate) { row in
            let place = unsafe gate.pointer(row: row)
            unsafe kernels_clamped_swish(place, up.pointer(row: row), gate.columns, place)
        }
    }

    /// x = x between -limit and limit; what is no number stays none.
    package static func clamp(_ x: MatrixView, to limit: Float) {
        forEachRow(x) { row in
            let place = unsafe x.pointer(row: row)
            for column in 0..<x.columns {
                let value = unsafe place[column]
                unsafe place[column] = value < -limit ? -limit : value > limit ? limit : value
            }
        }
    }

    /// x[t] *= factors[t].
    package static func scale(_ x: MatrixView, rowsBy factors: [Float]) {
        precondition(factors.count == x.rows, "a factor for each row")
        forEachRow(x) { row in
            unsafe kernels_scale(x.pointer(row: row), x.columns, factors[row])
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

    /// Rotary embedding in place on `2 * half` features of every head, from `start` on.
    ///
    /// - Parameters:
    ///   - pairs: whether neighbours are rotated together, not a feature and the one `half` on.
    ///   - x: [tokens, heads * headWidth].
    ///   - positions: position of each token, the row of the tables.
    ///   - cosine, sine: [positions, half].
    package static func rotate(
        _ x: MatrixView, headWidth: Int, from start: Int = 0, pairs: Bool = false,
        positions: [Int32], cosine: MatrixView, sine: MatrixView
    ) {
        precondition(x.columns % headWidth == 0, "heads do not fill the row")
        precondition(positions.count == x.rows, "a position for each token")
        precondition(start + 2 * cosine.columns <= headWidth, "rotation wider than a head")
        forEachRow(x) { row in
            let position = Int(positions[row])
            for head in 0..<x.columns / headWidth {
                let place = unsafe x.pointer(row: row) + head * headWidth + start
                let (cosines, sines) = unsafe (
                    cosine.pointer(row: position), sine.pointer(row: position)
                )
                if pairs {
                    unsafe kernels_rotate_pairs(place, cosines, sines, cosine.columns)
                } else {
                    unsafe kernels_rotate(place, cosines, sines, cosine.columns)
                }
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
    ///
    /// - Parameter sink: [1, 1], a score that takes its share of the sum and gives nothing.
    package static func softmax(_ x: MatrixView, sink: MatrixView? = nil) {
        precondition(x.columns > 0, "softmax of nothing")
        precondition(sink.map { $0.rows == 1 && $0.columns == 1 } ?? true, "one sink")
        forEachRow(x) { row in
            unsafe kernels_softmax(x.pointer(row: row), x.columns, sink?.pointer(row: 0))
        }
    }

    /// log sum exp of one row, summed in double.
    package static func logSumExp(_ x: MatrixView, row: Int) -> Double {
        precondition(row < x.rows && x.columns > 0, "no such row")
        return unsafe kernels_log_sum_exp(x.pointer(row: row), x.columns)
    }
}
