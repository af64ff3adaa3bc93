// Adam (Kingma and Ba 2015, arXiv 1412.6980, algorithm 1): one step over all numbers of a matrix,
// whose moments it keeps. In floats for weights, in doubles for a few numbers.

import Glibc

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
                let value = unsafe values.pointer(row: row)
                let slope = unsafe gradient.pointer(row: row)
                let mean = unsafe first.pointer(row: row)
                let square = unsafe second.pointer(row: row)
                for column in 0..<values.columns {
                    let g = unsafe slope[column]
                    let m = unsafe decays.first * mean[column] + (1 - decays.first) * g
                    let v = unsafe decays.second * square[column] + (1 - decays.second) * g * g
                    unsafe value[column] -= rate * (m / one) / ((v / two).squareRoot() + epsilon)
                    unsafe mean[column] = m
                    unsafe square[column] = v
                }
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
