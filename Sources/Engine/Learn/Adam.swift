// Adam (Kingma and Ba 2015, arXiv 1412.6980, algorithm 1), number by number: what moves
// by it keeps its own moments.

import Glibc

package struct Adam<Value: BinaryFloatingPoint & Sendable>: Sendable {
    private let decays: (first: Value, second: Value)
    private let epsilon: Value

    package init(decays: (Value, Value) = (0.9, 0.999), epsilon: Value = 1e-8) {
        self.decays = decays
        self.epsilon = epsilon
    }

    /// The two running means of a gradient; they start at zero.
    package struct Moments: Sendable {
        package var first: Value = 0
        package var second: Value = 0

        package init(first: Value = 0, second: Value = 0) {
            self.first = first
            self.second = second
        }
    }

    /// What the means are divided by in a step, because they start at zero.
    package struct Correction: Sendable {
        fileprivate let first: Value
        fileprivate let second: Value
    }

    /// - Parameter step: from 1.
    package func correction(step: Int) -> Correction {
        func rest(_ decay: Value) -> Value { Value(1 - pow(Double(decay), Double(step))) }
        return Correction(first: rest(decays.first), second: rest(decays.second))
    }

    /// What to take from a value; at most about `rate`.
    @inline(__always)
    package func change(
        by slope: Value, rate: Value, _ correction: Correction, _ moments: inout Moments
    ) -> Value {
        moments.first = decays.first * moments.first + (1 - decays.first) * slope
        moments.second = decays.second * moments.second + (1 - decays.second) * slope * slope
        return rate * (moments.first / correction.first)
            / ((moments.second / correction.second).squareRoot() + epsilon)
    }
}
