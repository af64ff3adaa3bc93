// The kernels of derivatives, at every level, against the same formulas in double.

import Foundation
import Kernels
import TensorMath
import Testing

/// Some f32 roundings of 6e-8 each, and an exp whose error is below 2.5e-7.
private let tolerance = 3e-6

@Suite struct GradientKernelTests {
    static let levels = ConversionTests.levels

    private struct Draw {
        private var generator: SeededGenerator
        init(_ count: Int) { generator = SeededGenerator(seed: UInt64(count)) }
        mutating func floats(_ count: Int, size: Float = 1) -> [Float] {
            generator.floats(count, size: size)
        }
    }

    private static func near(_ found: [Float], _ wanted: [Double], _ size: Double = 1) -> Bool {
        found.count == wanted.count
            && zip(found, wanted).allSatisfy {
                abs(Double($0) - $1) <= tolerance * max(size, abs($1))
            }
    }

    @Test("slopes of an RMS norm are added to what is there", arguments: levels)
    func rmsNorm(level: Int) throws {
        try ConversionTests.require(level)
        let call = unsafe [
            kernels_rms_norm_slopes_portable, kernels_rms_norm_slopes_avx2,
            kernels_rms_norm_slopes_avx512,
        ]
        for count in awkwardLengths {
            var draw = Draw(count)
            let (x, slopes, gain, before) = (
                draw.floats(count, size: 2), draw.floats(count), draw.floats(count),
                draw.floats(count)
            )
            let (input, output, gains, into, factor) = (
                GuardedFloats(x), GuardedFloats(slopes), GuardedFloats(gain),
                GuardedFloats(before), GuardedFloats(count: 1)
            )
            unsafe call[level](
                input.pointer, output.pointer, gains.pointer, 1, 1e-5, count, into.pointer,
                factor.pointer)
            let square = x.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(count)
            let r = 1 / (square + Double(Float(1e-5))).squareRoot()
            let inner = zip(slopes, gain).map { Double($0) * (Double($1) + 1) }
            let mean = zip(inner, x).reduce(0.0) { $0 + $1.0 * Double($1.1) * r } / Double(count)
            let wanted = x.indices.map {
                Double(before[$0]) + r * (inner[$0] - Double(x[$0]) * r * mean)
            }
            #expect(Self.near(into.values, wanted, 1 + r * 4), "length \(count)")
            #expect(Self.near(factor.values, [r]))
            #expect(into.isIntact && factor.isIntact && input.values == x)
        }
    }

    @Test("slopes of the gated activations", arguments: levels)
    func gated(level: Int) throws {
        try ConversionTests.require(level)
        let silu = unsafe [
            kernels_silu_slopes_portable, kernels_silu_slopes_avx2, kernels_silu_slopes_avx512,
        ]
        let gelu = unsafe [
            kernels_gelu_slopes_portable, kernels_gelu_slopes_avx2, kernels_gelu_slopes_avx512,
        ]
        func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
        func geluValue(_ x: Double) -> Double {
            0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
        }
        for count in awkwardLengths {
            var draw = Draw(count)
            let (gates, ups, slopes) = (
                draw.floats(count, size: 6), draw.floats(count), draw.floats(count)
            )
            for isGelu in [false, true] {
                let (gate, up, slope) = (
                    GuardedFloats(gates), GuardedFloats(ups), GuardedFloats(slopes)
                )
                unsafe (isGelu ? gelu : silu)[level](
                    gate.pointer, up.pointer, slope.pointer, count)
                let values = gates.map { g -> Double in
                    isGelu ? geluValue(Double(g)) : Double(g) * sigmoid(Double(g))
                }
                // The middle difference of a smooth function in double.
                let derivatives = gates.map { g -> Double in
                    let (x, h) = (Double(g), 1e-5)
                    return isGelu
                        ? (geluValue(x + h) - geluValue(x - h)) / (2 * h)
                        : sigmoid(x) * (1 + x * (1 - sigmoid(x)))
                }
                let (toGate, toUp) = (
                    slopes.indices.map { Double(slopes[$0]) * Double(ups[$0]) * derivatives[$0] },
                    slopes.indices.map { Double(slopes[$0]) * values[$0] }
                )
                #expect(Self.near(gate.values, toGate), "length \(count)")
                #expect(Self.near(up.values, toUp, 6), "length \(count)")
                #expect(gate.isIntact && up.isIntact && slope.values == slopes)
            }
        }
    }

