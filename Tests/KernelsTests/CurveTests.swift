// Kernels of the families beside Llama's: LayerNorm, curves, neighbours turned together, sinks.

import Foundation
import TensorMath
import Testing

/// As for the kernels of `ElementwiseTests`: a polynomial exp and a few roundings.
private let tolerance = 1e-6

@Suite struct CurveTests {
    static let levels = ConversionTests.levels

    @Test("LayerNorm takes the mean off, in place as well", arguments: levels)
    func layerNorm(level: Int) throws {
        try ConversionTests.require(level)
        let table = KernelTable(level: level)
        for count in awkwardLengths {
            var generator = SeededGenerator(seed: UInt64(count))
            // A mean far from zero: squares of what is left must not be taken as a difference.
            let x = generator.floats(count, size: 3).map { $0 + 50 }
            let (gain, bias) = (generator.floats(count), generator.floats(count))
            let mean = x.reduce(0.0) { $0 + Double($1) } / Double(count)
            let variance =
                x.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(count)
            let scale = 1 / (variance + Double(Float(1e-5))).squareRoot()
            for biases in [bias, nil] {
                let input = GuardedFloats(x)
                let out = GuardedFloats(count: count)
                let stored = biases.map { GuardedFloats($0) }
                table.layerNorm(
                    input, gain: GuardedFloats(gain), bias: stored, epsilon: 1e-5, into: out)
                for index in 0..<count {
                    let expected =
                        (Double(x[index]) - mean) * scale * Double(gain[index])
                        + Double(biases?[index] ?? 0)
                    // The mean is rounded to a float: 4e-6 of a value of 50, times the scale.
                    let size = 4e-6 * min(scale, 400) * abs(Double(gain[index])) + 1e-6
                    #expect(
                        ElementwiseTests.near(out.values[index], expected, 4 * size),
                        "length \(count), \(index): \(out.values[index]), not \(expected)")
                }
                table.layerNorm(
                    input, gain: GuardedFloats(gain), bias: stored, epsilon: 1e-5, into: input)
                #expect(input.values == out.values && input.isIntact && out.isIntact)
            }
        }
    }

    private static let curves: [(Curve, @Sendable (Double) -> Double)] = [
        (.silu, { $0 / (1 + exp(-$0)) }),
        (.geluTanh, { 0.5 * $0 * (1 + tanh(0.7978845608028654 * ($0 + 0.044715 * $0 * $0 * $0))) }),
        (.gelu, { 0.5 * $0 * (1 + erf($0 / 2.0.squareRoot())) }),
        (.relu, { max(0, $0) }), (.reluSquared, { max(0, $0) * max(0, $0) }),
        (.sigmoid, { 1 / (1 + exp(-$0)) }),
    ]

    @Test("each curve is its formula", arguments: levels)
    func curves(level: Int) throws {
        try ConversionTests.require(level)
        let table = KernelTable(level: level)
        for (curve, formula) in Self.curves {
            for count in awkwardLengths {
                let x = ElementwiseTests.inputs(count, seed: UInt64(count), size: 6)
                let found = GuardedFloats(x)
                table.activate(found, curve)
                for index in 0..<count {
                    let expected = formula(Double(x[index]))
                    // Where two parts cancel the error goes by what they were made of.
                    let size = max(abs(expected), abs(Double(x[index])), 1e-30)
                    #expect(
                        ElementwiseTests.near(found.values[index], expected, tolerance * size),
                        "\(curve) of \(x[index]): \(found.values[index]), not \(expected)")
                }
                #expect(found.isIntact)
            }
        }
    }

    @Test("of what is no number no curve makes one", arguments: levels)
    func notANumber(level: Int) throws {
        try ConversionTests.require(level)
        let table = KernelTable(level: level)
        for count in awkwardLengths {
            for (curve, _) in Self.curves {
                let x = GuardedFloats(Array(repeating: .nan, count: count))
                table.activate(x, curve)
                #expect(x.values.allSatisfy { $0.isNaN }, "\(curve), length \(count)")
            }
        }
    }

    @Test("a clamp holds numbers within its limit, and what is none stays none")
    func clamps() {
        let row = MatrixView(rows: 1, columns: 6)
        let values: [Float] = [-9, -2, 0.5, 2, .infinity, .nan]
        for (column, value) in values.enumerated() { row[0, column] = value }
        RowKernels.clamp(row, to: 2)
        #expect(row.values().dropLast() == [-2, -2, 0.5, 2, 2])
        #expect(row[0, 5].isNaN)
    }

    @Test("the clamped swish holds gates up to 7 and ups between -7 and 7", arguments: levels)
    func clampedSwish(level: Int) throws {
        try ConversionTests.require(level)
        let table = KernelTable(level: level)
        for count in awkwardLengths {
            let gate = ElementwiseTests.inputs(count, seed: UInt64(count), size: 12)
            let up = ElementwiseTests.inputs(count, seed: UInt64(count) + 1, size: 12)
            let out = GuardedFloats(count: count)
            table.clampedSwish(GuardedFloats(gate), GuardedFloats(up), into: out)
            for index in 0..<count {
                let g = min(Double(gate[index]), 7)
                let u = min(7, max(-7, Double(up[index])))
                let expected = (u + 1) * g / (1 + exp(-1.702 * g))
                #expect(
                    ElementwiseTests.near(
                        out.values[index], expected, 4 * tolerance * abs(expected) + 1e-30))
            }
            #expect(out.isIntact)
        }
    }

    @Test("neighbours turn by their angles", arguments: levels)
    func rotatePairs(level: Int) throws {
        try ConversionTests.require(level)
        let table = KernelTable(level: level)
        for half in awkwardLengths {
            var generator = SeededGenerator(seed: UInt64(half))
            let x = generator.floats(2 * half)
            let angles = (0..<half).map { Double($0) * 0.37 }
            let found = GuardedFloats(x)
            table.rotatePairs(
                found, cosine: GuardedFloats(angles.map { Float(cos($0)) }),
                sine: GuardedFloats(angles.map { Float(sin($0)) }))
            for index in 0..<half {
                let (a, b) = (Double(x[2 * index]), Double(x[2 * index + 1]))
                let (c, s) = (cos(angles[index]), sin(angles[index]))
                #expect(ElementwiseTests.near(found.values[2 * index], a * c - b * s, 4e-7 * 4))
                #expect(
                    ElementwiseTests.near(found.values[2 * index + 1], b * c + a * s, 4e-7 * 4))
            }
            #expect(found.isIntact)
        }
    }

    @Test("a sink takes its share of a softmax, above all scores as well", arguments: levels)
    func sink(level: Int) throws {
        try ConversionTests.require(level)
        let table = KernelTable(level: level)
        for (count, sink) in zip(awkwardLengths, [Float(-3), 0.5, 40].cycled(awkwardLengths.count))
        {
            var generator = SeededGenerator(seed: UInt64(count))
            let x = generator.floats(count, size: 5)
            let found = GuardedFloats(x)
            table.softmax(found, sink: sink)
            let top = Double(max(x.max() ?? 0, sink))
            let sum =
                x.reduce(0.0) { $0 + exp(Double($1) - top) } + exp(Double(sink) - top)
            for index in 0..<count {
                let expected = exp(Double(x[index]) - top) / sum
                #expect(
                    ElementwiseTests.near(
                        found.values[index], expected, 4 * tolerance * expected + 1e-37))
            }
            #expect(found.isIntact)
        }
    }
}

extension [Float] {
    /// The elements again and again.
    fileprivate func cycled(_ count: Int) -> [Float] { (0..<count).map { self[$0 % self.count] } }
}
