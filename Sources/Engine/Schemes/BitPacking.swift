// Codes of few bits packed into 32-bit words, as `pack-quantized` of compressed-tensors has them:
// code minus the least one, lowest bits first, across words; each row ends on a whole word.

package enum BitPacking {
    /// Words of a row.
    package static func wordCount(columns: Int, bits: Int) -> Int { (columns * bits + 31) / 32 }

    /// The bytes of the words of each row, little-endian.
    ///
    /// - Parameters:
    ///   - codes: whole rows of `columns`, each -2^(bits-1) ... 2^(bits-1)-1.
    ///   - bits: 1 to 8.
    package static func packed(_ codes: Span<Int8>, columns: Int, bits: Int) -> [UInt8] {
        precondition((1...8).contains(bits), "a code has 1 to 8 bits")
        guard columns > 0 else { return [] }
        precondition(codes.count % columns == 0, "rows are whole")
        let rowBytes = 4 * wordCount(columns: columns, bits: bits)
        let mask = UInt32(1) << bits - 1
        var bytes: [UInt8] = []
        bytes.reserveCapacity(codes.count / columns * rowBytes)
        for start in stride(from: 0, to: codes.count, by: columns) {
            var waiting: UInt32 = 0
            var count = 0
            for column in 0..<columns {
                let code = UInt32(
                    truncatingIfNeeded: Int32(codes[start + column]) + 1 << (bits - 1))
                waiting |= (code & mask) << count
                count += bits
                if count >= 8 {
                    bytes.append(UInt8(truncatingIfNeeded: waiting))
                    waiting >>= 8
                    count -= 8
                }
            }
            if count > 0 { bytes.append(UInt8(truncatingIfNeeded: waiting)) }
            while bytes.count % rowBytes != 0 { bytes.append(0) }
        }
        return bytes
    }

    /// The codes of rows of `columns` from their words.
    package static func unpacked(_ bytes: RawSpan, columns: Int, bits: Int) -> [Int8] {
        precondition((1...8).contains(bits), "a code has 1 to 8 bits")
        let rowBytes = 4 * wordCount(columns: columns, bits: bits)
        guard rowBytes > 0 else { return [] }
        precondition(bytes.byteCount % rowBytes == 0, "rows are whole")
        let mask = UInt32(1) << bits - 1
        let rows = bytes.byteCount / rowBytes
        var codes = [Int8](repeating: 0, count: rows * columns)
        var target = codes.mutableSpan
        for row in 0..<rows {
            var place = row * rowBytes
            var waiting: UInt32 = 0
            var count = 0
            for column in 0..<columns {
                if count < bits {
                    waiting |=
                        UInt32(unsafe bytes.unsafeLoad(fromByteOffset: place, as: UInt8.self))
                        << count
                    place += 1
                    count += 8
                }
                target[row * columns + column] = Int8(
                    truncatingIfNeeded: Int32(waiting & mask) - 1 << (bits - 1))
                waiting >>= bits
                count -= bits
            }
        }
        return codes
    }
}
