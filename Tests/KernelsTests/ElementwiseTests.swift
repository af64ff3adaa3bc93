// Every element-wise kernel, at every level, against the same formula in double.

import Foundation
import TensorMath
import Testing

/// The kernels' exp is a polynomial with relative error below 2.5e-7; a few f32 roundings of
/// 6e-8 each come on top.
private let exponentialTolerance = 1e-6
/// A lane sums up to 64 squares of 1023: worst case 64 roundings, on average far fewer.
private let sumTolerance = 2e-6

@Suite struct ElementwiseTests {
    static let levels = ConversionTests.levels

    /// Ordinary values, and at the front those where branches and ranges end.
    static func inputs(_ count: Int, seed: UInt64, size: Float) -> [Float] {
        var generator = SeededGenerator(seed: seed)
        let edges: [Float] = [0, -0.0, 0.199, -0.201, 1e-20, -88, 88, 100, -100, 1e4, -1e4]
        return Array(
            (edges + generator.floats(count, size: size)).shuffled(using: &generator)
                .prefix(count))
    }

    static func near(_ found: Float, _ expected: Double, _ tolerance: Double) -> Bool {
        abs(Double(found) - expected) <= tolerance
    }

    @Test("the RMS norm is x / rms * (gain + offset)", arguments: levels)
    func rmsNorm(level: Int) throws {
        try ConversionTests.require(level)
        let table = KernelTable(level: level)
        for count in awkwardLengths {
            var generator = SeededGenerator(seed: UInt64(count))
            let x = generator.floats(count, size: 30)
            let gain = generator.floats(count)
            let squares = x.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(count)
            for (gains, offset) in [(gain, Float(0)), (gain, 1), (nil, 0)] {
                let scale = 1 / (squares + Double(Float(1e-5))).squareRoot()
                let input = GuardedFloats(x)
                let out = GuardedFloats(count: count)
                let stored = gains.map { GuardedFloats($0) }
                table.rmsNorm(input, gain: stored, offset: offset, epsilon: 1e-5, into: out)
                for index in 0..<count {
                    let factor = gains.map { Double($0[index]) + Double(offset) } ?? 1
                    let expected = Double(x[index]) * scale * factor
                    // gain + offset rounds to f32 near 1 even where the two cancel.
                    let size = abs(Double(x[index]) * scale) * (abs(factor) + Double(offset))
                    #expect(Self.near(out.values[index], expected, sumTolerance * size))
                }
                #expect(out.isIntact && input.isIntact && input.values == x, "length \(count)")
            }
        }
    }

    @Test("an RMS norm of zeros is zero, and may be computed in place", arguments: levels)
    func rmsNormInPlace(level: Int) throws {
        try ConversionTests.require(level)
        let table = KernelTable(level: level)
        let zeros = GuardedFloats([Float](repeating: 0, count: 37))
        table.rmsNorm(zeros, gain: nil, offset: 0, epsilon: 1e-6, into: zeros)
        #expect(zeros.values.allSatisfy { $0 == 0 })
        var generator = SeededGenerator(seed: 9)
        let x = GuardedFloats(generator.floats(65))
        let apart = GuardedFloats(count: 65)
        table.rmsNorm(x, gain: nil, offset: 0, epsilon: 1e-6, into: apart)
        table.rmsNorm(x, gain: nil, offset: 0, epsilon: 1e-6, into: x)
        #expect(x.values == apart.values && x.isIntact)
    }

