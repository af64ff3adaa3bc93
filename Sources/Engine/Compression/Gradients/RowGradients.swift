// Derivatives of the element-wise parts of a layer, row by row.

import Foundation
import Model
import TensorMath

/// Each of [tokens, width], one row a token; results are added to what is there.
enum RowGradients {
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
    static func rmsNorm(
        _ x: MatrixView, gain: MatrixView, norm: NormBlueprint, output: MatrixView,
        addingTo input: MatrixView, gainGradient: MatrixView?
    ) {
        let factors = MatrixView(rows: x.rows, columns: 1)
        forEachRow(x) { row in
            let values = x.row(row)
            let slopes = output.row(row)
            let width = Double(values.count)
            let square = values.reduce(0.0) { $0 + Double($1) * Double($1) } / width
            let factor = 1 / (square + Double(norm.epsilon)).squareRoot()
            factors[row, 0] = Float(factor)
            var mean = 0.0
            for column in values.indices {
                let inner = Double(slopes[column]) * Double(gain[0, column] + norm.gainOffset)
                mean += inner * Double(values[column]) * factor
            }
            mean /= width
            for column in values.indices {
                let inner = Double(slopes[column]) * Double(gain[0, column] + norm.gainOffset)
                input[row, column] += Float(
                    factor * (inner - Double(values[column]) * factor * mean))
            }
        }
        guard let gainGradient else { return }
        var sums = [Double](repeating: 0, count: x.columns)
        for row in 0..<x.rows {
            let (values, slopes) = (x.row(row), output.row(row))
            let factor = Double(factors[row, 0])
            for column in values.indices {
                sums[column] += Double(slopes[column]) * Double(values[column]) * factor
            }
        }
        for column in sums.indices { gainGradient[0, column] += Float(sums[column]) }
    }

    /// For z = activation(gate) * up: replaces `gate` by dL/dgate and `up` by dL/dup.
    ///
    /// - Parameter output: dL/dz; all [tokens, neurons].
    static func gated(
        _ activation: Activation, gate: MatrixView, up: MatrixView, output: MatrixView
    ) {
        forEachRow(gate) { row in
            let (gates, ups, slopes) = (gate.row(row), up.row(row), output.row(row))
            for column in gates.indices {
                let (value, slope) = activation.valueAndSlope(gates[column])
                gate[row, column] = slopes[column] * ups[column] * slope
                up[row, column] = slopes[column] * value
            }
        }
    }

    /// Adds the sums of the columns to a bias's gradient [1, width].
    static func sumColumns(_ output: MatrixView, addingTo bias: MatrixView) {
        var sums = [Double](repeating: 0, count: output.columns)
        for row in 0..<output.rows {
            for (column, value) in output.row(row).enumerated() { sums[column] += Double(value) }
        }
        for column in sums.indices { bias[0, column] += Float(sums[column]) }
    }
}

extension Activation {
    /// The activation at x, and its derivative.
    fileprivate func valueAndSlope(_ x: Float) -> (Float, Float) {
        switch self {
        case .silu:
            let sigmoid = 1 / (1 + exp(-x))
            return (x * sigmoid, sigmoid * (1 + x * (1 - sigmoid)))
        case .geluTanh:
            let factor = Float((2 / Double.pi).squareRoot())
            let inner = tanh(factor * (x + 0.044715 * x * x * x))
            let slope =
                0.5 * (1 + inner)
                + 0.5 * x * (1 - inner * inner) * factor * (1 + 3 * 0.044715 * x * x)
            return (0.5 * x * (1 + inner), slope)
        }
    }
}
