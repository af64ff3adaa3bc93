// The rounding kernels, at every level, against their definitions.

import Foundation
import Kernels
import TensorMath
import Testing

@Suite struct RoundingKernelTests {
    static let levels = ConversionTests.levels

    private static func draw(_ count: Int, size: Float = 1) -> [Float] {
        var generator = SeededGenerator(seed: UInt64(count) + 1)
        return generator.floats(count, size: size)
    }

    private static func code(_ x: Float, _ scale: Float, _ low: Float, _ high: Float) -> Float {
        min(max((x / scale).rounded(.toNearestOrEven), low), high)
    }

    @Test("peaks of groups, the last of which may be shorter", arguments: levels)
    func peaks(level: Int) throws {
        try ConversionTests.require(level)
        let call = unsafe [
            kernels_group_peaks_portable, kernels_group_peaks_avx2, kernels_group_peaks_avx512,
        ]
        for count in awkwardLengths {
            for group in [1, 5, 16, 32, 128, count] {
                let x = Self.draw(count)
                let input = GuardedFloats(x)
                let out = GuardedFloats(count: (count + group - 1) / group)
                unsafe call[level](input.pointer, count, group, out.pointer)
                let wanted = stride(from: 0, to: count, by: group).map { start in
                    x[start..<min(count, start + group)].reduce(0) { max($0, abs($1)) }
                }
                #expect(out.values == wanted && out.isIntact, "\(count) in groups of \(group)")
            }
        }
    }

    @Test("largest magnitudes and sums of magnitudes are added to", arguments: levels)
    func magnitudes(level: Int) throws {
        try ConversionTests.require(level)
        let raise = unsafe [
            kernels_raise_to_magnitudes_portable, kernels_raise_to_magnitudes_avx2,
            kernels_raise_to_magnitudes_avx512,
        ]
        let add = unsafe [
            kernels_add_magnitudes_portable, kernels_add_magnitudes_avx2,
            kernels_add_magnitudes_avx512,
        ]
        for count in awkwardLengths {
            let (x, before) = (Self.draw(count), Self.draw(count + 1).prefix(count).map { abs($0) })
            let (peaks, input) = (GuardedFloats(Array(before)), GuardedFloats(x))
            unsafe raise[level](peaks.pointer, input.pointer, count)
            #expect(peaks.values == zip(before, x).map { max($0, abs($1)) } && peaks.isIntact)
            var sums = [Double](repeating: 2, count: count)
            unsafe add[level](&sums, input.pointer, count)
            #expect(sums == x.map { 2 + Double(abs($0)) })
        }
    }

    @Test("quotients, codes and what they stand for", arguments: levels)
    func codes(level: Int) throws {
        try ConversionTests.require(level)
        let divide = unsafe [
            kernels_divide_portable, kernels_divide_avx2, kernels_divide_avx512,
        ]
        let round = unsafe [
            kernels_round_to_scales_portable, kernels_round_to_scales_avx2,
            kernels_round_to_scales_avx512,
        ]
        let scale = unsafe [
            kernels_scale_groups_portable, kernels_scale_groups_avx2, kernels_scale_groups_avx512,
        ]
        for count in awkwardLengths {
            let group = 16
            let groups = (count + group - 1) / group
            // Halves, so that ties are among them.
            let x = Self.draw(count, size: 12).map { ($0 * 2).rounded() / 2 }
            let scales = (0..<groups).map { Float(1 << ($0 % 3)) / 2 }
            let (input, factors) = (GuardedFloats(x), GuardedFloats(scales))
            let codes = GuardedFloats(count: count)
            unsafe round[level](input.pointer, factors.pointer, count, group, -8, 7, codes.pointer)
            let wanted = x.indices.map { Self.code(x[$0], scales[$0 / group], -8, 7) }
            #expect(codes.values == wanted && codes.isIntact)
            unsafe scale[level](codes.pointer, factors.pointer, count, group, codes.pointer)
            #expect(
                codes.values == wanted.indices.map { wanted[$0] * scales[$0 / group] }
                    && codes.isIntact)
            let divisors = Self.draw(count + 2).prefix(count).map { abs($0) + 0.1 }
            let by = GuardedFloats(Array(divisors))
            unsafe divide[level](input.pointer, by.pointer, count, input.pointer)
            #expect(input.values == zip(x, divisors).map { $0 / $1 } && input.isIntact)
        }
    }

    @Test("each column leaves its error to those behind it", arguments: levels)
    func feedback(level: Int) throws {
        try ConversionTests.require(level)
        let call = unsafe [
            kernels_round_with_feedback_portable, kernels_round_with_feedback_avx2,
            kernels_round_with_feedback_avx512,
        ]
        for (columns, outputs) in [(1, 1), (2, 3), (17, 31), (64, 32), (128, 32), (127, 5)] {
            let stride = outputs + 3
            let weights = Self.draw(columns * stride, size: 0.1)
            let scales = (0..<3 * stride).map { Float($0 % 4 + 1) / 128 }
            let groups = (0..<columns).map { Int32($0 * 3 / columns) }
            var factor = Self.draw(columns * columns, size: 0.2)
            for column in 0..<columns { factor[column * columns + column] = 1 + Float(column % 5) }
            let (work, errors) = (
                GuardedFloats(weights), GuardedFloats([Float](repeating: 9, count: weights.count))
            )
            let (own, upper) = (GuardedFloats(scales), GuardedFloats(factor))
            unsafe call[level](
                work.pointer, errors.pointer, stride, own.pointer, stride, groups, upper.pointer,
                columns, -8, 7, columns, outputs)
            let (found, left) = (work.values, errors.values)
            for output in 0..<outputs {
                var line = (0..<columns).map { Double(weights[$0 * stride + output]) }
                for column in 0..<columns {
                    let scale = Double(scales[Int(groups[column]) * stride + output])
                    // What the kernel chose must be as near as its precision tells.
                    let code = Double(found[column * stride + output])
                    let ratio = min(max(line[column] / scale, -8), 7)
                    #expect(abs(code - ratio) < 0.5 + 1e-3 && code == code.rounded())
                    let error =
                        (line[column] - code * scale) / Double(factor[column * columns + column])
                    #expect(abs(error - Double(left[column * stride + output])) < 1e-5)
                    for behind in column + 1..<max(column + 1, columns) {
                        line[behind] -= error * Double(factor[column * columns + behind])
                    }
                }
            }
            for column in 0..<columns {
                for output in outputs..<stride {
                    #expect(found[column * stride + output] == weights[column * stride + output])
                    #expect(left[column * stride + output] == 9)
                }
            }
            #expect(work.isIntact && errors.isIntact && upper.values == factor)
        }
    }
}