    @Test("silu(gate) * up, in place as well", arguments: levels)
    func siluMultiply(level: Int) throws {
        try ConversionTests.require(level)
        let table = KernelTable(level: level)
        for count in awkwardLengths {
            let gate = Self.inputs(count, seed: UInt64(count), size: 12)
            let up = Self.inputs(count, seed: UInt64(count) + 1, size: 3)
            let out = GuardedFloats(count: count)
            let gates = GuardedFloats(gate)
            table.siluMultiply(gates, GuardedFloats(up), into: out)
            for index in 0..<count {
                let g = Double(gate[index])
                let expected = g / (1 + exp(-g)) * Double(up[index])
                // Beyond exp's range the result is as good as 0 and need not be exactly that.
                let tolerance = exponentialTolerance * abs(expected) + 1e-30
                #expect(
                    Self.near(out.values[index], expected, tolerance),
                    "\(gate[index]), \(up[index]): \(out.values[index]), not \(expected)")
            }
            #expect(out.isIntact)
            table.siluMultiply(gates, GuardedFloats(up), into: gates)
            #expect(gates.values == out.values && gates.isIntact)
        }
    }

    @Test("gelu(gate) * up in its tanh form, in place as well", arguments: levels)
    func geluMultiply(level: Int) throws {
        try ConversionTests.require(level)
        let table = KernelTable(level: level)
        for count in awkwardLengths {
            let gate = Self.inputs(count, seed: UInt64(count) + 5, size: 6)
            let up = Self.inputs(count, seed: UInt64(count) + 6, size: 3)
            let out = GuardedFloats(count: count)
            let gates = GuardedFloats(gate)
            table.geluMultiply(gates, GuardedFloats(up), into: out)
            for index in 0..<count {
                let g = Double(gate[index])
                let inner = (2 / Double.pi).squareRoot() * (g + 0.044715 * g * g * g)
                let expected = 0.5 * g * (1 + tanh(inner)) * Double(up[index])
                // 1 + tanh cancels for negative gates, as it does in torch: absolute, by size.
                // Below the smallest normal number one step is all the precision there is.
                let tolerance = max(
                    exponentialTolerance * abs(g * Double(up[index])),
                    Double(Float.leastNonzeroMagnitude))
                #expect(
                    Self.near(out.values[index], expected, tolerance),
                    "\(gate[index]), \(up[index]): \(out.values[index]), not \(expected)")
            }
            #expect(out.isIntact)
            table.geluMultiply(gates, GuardedFloats(up), into: gates)
            #expect(gates.values == out.values && gates.isIntact)
        }
    }

    @Test("a rotation turns the pairs (i, i + half) by their angles", arguments: levels)
    func rotate(level: Int) throws {
        try ConversionTests.require(level)
        let table = KernelTable(level: level)
        for half in awkwardLengths {
            var generator = SeededGenerator(seed: UInt64(half))
            let x = generator.floats(2 * half, size: 5)
            let angles = generator.floats(half, size: 7)
            let cosine = angles.map { cos($0) }
            let sine = angles.map { sin($0) }
            let found = GuardedFloats(x)
            table.rotate(found, cosine: GuardedFloats(cosine), sine: GuardedFloats(sine))
            for index in 0..<half {
                let (a, b) = (Double(x[index]), Double(x[index + half]))
                let (c, s) = (Double(cosine[index]), Double(sine[index]))
                // Two products and a sum: three roundings.
                let tolerance = 3 * 0x1p-24 * (abs(a) + abs(b))
                #expect(Self.near(found.values[index], a * c - b * s, tolerance))
                #expect(Self.near(found.values[index + half], b * c + a * s, tolerance))
            }
            #expect(found.isIntact)
        }
    }

    @Test(
        "softmax gives shares that sum to 1, for very negative and very large rows too",
        arguments: levels)
    func softmax(level: Int) throws {
        try ConversionTests.require(level)
        let table = KernelTable(level: level)
        for count in awkwardLengths {
            var generator = SeededGenerator(seed: UInt64(count))
            let ordinary = generator.floats(count, size: 10)
            for shift in [Float(0), -3e4, 1e4] {
                var x = ordinary.map { $0 + shift }
                // One entry far below the rest: its share is next to nothing.
                if count > 3 { x[count / 2] = shift - 1e5 }
                let found = GuardedFloats(x)
                table.softmax(found)
                let top = x.map(Double.init).max() ?? 0
                let terms = x.map { exp(Double($0) - top) }
                let sum = terms.reduce(0, +)
                for index in 0..<count {
                    let expected = terms[index] / sum
                    // exp stops at e^-87.3 = 1.2e-38 instead of 0.
                    #expect(
                        Self.near(
                            found.values[index], expected, 3 * sumTolerance * expected + 2e-38))
                }
                #expect(found.isIntact)
                let total = found.values.reduce(0.0) { $0 + Double($1) }
                #expect(abs(total - 1) < 3 * sumTolerance)
            }
        }
        let alone = GuardedFloats([-1e30])
        table.softmax(alone)
        #expect(alone.values == [1])
    }

    @Test("a soft cap is cap * tanh(x / cap)", arguments: levels)
    func softCap(level: Int) throws {
        try ConversionTests.require(level)
        let table = KernelTable(level: level)
        for count in awkwardLengths {
            for cap in [Float(30), 50] {
                let x = Self.inputs(count, seed: UInt64(count), size: 200)
                let found = GuardedFloats(x)
                table.softCap(found, cap: cap)
                for index in 0..<count {
                    let expected = Double(cap) * tanh(Double(x[index]) / Double(cap))
                    let size = min(Double(cap), 8 * abs(Double(x[index])))
                    #expect(
                        Self.near(found.values[index], expected, exponentialTolerance * size),
                        "\(x[index]) under \(cap): \(found.values[index]), not \(expected)")
                }
                #expect(found.isIntact && found.values.allSatisfy { abs($0) <= cap })
            }
        }
    }

    @Test("a sum is exact", arguments: levels)
    func add(level: Int) throws {
        try ConversionTests.require(level)
        for count in awkwardLengths {
            let x = Self.inputs(count, seed: UInt64(count), size: 4)
            let y = Self.inputs(count, seed: UInt64(count) + 3, size: 4)
            let found = GuardedFloats(x)
            KernelTable(level: level).add(found, GuardedFloats(y))
            #expect(found.values == zip(x, y).map { $0 + $1 } && found.isIntact)
        }
    }

    @Test("log-sum-exp, of equal, ordinary, very large and very negative rows", arguments: levels)
    func logSumExp(level: Int) throws {
        try ConversionTests.require(level)
        let table = KernelTable(level: level)
        for count in awkwardLengths {
            var generator = SeededGenerator(seed: UInt64(count))
            let ordinary = generator.floats(count, size: 20)
            let equal = [Float](repeating: 3, count: count)
            let rows = [ordinary, equal, ordinary.map { $0 * 500 }, ordinary.map { $0 - 2e4 }]
            for x in rows {
                let top = x.map(Double.init).max() ?? 0
                let expected = top + log(x.reduce(0.0) { $0 + exp(Double($1) - top) })
                let input = GuardedFloats(x)
                // A relative error of the sum is an absolute one of its logarithm.
                #expect(abs(table.logSumExp(input) - expected) <= 2 * exponentialTolerance)
                #expect(input.isIntact && input.values == x)
            }
        }
    }

    @Test("rows are divided by the mean squares of others, and stay where those are zero")
    func meanSquares() {
        let other = MatrixView(rows: 3, columns: 2)
        let x = MatrixView(rows: 3, columns: 2)
        for (row, values) in [[3, 1], [0, 0], [0.5, 0.5]].enumerated() {
            for column in 0..<2 {
                other[row, column] = Float(values[column])
                x[row, column] = Float(column + 1)
            }
        }
        RowKernels.divide(x, byMeanSquaresOf: other)
        #expect((0..<3).map { Array(x.row($0)) } == [[0.2, 0.4], [1, 2], [4, 8]])
    }
}
