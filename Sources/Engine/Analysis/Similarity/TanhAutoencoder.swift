// A one-layer autoencoder with tanh code and linear decoder, trained by Adam (Kingma and Ba,
// arXiv 1412.6980) on the whole data at each step.

import Glibc
import TensorMath

/// code = tanh(x W + b), output = code V; no decoder bias, as the data are centred.
struct TanhAutoencoder: Sendable {
    /// W `[width, codeWidth]`, V `[codeWidth, width]`, b `[1, codeWidth]`.
    var encoder: DoubleMatrix
    var decoder: DoubleMatrix
    var bias: DoubleMatrix

    /// dL/dW, dL/dV and dL/db, in their shapes.
    struct Gradient: Sendable {
        var encoder: DoubleMatrix
        var decoder: DoubleMatrix
        var bias: DoubleMatrix
    }

    init(width: Int, codeWidth: Int, seed: UInt32) {
        var generator = MersenneTwister(seed: seed)
        func normals(_ rows: Int, _ columns: Int) -> DoubleMatrix {
            let scale = 1 / Double(rows).squareRoot()
            return DoubleMatrix(
                rows: rows, columns: columns,
                values: (0..<rows * columns).map { _ in scale * generator.normal() })
        }
        encoder = normals(width, codeWidth)
        decoder = normals(codeWidth, width)
        bias = DoubleMatrix(rows: 1, columns: codeWidth)
    }

    /// Codes `[n, codeWidth]` of rows `[n, width]`.
    func encode(_ rows: DoubleMatrix) -> DoubleMatrix {
        var code = DoubleMatrix.product(rows, encoder)
        let width = code.columns
        code.values = code.values.enumerated().map { tanh($1 + bias.values[$0 % width]) }
        return code
    }

    /// The mean squared error per entry of `rows`, and its gradient.
    ///
    /// The output itself, as large as the data, is never formed: with C the codes and X the rows,
    /// the products CᵀC, VVᵀ, CᵀX and XVᵀ hold all there is to know.
    func loss(on rows: DoubleMatrix) -> (loss: Double, gradient: Gradient) {
        let code = encode(rows)
        let scale = 1 / Double(rows.values.count)
        let codeGram = DoubleMatrix.product(code, code, transposingLeft: true)
        let decoderGram = DoubleMatrix.product(decoder, decoder, transposingRight: true)
        let cross = DoubleMatrix.product(code, rows, transposingLeft: true)
        let image = DoubleMatrix.product(rows, decoder, transposingRight: true)
        // |CV - X|² = <CᵀC, VVᵀ> - 2 <CᵀX, V> + |X|²
        let squares = rows.values.reduce(0) { $0 + $1 * $1 }
        let loss = dot(codeGram, decoderGram) - 2 * dot(cross, decoder) + squares
        var decoderSlope = DoubleMatrix.product(codeGram, decoder)
        decoderSlope.values = zip(decoderSlope.values, cross.values).map { 2 * scale * ($0 - $1) }
        // Through the tanh: (C VVᵀ - X Vᵀ) (1 - C²)
        var inner = DoubleMatrix.product(code, decoderGram)
        inner.values = zip(zip(inner.values, image.values), code.values).map {
            2 * scale * ($0.0 - $0.1) * (1 - $1 * $1)
        }
        var biasSlope = DoubleMatrix(rows: 1, columns: bias.columns)
        for row in 0..<inner.rows {
            for column in 0..<inner.columns { biasSlope[0, column] += inner[row, column] }
        }
        let gradient = Gradient(
            encoder: DoubleMatrix.product(rows, inner, transposingLeft: true),
            decoder: decoderSlope, bias: biasSlope)
        return (loss * scale, gradient)
    }

    /// Takes `steps` Adam steps; returns the loss after the last one.
    mutating func train(on rows: DoubleMatrix, steps: Int) -> Double {
        var descents = (Descent(encoder), Descent(decoder), Descent(bias))
        for step in 1...steps {
            let gradient = loss(on: rows).gradient
            descents.0.update(&encoder, gradient.encoder, step: step)
            descents.1.update(&decoder, gradient.decoder, step: step)
            descents.2.update(&bias, gradient.bias, step: step)
        }
        return loss(on: rows).loss
    }

    private func dot(_ first: DoubleMatrix, _ second: DoubleMatrix) -> Double {
        zip(first.values, second.values).reduce(0) { $0 + $1.0 * $1.1 }
    }
}

/// One parameter matrix on its way.
private struct Descent {
    private var adam: DoubleAdam

    private static let rate = 0.01

    init(_ matrix: DoubleMatrix) { adam = DoubleAdam(count: matrix.values.count) }

    mutating func update(_ matrix: inout DoubleMatrix, _ gradient: DoubleMatrix, step: Int) {
        adam.step(&matrix.values, gradient: gradient.values, rate: Self.rate, number: step)
    }
}
