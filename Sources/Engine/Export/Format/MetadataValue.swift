// Metadata of a GGUF file: typed values under dotted names, and their bytes. Source: ggml,
// docs/gguf.md (version 3, little-endian).

/// A value of the metadata.
enum MetadataValue: Sendable, Equatable {
    case count(UInt32)
    case real(Float)
    case flag(Bool)
    case text(String)
    case flags([Bool])
    case integers([Int32])
    case reals([Float])
    /// Texts in UTF-8.
    case texts([[UInt8]])
}

extension MetadataValue {
    /// Numbers of types in the format.
    private enum Kind {
        static let uint32: UInt32 = 4
        static let int32: UInt32 = 5
        static let float32: UInt32 = 6
        static let bool: UInt32 = 7
        static let string: UInt32 = 8
        static let array: UInt32 = 9
    }

    /// Appends the number of the type, then the value.
    func append(to bytes: inout [UInt8]) {
        func list(_ kind: UInt32, _ count: Int) {
            bytes.append(number: Kind.array)
            bytes.append(number: kind)
            bytes.append(number: UInt64(count))
        }
        switch self {
        case .count(let value):
            bytes.append(number: Kind.uint32)
            bytes.append(number: value)
        case .real(let value):
            bytes.append(number: Kind.float32)
            bytes.append(number: value.bitPattern)
        case .flag(let value):
            bytes.append(number: Kind.bool)
            bytes.append(value ? 1 : 0)
        case .text(let value):
            bytes.append(number: Kind.string)
            bytes.append(counted: Array(value.utf8))
        case .flags(let values):
            list(Kind.bool, values.count)
            for value in values { bytes.append(value ? 1 : 0) }
        case .integers(let values):
            list(Kind.int32, values.count)
            for value in values { bytes.append(number: value) }
        case .reals(let values):
            list(Kind.float32, values.count)
            for value in values { bytes.append(number: value.bitPattern) }
        case .texts(let values):
            list(Kind.string, values.count)
            for value in values { bytes.append(counted: value) }
        }
    }
}

extension [UInt8] {
    /// Little-endian, as all numbers of the format.
    mutating func append(number: some FixedWidthInteger) {
        var rest = number
        for _ in 0..<number.bitWidth / 8 {
            append(UInt8(truncatingIfNeeded: rest))
            rest >>= 8
        }
    }

    /// A text behind the count of its bytes.
    mutating func append(counted text: [UInt8]) {
        append(number: UInt64(text.count))
        append(contentsOf: text)
    }
}
