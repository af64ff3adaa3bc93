// Packing against the words of compressed-tensors, and back for every width and number of bits.

import Schemes
import TensorMath
import TestSupport
import Testing

@Suite struct BitPackingTests {
    private func packed(_ codes: [Int8], columns: Int, bits: Int) -> [UInt8] {
        BitPacking.packed(codes.span, columns: columns, bits: bits)
    }

    @Test func wordsAreThoseOfCompressedTensors() {
        #expect(
            packed(Array(-8...7), columns: 16, bits: 4)
                == [0x10, 0x32, 0x54, 0x76, 0x98, 0xBA, 0xDC, 0xFE])
        #expect(packed([1, 2, 3], columns: 3, bits: 4) == [0xA9, 0x0B, 0, 0])
        #expect(packed([-128, -1, 0, 127], columns: 4, bits: 8) == [0x00, 0x7F, 0x80, 0xFF])
    }

    @Test(arguments: 1...8)
    func unpackingIsTheWayBack(bits: Int) {
        let least = -(1 << (bits - 1))
        for columns in 1...67 {
            let codes = (0..<3 * columns).map { Int8(least + ($0 * 7 + $0 / 5) % (1 << bits)) }
            let bytes = packed(codes, columns: columns, bits: bits)
            #expect(bytes.count == 12 * ((columns * bits + 31) / 32))
            let back = BitPacking.unpacked(
                unsafe bytes.span.bytes, columns: columns, bits: bits)
            #expect(back == codes)
        }
    }
}
