// Adam (Kingma and Ba 2015, arXiv 1412.6980, algorithm 1): one step over all numbers of a matrix,
// whose moments it keeps. In floats for weights, in doubles for a few numbers.

import Glibc
import Kernels

/// How slowly the running means of a gradient and of its square forget, and what keeps the
/// quotient of the two finite.
package struct AdamSettings: Sendable {
    package let decays: (first: Double, second: Double)
    package let epsilon: Double

    package init(decays: (Double, Double) = (0.9, 0.999), epsilon: Double = 1e-8) {
        self.decays = decays
        self.epsilon = epsilon
    }
}

/// Adam over a matrix of floats, [rows, columns].
package struct Adam: Sendable {
    private let decays: (first: Float, second: Float)
    private let epsilon: Float
    /// Running means of the gradient and of its square.
    private let first: MatrixView
    private let second: MatrixView

    package init(rows: Int, columns: Int, _ settings: AdamSettings = AdamSettings()) {
        decays = (Float(settings.decays.first), Float(settings.decays.second))
        epsilon = Float(settings.epsilon)
        first = MatrixView(rows: rows, columns: columns)
        second = MatrixView(rows: rows, columns: columns)
    }

    /// Means of nothing again.
    package func forget() {
        first.fill(0)
        second.fill(0)
    }

    /// Moves every value by about `rate` at most; one without a slope stays.
    ///
    /// - Parameter number: of the step, from 1.
    package func step(_ values: MatrixView, gradient: MatrixView, rate: Float, number: Int) {
        precondition(
            values.isShaped(like: first) && gradient.isShaped(like: first), "shapes differ")
        let (one, two) = (
            Float(unforgotten(Double(decays.first), number)),
            Float(unforgotten(Double(decays.second), number))
        )
        let grain = max(1, 16_384 / max(1, values.columns))
        Parallel.forEachRun(of: values.rows, grain: grain) { rows in
            for row in rows {
                unsafe kernels_adam(
                    values.pointer(row: row), gradient.pointer(row: row), first.pointer(row: row),
                    second.pointer(row: row), values.columns, rate, decays.first, decays.second,
                    one, two, epsilon)
            }
        }
    }
}

/// Adam over a list of doubles.
package struct DoubleAdam: Sendable {
    private let settings: AdamSettings
    private var first: [Double]
    private var second: [Double]

    package init(count: Int, _ settings: AdamSettings = AdamSettings()) {
        self.settings = settings
        first = Array(repeating: 0, count: count)
        second = Array(repeating: 0, count: count)
    }

    /// Moves every value by about `rate` at most.
    ///
    /// - Parameter number: of the step, from 1.
    package mutating func step(
        _ values: inout [Double], gradient: [Double], rate: Double, number: Int
    ) {
        precondition(
            values.count == first.count && gradient.count == first.count, "counts differ")
        let (decays, epsilon) = (settings.decays, settings.epsilon)
        let (one, two) = (
            unforgotten(decays.first, number), unforgotten(decays.second, number)
        )
        for index in values.indices {
            let g = gradient[index]
            first[index] = decays.first * first[index] + (1 - decays.first) * g
            second[index] = decays.second * second[index] + (1 - decays.second) * g * g
            values[index] -=
                rate * (first[index] / one) / ((second[index] / two).squareRoot() + epsilon)
        }
    }
}

/// What a running mean that started at zero holds of `number` equal values.
private func unforgotten(_ decay: Double, _ number: Int) -> Double {
    1 - pow(decay, Double(number))
}
