// The byte-level alphabet: every byte as a printable character, so that any text is in it.
// Source: GPT-2, encoder.py (bytes_to_unicode); tokenizers, pre_tokenizers/byte_level.rs.

enum ByteLevelAlphabet {
    /// The pattern that ByteLevel splits with unless told otherwise.
    static let pattern =
        #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

    /// Byte -> scalar value. Printable Latin-1 stands for itself; the others follow U+0100 in
    /// order.
    static let scalarOfByte: [UInt32] = {
        var next: UInt32 = 0x100
        return (UInt32(0)...0xFF).map { byte in
            switch byte {
            case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return byte
            default:
                defer { next += 1 }
                return next
            }
        }
    }()

    /// Scalar value -> byte, or -1 for one outside the alphabet.
    static let byteOfScalar: [Int16] = {
        var bytes = [Int16](repeating: -1, count: 0x144)
        for (byte, scalar) in scalarOfByte.enumerated() { bytes[Int(scalar)] = Int16(byte) }
        return bytes
    }()

    /// The UTF-8 of each byte's character: one or two bytes. The second is 0 if there is none.
    static let utf8OfByte: [(UInt8, UInt8)] = scalarOfByte.map { scalar in
        var bytes: [UInt8] = []
        UTF8Text.append(scalar, to: &bytes)
        return (bytes[0], bytes.count > 1 ? bytes[1] : 0)
    }

    /// The bytes that a token's characters stand for. A token with any character outside the
    /// alphabet (an added token, for instance) stands for itself.
    static func decode(_ token: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        var index = 0
        while index < token.count {
            let (value, length) = UTF8Text.scalar(in: token, at: index)
            guard value < UInt32(byteOfScalar.count), byteOfScalar[Int(value)] >= 0 else {
                return token
            }
            bytes.append(UInt8(byteOfScalar[Int(value)]))
            index += length
        }
        return bytes
    }
}
