// Scales and codes by their definition, formats of eight-bit floats, and activations.

import Schemes
import TensorMath
import TestSupport
import Testing

@Suite struct RoundToNearestTests {
    @Test func scalesAreRoundedBeforeCodesAreTaken() throws {
        let matrix = MatrixView(rows: 1, columns: 4, values: [1, -0.5, 0.13, -1])
        let scheme = WeightScheme(kind: .int, bits: 4, group: 2)
        let result = try QuantizedMatrix(rounding: matrix, scheme, scalesIn: .bf16)
        // 1 / 7.5 is 0.13333...; the nearest bfloat16 is 0.1328125 (0x3E08) or 0.1337890625.
        #expect(result.scales == [0.133789062, 0.133789062])
        #expect(result.codes == [7, -4, 1, -7])
        #expect(result.dequantized().values() == result.codes.map { Float($0) * 0.133789062 })
    }

    @Test(arguments: [
        WeightScheme(kind: .int, bits: 4, group: 32), WeightScheme(kind: .int, bits: 8, group: nil),
        WeightScheme(kind: .int, bits: 3, group: 16),
        WeightScheme(kind: .float, bits: 8, group: nil),
    ])
    func noCodeIsNearer(scheme: WeightScheme) throws {
        var state = SeededGenerator(seed: 7)
        let values = (0..<6 * 96).map { _ in Float.random(in: -3...3, using: &state) }
        let matrix = MatrixView(rows: 6, columns: 96, values: values)
        let result = try QuantizedMatrix(rounding: matrix, scheme, scalesIn: .f16)
        let back = result.dequantized().values()
        let all = (-128...127).map { Int8($0) }.filter {
            let value = scheme.value($0)
            return !value.isNaN && scheme.range.contains(value)
        }
        let width = scheme.group ?? 96
        for index in values.indices {
            let scale = result.scales[index / width]
            let nearest = all.map { abs(scheme.value($0) * scale - values[index]) }.min() ?? 0
            #expect(abs(back[index] - values[index]) <= nearest * 1.0001 + 1e-7)
        }
    }

    @Test func zerosAndNoNumbers() throws {
        let scheme = WeightScheme(kind: .int, bits: 4, group: nil)
        let zeros = try QuantizedMatrix(
            rounding: MatrixView(rows: 1, columns: 8), scheme, scalesIn: .bf16)
        #expect(zeros.scales == [0x1p-7] && zeros.codes.allSatisfy { $0 == 0 })
        let bad = MatrixView(rows: 1, columns: 2, values: [.nan, 1])
        #expect(throws: RoundingFault.notFinite(count: 1)) {
            try QuantizedMatrix(rounding: bad, scheme, scalesIn: .f32)
        }
        let large = MatrixView(rows: 1, columns: 2, values: [1e6, 1])
        #expect(throws: RoundingFault.scaleTooLarge(largest: 1e6, format: .f16)) {
            try QuantizedMatrix(rounding: large, scheme, scalesIn: .f16)
        }
        // Of the original `output` says nothing.
        let text = "\(RoundingFault.scaleTooLarge(largest: 1e6, format: .f16))"
        #expect(text.contains("dtype: bfloat16") && text.contains("`original: true`"), "\(text)")
    }

    @Test func everyEightBitFloatComesBack() {
        for code in UInt8.min...UInt8.max {
            let value = E4M3.value(code)
            guard !value.isNaN else {
                #expect(code & 0x7F == 0x7F)
                continue
            }
            #expect(E4M3.code(value) == code)
        }
        #expect(E4M3.value(0x7E) == 448 && E4M3.value(0x01) == 0x1p-9 && E4M3.value(0xB8) == -1)
        // Ties go to the even code; what is too large becomes the largest.
        #expect(E4M3.code(1.0625) == 0x38 && E4M3.code(1.1875) == 0x3A)
        #expect(E4M3.code(0x1p-10) == 0 && E4M3.code(1e9) == 0x7E && E4M3.code(-500) == 0xFE)
    }

    @Test func tokensAreRoundedWithScalesOfTheirOwn() {
        let matrix = MatrixView(rows: 2, columns: 3, values: [127.5, -127.5, 0.4, 0, 0, 0])
        let target = MatrixView(rows: 2, columns: 3)
        ActivationScheme.int8Token.round(matrix, into: target)
        #expect(target.values() == [127, -128, 0, 0, 0, 0])
        ActivationScheme.fp8Token.round(matrix, into: target)
        let scale = Float(127.5) / 448
        #expect(target.values() == [448 * scale, -448 * scale, 1.375 * scale, 0, 0, 0])
    }

    @Test func aTokenThatOverflowsStaysNoNumber() {
        for bad in [Float.infinity, -.infinity, .nan] {
            let matrix = MatrixView(rows: 2, columns: 2, values: [1, bad, 2, 1])
            let target = MatrixView(rows: 2, columns: 2)
            for scheme in [ActivationScheme.int8Token, .fp8Token] {
                scheme.round(matrix, into: target)
                #expect(target.values().map(\.isNaN) == [true, true, false, false])
            }
        }
    }
}
