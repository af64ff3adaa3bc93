// The conversion kernels: every 16-bit pattern, every rounding edge, every level, awkward lengths.
// The expected values come from the definition of rounding, not from another implementation.

import Foundation
import TensorMath
import Testing

@Suite struct ConversionTests {
    static let levels = 0...2

    /// Skips, with a word, the levels that this machine has not.
    static func require(_ level: Int) throws {
        guard level <= kernelLevelSupported() else {
            try Test.cancel("this machine has no kernel level \(level)")
        }
    }

    static func widen(_ patterns: [UInt16], _ format: FloatFormat, _ level: Int) -> [Float] {
        var floats = [Float](repeating: -1, count: patterns.count)
        unsafe patterns.withUnsafeBytes { source in
            unsafe floats.withUnsafeMutableBufferPointer { destination in
                unsafe Conversion.widen(source, from: format, into: destination, level: level)
            }
        }
        return floats
    }

    static func narrow(_ floats: [Float], _ format: FloatFormat, _ level: Int) -> [UInt16] {
        var patterns = [UInt16](repeating: 0xABCD, count: floats.count)
        unsafe floats.withUnsafeBufferPointer { source in
            unsafe patterns.withUnsafeMutableBytes { destination in
                unsafe Conversion.narrow(source, to: format, into: destination, level: level)
            }
        }
        return patterns
    }

    /// The two formats by their definition.
    struct Layout: Sendable {
        let format: FloatFormat
        let mantissaBits: Int
        let bias: Int
        static let f16 = Layout(format: .f16, mantissaBits: 10, bias: 15)
        static let bf16 = Layout(format: .bf16, mantissaBits: 7, bias: 127)

        var infinity: UInt16 { (0x7FFF >> mantissaBits) << mantissaBits }

        /// The value of a finite pattern; of infinity, what it would be with one exponent more,
        /// which is where rounding begins to reach it.
        func value(_ pattern: UInt16) -> Double {
            let magnitude = Int(pattern & 0x7FFF)
            let exponent = magnitude >> mantissaBits
            let mantissa = magnitude & (1 << mantissaBits - 1)
            let units = exponent == 0 ? mantissa : mantissa + 1 << mantissaBits
            let value = Double(
                sign: .plus, exponent: max(exponent, 1) - bias - mantissaBits,
                significand: Double(units))
            return pattern & 0x8000 == 0 ? value : -value
        }
    }

    @Test("every 16-bit pattern widens to its value, NaNs to NaNs", arguments: levels)
    func widensEveryPattern(level: Int) throws {
        try Self.require(level)
        let patterns = (0...UInt16.max).map { $0 }
        for layout in [Layout.f16, .bf16] {
            let floats = Self.widen(patterns, layout.format, level)
            for (pattern, float) in zip(patterns, floats) {
                let magnitude = pattern & 0x7FFF
                #expect(float.sign == (pattern & 0x8000 == 0 ? .plus : .minus))
                if magnitude > layout.infinity {
                    #expect(float.isNaN)
                } else if magnitude == layout.infinity {
                    #expect(float.isInfinite)
                } else {
                    #expect(Double(float) == layout.value(pattern))
                }
            }
        }
    }

    @Test("bf16 widens to the same bits and back, NaN payloads included", arguments: levels)
    func bf16KeepsBits(level: Int) throws {
        try Self.require(level)
        let patterns = (0...UInt16.max).map { $0 }
        let floats = Self.widen(patterns, .bf16, level)
        #expect(zip(patterns, floats).allSatisfy { UInt32($0) << 16 == $1.bitPattern })
        let back = Self.narrow(floats, .bf16, level)
        for (pattern, returned) in zip(patterns, back) {
            let isNaN = pattern & 0x7FFF > 0x7F80
            #expect(returned == (isNaN ? pattern | 0x0040 : pattern))
        }
    }

    @Test("f16 widens and narrows to the same bits, NaNs made quiet", arguments: levels)
    func f16KeepsBits(level: Int) throws {
        try Self.require(level)
        let patterns = (0...UInt16.max).map { $0 }
        let back = Self.narrow(Self.widen(patterns, .f16, level), .f16, level)
        for (pattern, returned) in zip(patterns, back) {
            let isNaN = pattern & 0x7FFF > 0x7C00
            #expect(returned == (isNaN ? pattern | 0x0200 : pattern))
        }
    }

    /// Between two neighbours of the narrow format: both, the middle, and the floats beside it.
    @Test("every rounding edge goes to the nearest, ties to even", arguments: levels)
    func roundsEveryEdge(level: Int) throws {
        try Self.require(level)
        for layout in [Layout.f16, .bf16] {
            var floats: [Float] = []
            var expected: [UInt16] = []
            for lower in 0..<layout.infinity {
                let upper = lower + 1
                let (a, b) = (layout.value(lower), layout.value(upper))
                // The middle has one bit more than the narrow format: exact in f32.
                let middle = Float((a + b) / 2)
                precondition(Double(middle) == (a + b) / 2)
                let even = lower & 1 == 0 ? lower : upper
                floats += [Float(a), middle.nextDown, middle, middle.nextUp]
                expected += [lower, lower, even, upper]
            }
            floats += [Float.greatestFiniteMagnitude, .infinity]
            expected += [layout.infinity, layout.infinity]
            #expect(Self.narrow(floats, layout.format, level) == expected)
            let negative = Self.narrow(floats.map { -$0 }, layout.format, level)
            #expect(negative == expected.map { $0 | 0x8000 })
        }
    }

