// The header of a GGUF file, read from bytes that nobody trusts: every length is held against what
// is left of the file before anything is taken. Format: ggml, docs/gguf.md (versions 2 and 3).

import JSON

/// A value of the metadata.
enum GGUFValue: Sendable, Equatable {
    case integer(Int)
    case real(Double)
    /// As a float has it.
    case float(Float)
    case flag(Bool)
    case text(String)
    case list(GGUFList)

    var shown: String {
        switch self {
        case .integer(let value): "\(value)"
        case .real(let value): "\(value)"
        case .float(let value): "\(value)"
        case .flag(let value): "\(value)"
        case .text(let value): "the text \(quoted(String(value.prefix(80))))"
        case .list(let list): "a list of \(list.count)"
        }
    }
}

/// A list of the metadata, read when it is asked for.
struct GGUFList: Sendable, Equatable {
    /// Number of the type of all values.
    let type: UInt32
    let count: Int
    /// In the file.
    let range: Range<Int>
}

/// Walks through the bytes.
struct GGUFReader {
    enum Limit {
        static let values = 100_000
        static let tensors = SafetensorsHeader.tensorLimit
        static let keyBytes = 65_535
        static let nameBytes = SafetensorsHeader.nameByteLimit
        static let textBytes = 16 << 20
        static let listLength = 16 << 20
        /// As of config.json: config.json of a file is made with an entry for each.
        static let layers = 4096
        /// Of a layer, as of config.json: each becomes a tensor of its own.
        static let experts = 4096
        /// Widths, heads and lengths, as of config.json: products of two of them are whole numbers.
        static let count = 1 << 24
    }

    private(set) var offset: Int

    init(at offset: Int = 0) { self.offset = offset }

    mutating func number<Number: FixedWidthInteger>(
        _: Number.Type, _ bytes: RawSpan, _ what: String
    ) throws(GGUFFault) -> Number {
        let size = Number.bitWidth / 8
        guard bytes.byteCount - offset >= size else { throw .cutOff(what: what, offset: offset) }
        var value: Number = 0
        for index in (0..<size).reversed() {
            let byte = unsafe bytes.unsafeLoad(fromByteOffset: offset + index, as: UInt8.self)
            value = size == 1 ? Number(truncatingIfNeeded: byte) : value << 8 | Number(byte)
        }
        offset += size
        return value
    }

    /// A text behind the count of its bytes.
    mutating func text(
        _ bytes: RawSpan, _ what: String, limit: Int
    ) throws(GGUFFault) -> String {
        let range = try textRange(bytes, what, limit: limit)
        let text = unsafe bytes.extracting(range).withUnsafeBytes { bytes in
            unsafe String(validating: bytes, as: UTF8.self)
        }
        guard let text else { throw .text(what: what, offset: range.lowerBound) }
        return text
    }

    private mutating func textRange(
        _ bytes: RawSpan, _ what: String, limit: Int
    ) throws(GGUFFault) -> Range<Int> {
        let count = try number(UInt64.self, bytes, what)
        guard count <= UInt64(limit) else {
            throw .tooMany(what: "bytes of \(what)", count: count, limit: limit)
        }
        guard Int(count) <= bytes.byteCount - offset else {
            throw .cutOff(what: what, offset: offset)
        }
        let start = offset
        offset += Int(count)
        return start..<offset
    }

    // MARK: Values

    mutating func value(_ key: String, _ bytes: RawSpan) throws(GGUFFault) -> GGUFValue {
        let type = try number(UInt32.self, bytes, "the value of \(quoted(key))")
        guard type == Self.list else { return try plain(type, key, bytes) }
        let kind = try number(UInt32.self, bytes, "the list of \(quoted(key))")
        guard kind != Self.list else { throw .nested(key: key) }
        let count = try number(UInt64.self, bytes, "the list of \(quoted(key))")
        guard count <= UInt64(Limit.listLength) else {
            throw .tooMany(
                what: "values of \(quoted(key))", count: count, limit: Limit.listLength)
        }
        let start = offset
        if let width = Self.widths[kind] {
            guard Int(count) * width <= bytes.byteCount - offset else {
                throw .cutOff(what: "the list of \(quoted(key))", offset: offset)
            }
            offset += Int(count) * width
        } else {
            guard kind == Self.text else { throw .valueType(key: key, type: kind) }
            for _ in 0..<Int(count) {
                _ = try textRange(bytes, "a text of \(quoted(key))", limit: Limit.textBytes)
            }
        }
        return .list(GGUFList(type: kind, count: Int(count), range: start..<offset))
    }

    /// Any value but a list.
    mutating func plain(
        _ type: UInt32, _ key: String, _ bytes: RawSpan
    ) throws(GGUFFault) -> GGUFValue {
        let what = "the value of \(quoted(key))"
        switch type {
        case 0: return .integer(Int(try number(UInt8.self, bytes, what)))
        case 1: return .integer(Int(Int8(bitPattern: try number(UInt8.self, bytes, what))))
        case 2: return .integer(Int(try number(UInt16.self, bytes, what)))
        case 3: return .integer(Int(Int16(bitPattern: try number(UInt16.self, bytes, what))))
        case 4: return .integer(Int(try number(UInt32.self, bytes, what)))
        case 5: return .integer(Int(Int32(bitPattern: try number(UInt32.self, bytes, what))))
        case 6: return .float(Float(bitPattern: try number(UInt32.self, bytes, what)))
        case 7: return .flag(try number(UInt8.self, bytes, what) != 0)
        case Self.text:
            return .text(try text(bytes, what, limit: Limit.textBytes))
        case 10, 11:
            // No count of a model reaches the highest bit.
            let word = try number(UInt64.self, bytes, what)
            return .integer(Int(Int64(bitPattern: word)))
        case 12: return .real(Double(bitPattern: try number(UInt64.self, bytes, what)))
        default: throw .valueType(key: key, type: type)
        }
    }

    private static let text: UInt32 = 8
    private static let list: UInt32 = 9

    /// Bytes of a value, of all but texts and lists.
    private static let widths: [UInt32: Int] = [
        0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8,
    ]
}
