// Swift face of the kernels that derivatives are made of: shapes are checked here, rows run on all
// cores, and no result depends on how many there are.

import Kernels

/// Derivatives of the element-wise parts of a layer, over the rows of matrices [tokens, width].
package enum RowGradients {
    private static func forEachRow(_ matrix: MatrixView, _ body: @Sendable (Int) -> Void) {
        Parallel.forEachRun(of: matrix.rows, grain: max(1, 16_384 / max(1, matrix.columns))) {
            run in
            for row in run { body(row) }
        }
    }

    /// For y = n * (gain + offset), n = x / sqrt(mean(x^2) + epsilon): adds
    /// dL/dx = r (dn - n mean(dn n)), r = 1 / sqrt(mean(x^2) + epsilon),
    /// dn = dL/dy (gain + offset).
    ///
    /// - Parameters:
    ///   - x, output, input: [tokens, width]; `output` is dL/dy, `input` takes dL/dx.
    ///   - gain: [1, width].
    ///   - gainGradient: [1, width], takes dL/dgain, the sum of dL/dy n; nil where not asked for.
    package static func rmsNorm(
        _ x: MatrixView, gain: MatrixView, gainOffset: Float, epsilon: Float, output: MatrixView,
        addingTo input: MatrixView, gainGradient: MatrixView?
    ) {
        precondition(x.isShaped(like: output) && x.isShaped(like: input), "shapes differ")
        precondition(gain.rows == 1 && gain.columns == x.columns, "gain does not match")
        let factors = MatrixView(rows: x.rows, columns: 1)
        forEachRow(x) { row in
            unsafe kernels_rms_norm_slopes(
                x.pointer(row: row), output.pointer(row: row), gain.pointer(row: 0), gainOffset,
                epsilon, x.columns, input.pointer(row: row), factors.pointer(row: row))
        }
        guard let gainGradient else { return }
        addColumnSums(of: output, times: (x, factors), to: gainGradient)
    }

    /// For z = silu(gate) * up: replaces `gate` by dL/dgate and `up` by dL/dup.
    ///
    /// - Parameter output: dL/dz; all [tokens, neurons].
    package static func siluMultiply(gate: MatrixView, up: MatrixView, output: MatrixView) {
        precondition(gate.isShaped(like: up) && gate.isShaped(like: output), "shapes differ")
        forEachRow(gate) { row in
            unsafe kernels_silu_slopes(
                gate.pointer(row: row), up.pointer(row: row), output.pointer(row: row),
                gate.columns)
        }
    }

    /// For z = gelu_tanh(gate) * up; as `siluMultiply`.
    package static func geluMultiply(gate: MatrixView, up: MatrixView, output: MatrixView) {
        precondition(gate.isShaped(like: up) && gate.isShaped(like: output), "shapes differ")
        forEachRow(gate) { row in
            unsafe kernels_gelu_slopes(
                gate.pointer(row: row), up.pointer(row: row), output.pointer(row: row),
                gate.columns)
        }
    }

    /// Adds the sums of the columns to a bias's gradient [1, width].
    package static func sumColumns(_ output: MatrixView, addingTo bias: MatrixView) {
        addColumnSums(of: output, times: nil, to: bias)
    }

    /// sum over rows of x[r] (y[r] factors[r]), in double: whole columns are one thread's, so that
    /// the order of the sum is always the same.
    private static func addColumnSums(
        of x: MatrixView, times other: (y: MatrixView, factors: MatrixView)?, to sums: MatrixView
    ) {
        precondition(sums.rows == 1 && sums.columns == x.columns, "shapes differ")
        let width = 64
        Parallel.forEach((x.columns + width - 1) / width) { block in
            let columns = block * width..<min(x.columns, (block + 1) * width)
            var part = [Double](repeating: 0, count: columns.count)
            let own = x.columns(columns)
            if let other {
                let second = other.y.columns(columns)
                unsafe kernels_add_scaled_rows(
                    &part, own.pointer(row: 0), own.stride, second.pointer(row: 0), second.stride,
                    other.factors.pointer(row: 0), x.rows, columns.count)
            } else {
                unsafe kernels_add_scaled_rows(
                    &part, own.pointer(row: 0), own.stride, nil, 0, nil, x.rows, columns.count)
            }
            for (place, column) in columns.enumerated() { sums[0, column] += Float(part[place]) }
        }
    }

    /// From the chances of a row's scores and dL/dchances to dL/dscores, in the place of the
    /// chances: p (s - sum(p s)).
    ///
    /// - Parameter columns: how many of a row's first columns there are.
    package static func softmax(
        _ chances: MatrixView, slopes: MatrixView, row: Int, columns: Range<Int>
    ) {
        precondition(chances.isShaped(like: slopes) && row < chances.rows, "shapes differ")
        precondition(columns.lowerBound >= 0 && columns.upperBound <= chances.columns, "columns")
        unsafe kernels_softmax_slopes(
            chances.pointer(row: row) + columns.lowerBound,
            slopes.pointer(row: row) + columns.lowerBound, columns.count)
    }

    /// KL(q || p) of each row, of logits `wanted` (q) and `found` (p), in nats; `found` becomes
    /// p - q, the derivative by itself.
    ///
    /// - Parameters:
    ///   - found, wanted: [rows, vocabulary].
    ///   - sums: log sum exp of each row, of both.
    package static func divergence(
        found: MatrixView, wanted: MatrixView, sums: (found: [Double], wanted: [Double])
    ) -> Double {
        precondition(found.isShaped(like: wanted), "shapes differ")
        precondition(
            sums.found.count == found.rows && sums.wanted.count == found.rows, "a sum each row")
        return Parallel.map(found.rows) { row in
            unsafe kernels_divergence_slopes(
                found.pointer(row: row), sums.found[row], wanted.pointer(row: row),
                sums.wanted[row], found.columns)
        }.reduce(0, +)
    }
}