    @Test("a NaN stays a quiet NaN with its sign, whatever its payload", arguments: levels)
    func keepsNaN(level: Int) throws {
        try Self.require(level)
        var patterns: [UInt32] = [0x7F80_0001, 0x7FFF_FFFF, 0x7FC0_0000, 0x7F80_FFFF, 0x7FBF_FFFF]
        for bit in 0..<23 { patterns.append(0x7F80_0000 | 1 << UInt32(bit)) }
        patterns += patterns.map { $0 | 0x8000_0000 }
        let floats = patterns.map { Float(bitPattern: $0) }
        let bf16 = Self.narrow(floats, .bf16, level)
        let f16 = Self.narrow(floats, .f16, level)
        for (index, pattern) in patterns.enumerated() {
            let sign = UInt16(truncatingIfNeeded: pattern >> 16) & 0x8000
            let payload = pattern & 0x7F_FFFF
            #expect(bf16[index] == sign | 0x7FC0 | UInt16(payload >> 16))
            #expect(f16[index] == sign | 0x7E00 | UInt16(payload >> 13))
        }
    }

    /// Guards around the output show a missed element and an overrun; odd addresses show that no
    /// alignment is assumed.
    @Test("awkward lengths at odd addresses touch what they should and no more", arguments: levels)
    func awkwardLengths(level: Int) throws {
        try Self.require(level)
        let lengths = Array(0...70) + [127, 128, 129, 255, 1000, 1023]
        for format in [FloatFormat.f16, .bf16] {
            for count in lengths {
                // Exact in both formats.
                let floats = (0..<count).map { Float($0 % 256) - 100 }
                let patterns = Self.narrow(floats, format, 0)
                let packed = patterns.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
                for shift in 0..<3 {
                    let stored = [UInt8](repeating: 0xEE, count: shift) + packed + [0xEE]
                    var wide = [Float](repeating: .infinity, count: count + 2)
                    unsafe stored.withUnsafeBytes { source in
                        unsafe wide.withUnsafeMutableBufferPointer { destination in
                            unsafe Conversion.widen(
                                UnsafeRawBufferPointer(rebasing: source[shift..<shift + 2 * count]),
                                from: format,
                                into: UnsafeMutableBufferPointer(
                                    rebasing: destination[1..<count + 1]),
                                level: level)
                        }
                    }
                    let isWide = wide == [.infinity] + floats + [.infinity]
                    #expect(isWide, "\(format) \(count) \(shift)")

                    var narrow = [UInt8](repeating: 0xEE, count: shift + 2 * count + 1)
                    unsafe floats.withUnsafeBufferPointer { source in
                        unsafe narrow.withUnsafeMutableBytes { destination in
                            unsafe Conversion.narrow(
                                source, to: format,
                                into: UnsafeMutableRawBufferPointer(
                                    rebasing: destination[shift..<shift + 2 * count]),
                                level: level)
                        }
                    }
                    #expect(narrow == stored, "\(format) \(count) \(shift)")
                }
            }
        }
    }

    @Test("random floats narrow to the same bits at every level", arguments: levels)
    func agreesWithReference(level: Int) throws {
        try Self.require(level)
        var state: UInt64 = 1
        let floats = (0..<100_003).map { _ -> Float in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(bitPattern: UInt32(truncatingIfNeeded: state >> 32))
        }
        for format in [FloatFormat.f16, .bf16] {
            #expect(Self.narrow(floats, format, level) == Self.narrow(floats, format, 0))
        }
    }

    @Test("spans give the same as pointers, and f32 passes through")
    func spans() {
        let floats: [Float] = [1, -2.5, 0.1, .infinity]
        for format in FloatFormat.allCases {
            var bytes = [UInt8](repeating: 0, count: floats.count * format.byteWidth)
            var span = bytes.mutableSpan
            var raw = unsafe span.mutableBytes
            Conversion.narrow(floats.span, to: format, into: &raw)
            var back = [Float](repeating: 0, count: floats.count)
            var wide = back.mutableSpan
            Conversion.widen(unsafe bytes.span.bytes, from: format, into: &wide)
            let tolerance: Float = format == .f32 ? 0 : 0.001
            #expect(zip(back, floats).allSatisfy { $0 == $1 || abs($0 - $1) <= tolerance })
        }
    }

    @Test("the level in use is what the machine has, or what KERNELS_LEVEL lowers it to")
    func levelInUse() {
        let asked = ProcessInfo.processInfo.environment["KERNELS_LEVEL"]
        let wanted = ["0", "1", "2"].contains(asked) ? Int(asked ?? "") ?? 0 : 2
        #expect(kernelLevel() == min(wanted, kernelLevelSupported()))
    }
}
