// Walks the fields of a protocol buffer message.
// Source: the Protocol Buffers documentation, "Encoding".

/// The fields of one message, in the order they are stored.
struct ProtobufReader {
    enum Value: Equatable {
        /// Whole numbers, truth values and enumerations.
        case number(UInt64)
        /// A float's bits.
        case bits32(UInt32)
        case bits64(UInt64)
        /// Text, bytes or a message: where they lie.
        case bytes(Range<Int>)
    }

    private let bytes: [UInt8]
    private var position: Int
    private let end: Int

    init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    /// Nil after the last field.
    mutating func next() throws(TokenizerError) -> (field: UInt64, value: Value)? {
        guard position < end else { return nil }
        let start = position
        let key = try number()
        switch key & 7 {
        case 0: return (key >> 3, .number(try number()))
        case 1: return (key >> 3, .bits64(try fixed(8, from: start)))
        case 2:
            let count = try number()
            guard count <= UInt64(end - position) else { throw Self.damaged(at: start) }
            defer { position += Int(count) }
            return (key >> 3, .bytes(position..<position + Int(count)))
        case 5: return (key >> 3, .bits32(UInt32(try fixed(4, from: start))))
        default: throw Self.damaged(at: start)
        }
    }

    /// Seven bits a byte, the lowest first.
    private mutating func number() throws(TokenizerError) -> UInt64 {
        var value: UInt64 = 0
        let start = position
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard position < end else { break }
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw Self.damaged(at: start)
    }

    private mutating func fixed(_ count: Int, from start: Int) throws(TokenizerError) -> UInt64 {
        guard count <= end - position else { throw Self.damaged(at: start) }
        defer { position += count }
        return (0..<count).reduce(0) { $0 | UInt64(bytes[position + $1]) << UInt64(8 * $1) }
    }

    private static func damaged(at offset: Int) -> TokenizerError {
        .wrongValue(
            place: "byte \(offset)", expected: "a field of a protocol buffer",
            found: "none that ends within the file")
    }
}