    @Test("slopes of a LayerNorm are added to what is there", arguments: levels)
    func layerNorm(level: Int) throws {
        try ConversionTests.require(level)
        let call = unsafe [
            kernels_layer_norm_slopes_portable, kernels_layer_norm_slopes_avx2,
            kernels_layer_norm_slopes_avx512,
        ]
        for count in awkwardLengths where count > 2 {
            var draw = Draw(count)
            // A mean far from zero: squares of what is left must not be taken as a difference.
            let x = draw.floats(count, size: 2).map { $0 + 20 }
            let (slopes, gain, before) = (
                draw.floats(count), draw.floats(count), draw.floats(count)
            )
            let (input, output, gains, into) = (
                GuardedFloats(x), GuardedFloats(slopes), GuardedFloats(gain),
                GuardedFloats(before)
            )
            unsafe call[level](
                input.pointer, output.pointer, gains.pointer, 1e-5, count, into.pointer)
            let mean = x.reduce(0.0) { $0 + Double($1) } / Double(count)
            let centred = x.map { Double($0) - mean }
            let r =
                1
                / (centred.reduce(0.0) { $0 + $1 * $1 } / Double(count) + Double(Float(1e-5)))
                .squareRoot()
            let inner = zip(slopes, gain).map { Double($0) * Double($1) }
            let middle = inner.reduce(0, +) / Double(count)
            let along = zip(inner, centred).reduce(0.0) { $0 + $1.0 * $1.1 * r } / Double(count)
            let wanted = x.indices.map {
                Double(before[$0]) + r * (inner[$0] - middle - centred[$0] * r * along)
            }
            #expect(Self.near(into.values, wanted, 4 + r * 4), "length \(count)")
            #expect(into.isIntact && input.values == x)
        }
    }

