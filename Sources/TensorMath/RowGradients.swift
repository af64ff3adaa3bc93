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

    /// For y = n gain (+ bias), n = (x - mean) / sqrt(variance + epsilon): adds dL/dx; shapes as
    /// for `rmsNorm`.
    ///
    /// - Parameter gradients: each [1, width], take dL/dgain and dL/dbias; nil where not asked for.
    package static func layerNorm(
        _ x: MatrixView, gain: MatrixView, epsilon: Float, output: MatrixView,
        addingTo input: MatrixView, gradients: (gain: MatrixView, bias: MatrixView?)?
    ) {
        precondition(x.isShaped(like: output) && x.isShaped(like: input), "shapes differ")
        precondition(gain.rows == 1 && gain.columns == x.columns, "gain does not match")
        forEachRow(x) { row in
            unsafe kernels_layer_norm_slopes(
                x.pointer(row: row), output.pointer(row: row), gain.pointer(row: 0), epsilon,
                x.columns, input.pointer(row: row))
        }
        guard let gradients else { return }
        let ones = MatrixView(rows: 1, columns: x.columns)
        ones.fill(1)
        let normal = MatrixView(rows: x.rows, columns: x.columns)
        RowKernels.layerNorm(x, gain: ones, bias: nil, epsilon: epsilon, into: normal)
        let factors = MatrixView(rows: x.rows, columns: 1)
        factors.fill(1)
        addColumnSums(of: output, times: (normal, factors), to: gradients.gain)
        if let bias = gradients.bias { addColumnSums(of: output, times: nil, to: bias) }
    }

    /// For `RowKernels.normalise`: adds dL/dx; shapes and gains as there, all [tokens, width].
    ///
    /// - Parameter gradients: as `gain`, take dL/dgain and dL/dbias; nil where not asked for.
    package static func normalise(
        _ x: MatrixView, groups group: Int, gain: MatrixView, gainOffset: Float, epsilon: Float,
        isCentred: Bool, output: MatrixView, addingTo input: MatrixView,
        gradients: (gain: MatrixView, bias: MatrixView?)?
    ) {
        precondition(gain.rows == 1 && x.columns % group == 0, "groups do not fill the row")
        precondition(gain.columns == group || gain.columns == x.columns, "gain does not match")
        for start in stride(from: 0, to: x.columns, by: group) {
            let place = start..<start + group
            let own = gain.columns == group ? 0..<group : place
            if isCentred {
                layerNorm(
                    x.columns(place), gain: gain.columns(own), epsilon: epsilon,
                    output: output.columns(place), addingTo: input.columns(place),
                    gradients: gradients.map { ($0.gain.columns(own), $0.bias?.columns(own)) })
            } else {
                rmsNorm(
                    x.columns(place), gain: gain.columns(own), gainOffset: gainOffset,
                    epsilon: epsilon, output: output.columns(place),
                    addingTo: input.columns(place), gainGradient: gradients?.gain.columns(own))
            }
        }
    }

    /// x = f'(x), element by element, in place; 0 at a kink.
    package static func slopes(_ x: MatrixView, of curve: Curve) {
        forEachRow(x) { row in
            unsafe kernels_curve_slopes(x.pointer(row: row), x.columns, curve.rawValue)
        }
    }

    /// For z = f(gate) * up; as `siluMultiply`.
    package static func multiply(
        _ curve: Curve, gate: MatrixView, up: MatrixView, output: MatrixView
    ) {
        precondition(gate.isShaped(like: up) && gate.isShaped(like: output), "shapes differ")
        let values = MatrixView(rows: gate.rows, columns: gate.columns)
        values.assign(gate)
        RowKernels.activate(values, curve)
        slopes(gate, of: curve)
        RowKernels.multiply(gate, up)
        RowKernels.multiply(gate, output)
        up.assign(values)
        RowKernels.multiply(up, output)
    }

    /// For z = f(up): replaces `up` by dL/dup; shapes as for `siluMultiply`.
    package static func curve(_ curve: Curve, up: MatrixView, output: MatrixView) {
        slopes(up, of: curve)
        RowKernels.multiply(up, output)
    }

    /// For the clamped swish; as `siluMultiply`.
    package static func clampedSwish(gate: MatrixView, up: MatrixView, output: MatrixView) {
        precondition(gate.isShaped(like: up) && gate.isShaped(like: output), "shapes differ")
        forEachRow(gate) { row in
            unsafe kernels_clamped_swish_slopes(
                gate.pointer(row: row), up.pointer(row: row), output.pointer(row: row),
                gate.columns)
        }
    }

    /// Back through `RowKernels.softCap`: slopes *= 1 - (capped / cap)^2; shapes equal.
    package static func softCap(_ slopes: MatrixView, capped: MatrixView, cap: Float) {
        precondition(slopes.isShaped(like: capped), "shapes differ")
        forEachRow(slopes) { row in
            unsafe kernels_soft_cap_slopes(
                slopes.pointer(row: row), capped.pointer(row: row), cap, slopes.columns)
        }
    }

    /// Back through `RowKernels.clamp`: slopes of what was held at a limit become 0.
    ///
    /// - Parameter clamped: behind the clamp, as `slopes`.
    package static func clamp(_ slopes: MatrixView, clamped: MatrixView, to limit: Float) {
        precondition(slopes.isShaped(like: clamped), "shapes differ")
        forEachRow(slopes) { row in
            let (place, value) = unsafe (slopes.pointer(row: row), clamped.pointer(row: row))
            for column in 0..<slopes.columns where unsafe abs(value[column]) >= limit {
                unsafe place[column] = 0
            }
        }
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
