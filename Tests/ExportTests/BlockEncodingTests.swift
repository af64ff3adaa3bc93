// Bytes of numbers, held against those of the package `gguf` (Scripts/make_gguf_goldens.py).

import Checkpoint
import EngineTestSupport
import SystemPackage
import TensorMath
import Testing

@testable import Export

@Suite struct BlockEncodingTests {
    private static let types: [(String, TensorType)] = [
        ("q8_0", .q8), ("q4_0", .q4), ("bf16", .bf16), ("f16", .f16),
    ]

    @Test func `every type has the bytes of the reference`() throws {
        let golden = try TensorArchive(
            parsing: try CheckpointScratch.bytes(
                GGUFFixtures.folder.appending("blocks.safetensors")))
        let matrix = try #require(golden.matrix("values"))
        let values = (0..<matrix.rows).flatMap { row in
            (0..<matrix.columns).map { matrix[row, $0] }
        }
        for (name, type) in Self.types {
            let expected = try #require(golden.entry(name))
            #expect(type.encode(values) == expected.bytes, "\(name)")
            #expect(type.byteCount(elements: values.count) == expected.bytes.count)
        }
    }

    @Test func `decoded blocks lie within half a step of what was encoded`() {
        let values = (0..<320).map { Float(($0 * 7919) % 401 - 200) / 321 }
        let bytes = TensorType.q8.encode(values)
        for (index, value) in values.enumerated() {
            let start = index / 32 * 34
            let scale = Float(
                Float16(bitPattern: UInt16(bytes[start]) | UInt16(bytes[start + 1]) << 8))
            let code = Float(Int8(bitPattern: bytes[start + 2 + index % 32]))
            // A half for the code, and what the scale lost in F16.
            #expect(abs(value - scale * code) <= scale * (0.5 + 127 * 0x1p-11))
        }
    }
    /// docs/GGUF.md names these figures: of the root of the mean square.
    @Test func `rounding to BF16 adds some 5 % to the error of eight bits, and nothing to four`() {
        var generator = SeededGenerator(seed: 1)
        // Sums of twelve are normal enough.
        let values = (0..<32 * 4096).map { _ in
            Float((0..<12).reduce(-6.0) { sum, _ in sum + generator.uniform() } * 0.02)
        }
        func error(_ type: TensorType, _ change: (Float) -> Float) -> Double {
            let bytes = type.encode(values)
            let size = type.byteCount(elements: 32)
            var sum = 0.0
            for (index, value) in values.enumerated() {
                let (start, place) = (index / 32 * size, index % 32)
                let scale = Float(
                    Float16(bitPattern: UInt16(bytes[start]) | UInt16(bytes[start + 1]) << 8))
                let code =
                    type == .q8
                    ? Int(Int8(bitPattern: bytes[start + 2 + place]))
                    : Int(bytes[start + 2 + place % 16] >> (place < 16 ? 0 : 4) & 15) - 8
                let difference = Double(change(scale * Float(code)) - value)
                sum += difference * difference
            }
            return sum.squareRoot()
        }
        func added(_ type: TensorType) -> Double {
            error(type) { Conversion.rounded($0, to: .bf16) } / error(type) { $0 } - 1
        }
        #expect(abs(added(.q8) - 0.048) < 0.004, "\(added(.q8))")
        #expect(abs(added(.q4)) < 0.001, "\(added(.q4))")
    }
}