    @Test("slopes of curves, of the clamped swish and of a soft cap", arguments: levels)
    func curves(level: Int) throws {
        try ConversionTests.require(level)
        let curve = unsafe [
            kernels_curve_slopes_portable, kernels_curve_slopes_avx2, kernels_curve_slopes_avx512,
        ]
        let swish = unsafe [
            kernels_clamped_swish_slopes_portable, kernels_clamped_swish_slopes_avx2,
            kernels_clamped_swish_slopes_avx512,
        ]
        let cap = unsafe [
            kernels_soft_cap_slopes_portable, kernels_soft_cap_slopes_avx2,
            kernels_soft_cap_slopes_avx512,
        ]
        func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
        let formulas: [(Curve, @Sendable (Double) -> Double)] = [
            (.silu, { $0 / (1 + exp(-$0)) }),
            (
                .geluTanh,
                {
                    0.5 * $0
                        * (1 + tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0)))
                }
            ),
            (.gelu, { 0.5 * $0 * (1 + erf($0 / 2.0.squareRoot())) }), (.relu, { max(0, $0) }),
            (.reluSquared, { max(0, $0) * max(0, $0) }), (.sigmoid, { 1 / (1 + exp(-$0)) }),
        ]
        for count in awkwardLengths {
            var draw = Draw(count)
            let (x, ups, s) = (
                draw.floats(count, size: 9), draw.floats(count, size: 9), draw.floats(count)
            )
            for (kind, formula) in formulas {
                let found = GuardedFloats(x)
                unsafe curve[level](found.pointer, count, kind.rawValue)
                let h = 1e-6
                #expect(
                    Self.near(
                        found.values,
                        x.map { (formula(Double($0) + h) - formula(Double($0) - h)) / (2 * h) }, 4),
                    "\(kind), length \(count)")
                #expect(found.isIntact)
            }
            let (gate, up, slope) = (GuardedFloats(x), GuardedFloats(ups), GuardedFloats(s))
            unsafe swish[level](gate.pointer, up.pointer, slope.pointer, count)
            let (toGate, toUp) = (
                x.indices.map { index -> Double in
                    let (g, u) = (Double(x[index]), max(-7, min(7, Double(ups[index]))))
                    let share = sigmoid(1.702 * g)
                    let slope = (u + 1) * share * (1 + 1.702 * g * (1 - share))
                    return g > 7 ? 0 : Double(s[index]) * slope
                },
                x.indices.map { index -> Double in
                    let g = min(Double(x[index]), 7)
                    return abs(ups[index]) > 7 ? 0 : Double(s[index]) * g * sigmoid(1.702 * g)
                }
            )
            #expect(Self.near(gate.values, toGate, 8) && Self.near(up.values, toUp, 8))
            #expect(gate.isIntact && up.isIntact && slope.values == s)

            let (slopes, capped) = (GuardedFloats(s), GuardedFloats(x))
            unsafe cap[level](slopes.pointer, capped.pointer, 10, count)
            #expect(
                Self.near(
                    slopes.values,
                    x.indices.map { Double(s[$0]) * (1 - pow(Double(x[$0]) / 10, 2)) }))
            #expect(slopes.isIntact && capped.values == x)
        }
    }

    @Test("slopes of a softmax, and of a divergence of logits", arguments: levels)
    func chances(level: Int) throws {
        try ConversionTests.require(level)
        let softmax = unsafe [
            kernels_softmax_slopes_portable, kernels_softmax_slopes_avx2,
            kernels_softmax_slopes_avx512,
        ]
        let divergence = unsafe [
            kernels_divergence_slopes_portable, kernels_divergence_slopes_avx2,
            kernels_divergence_slopes_avx512,
        ]
        for count in awkwardLengths {
            var draw = Draw(count)
            let (p, s) = (draw.floats(count).map { abs($0) }, draw.floats(count))
            let (chances, slopes) = (GuardedFloats(p), GuardedFloats(s))
            unsafe softmax[level](chances.pointer, slopes.pointer, count)
            let mean = zip(p, s).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
            let size = 1 + zip(p, s).reduce(0.0) { $0 + abs(Double($1.0) * Double($1.1)) }
            #expect(
                Self.near(chances.values, zip(p, s).map { Double($0) * (Double($1) - mean) }, size))
            #expect(chances.isIntact && slopes.values == s)

            let (a, b) = (draw.floats(count, size: 8), draw.floats(count, size: 8))
            func logSum(_ x: [Float]) -> Double {
                let top = Double(x.max() ?? 0)
                return top + log(x.reduce(0.0) { $0 + exp(Double($1) - top) })
            }
            let (low, high) = (logSum(a), logSum(b))
            let (found, wanted) = (GuardedFloats(a), GuardedFloats(b))
            let sum = unsafe divergence[level](
                found.pointer, low, wanted.pointer, high, count)
            let exact = zip(a, b).reduce(0.0) { sum, pair in
                let (logP, logQ) = (Double(pair.0) - low, Double(pair.1) - high)
                return sum + exp(logQ) * (logQ - logP)
            }
            #expect(abs(sum - exact) < 16 * tolerance, "length \(count)")
            #expect(
                Self.near(
                    found.values, zip(a, b).map { exp(Double($0) - low) - exp(Double($1) - high) }))
            #expect(found.isIntact && wanted.values == b)
        }
    }

    @Test("sums, products and a step of Adam", arguments: levels)
    func others(level: Int) throws {
        try ConversionTests.require(level)
        let dot = unsafe [kernels_dot_portable, kernels_dot_avx2, kernels_dot_avx512]
        let scale = unsafe [kernels_scale_portable, kernels_scale_avx2, kernels_scale_avx512]
        let multiply = unsafe [
            kernels_multiply_gain_portable, kernels_multiply_gain_avx2,
            kernels_multiply_gain_avx512,
        ]
        let add = unsafe [
            kernels_add_to_doubles_portable, kernels_add_to_doubles_avx2,
            kernels_add_to_doubles_avx512,
        ]
        let rows = unsafe [
            kernels_add_scaled_rows_portable, kernels_add_scaled_rows_avx2,
            kernels_add_scaled_rows_avx512,
        ]
        let adam = unsafe [kernels_adam_portable, kernels_adam_avx2, kernels_adam_avx512]
        for count in awkwardLengths {
            var draw = Draw(count)
            let (a, b) = (draw.floats(count), draw.floats(count))
            let (x, y) = (GuardedFloats(a), GuardedFloats(b))
            let exact = zip(a, b).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
            #expect(
                abs(unsafe dot[level](x.pointer, y.pointer, count) - exact)
                    < tolerance * Double(count).squareRoot())
            unsafe scale[level](x.pointer, count, 3)
            #expect(x.values == a.map { 3 * $0 })
            unsafe multiply[level](x.pointer, y.pointer, 1, count)
            #expect(Self.near(x.values, zip(a, b).map { 3 * Double($0) * (Double($1) + 1) }, 6))
            var sums = [Double](repeating: 0.5, count: count)
            unsafe add[level](&sums, y.pointer, count)
            #expect(sums == b.map { 0.5 + Double($0) })
            // Two rows of the same matrix, which lie next to each other.
            let table = GuardedFloats(draw.floats(2 * count))
            let factors = GuardedFloats([2, -1])
            var columns = [Double](repeating: 0, count: count)
            unsafe rows[level](
                &columns, table.pointer, count, table.pointer, count, factors.pointer, 2, count)
            let squares = (0..<count).map {
                2 * Double(table.values[$0]) * Double(table.values[$0])
                    - Double(table.values[count + $0]) * Double(table.values[count + $0])
            }
            #expect(Self.near(columns.map { Float($0) }, squares))
            unsafe rows[level](&columns, table.pointer, count, nil, 0, nil, 2, count)
            let wanted = (0..<count).map {
                squares[$0] + Double(table.values[$0]) + Double(table.values[count + $0])
            }
            #expect(Self.near(columns.map { Float($0) }, wanted, 4))

            let (values, means, second) = (
                GuardedFloats(a), GuardedFloats(b), GuardedFloats(a.map { abs($0) })
            )
            let slopes = GuardedFloats(b.map { -$0 })
            unsafe adam[level](
                values.pointer, slopes.pointer, means.pointer, second.pointer, count, 0.01, 0.9,
                0.99, 0.5, 0.25, 1e-3)
            for index in 0..<count {
                let g = -Double(b[index])
                let m = 0.9 * Double(b[index]) + 0.1 * g
                let v = 0.99 * abs(Double(a[index])) + 0.01 * g * g
                let step = 0.01 * (m / 0.5) / ((v / 0.25).squareRoot() + 1e-3)
                #expect(abs(Double(values.values[index]) - Double(a[index]) + step) < tolerance)
            }
            #expect(values.isIntact && means.isIntact && second.isIntact && x.isIntact)
        }
    }
}
