// Reads JSON into values that keep strings as bytes.
//
// Foundation's readers put objects into dictionaries of Swift strings, where canonically
// equivalent keys fall together; a vocabulary needs both. Source: RFC 8259.

enum TokenizerJSON: Sendable {
    struct Member: Sendable {
        let key: [UInt8]
        let value: TokenizerJSON
    }

    case null
    case bool(Bool)
    case integer(Int)
    case real(Double)
    /// Valid UTF-8.
    case string([UInt8])
    case array([TokenizerJSON])
    /// In the order of the file; keys may repeat.
    case object([Member])

    /// Largest known tokenizer.json: 34 MB.
    static let bytesMax = 64 << 20
    /// A vocabulary of 262,144 tokens with 580,000 merges has 2 million values.
    static let valuesMax = 8_000_000
    static let depthMax = 64

    /// What it is, for messages.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .real(let value): "\(value)"
        case .string(let bytes): "«\(String(decoding: bytes.prefix(60), as: UTF8.self))»"
        case .array(let values): "a list of \(values.count)"
        case .object(let members): "an object of \(members.count) members"
        }
    }

    static func parse(_ bytes: [UInt8]) throws(TokenizerError) -> TokenizerJSON {
        guard bytes.count <= bytesMax else {
            throw .tooLarge(bytes: bytes.count, bytesMax: bytesMax)
        }
        if let offset = UTF8Text.firstInvalidOffset(in: bytes) {
            throw .invalidJSON(offset: offset, reason: "not UTF-8")
        }
        var reader = Reader(bytes: bytes)
        let value = try reader.readValue()
        reader.skipSpace()
        guard reader.position == bytes.count else { throw reader.failure("text after the value") }
        return value
    }
}

/// A recursive-descent reader. `bytes` is valid UTF-8.
private struct Reader {
    let bytes: [UInt8]
    var position = 0
    private var depth = 0
    private var valueCount = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func readValue() throws(TokenizerError) -> TokenizerJSON {
        valueCount += 1
        guard valueCount <= TokenizerJSON.valuesMax else {
            throw failure("more than \(TokenizerJSON.valuesMax) values")
        }
        skipSpace()
        guard let first = peek() else { throw failure("the file ends where a value is expected") }
        switch first {
        case UInt8(ascii: "{"):
            return try nested { reader throws(TokenizerError) in
                try reader.readObject()
            }
        case UInt8(ascii: "["):
            return try nested { reader throws(TokenizerError) in
                try reader.readArray()
            }
        case UInt8(ascii: "\""): return .string(try readString())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try readNumber()
        case UInt8(ascii: "t") where take("true"): return .bool(true)
        case UInt8(ascii: "f") where take("false"): return .bool(false)
        case UInt8(ascii: "n") where take("null"): return .null
        default: throw failure("no JSON value starts like this")
        }
    }

    mutating func skipSpace() {
        while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            position += 1
        }
    }

    func failure(_ reason: String) -> TokenizerError {
        .invalidJSON(offset: position, reason: reason)
    }

    private mutating func nested(
        _ read: (inout Reader) throws(TokenizerError) -> TokenizerJSON
    ) throws(TokenizerError) -> TokenizerJSON {
        depth += 1
        guard depth <= TokenizerJSON.depthMax else { throw failure("nested too deeply") }
        position += 1
        let value = try read(&self)
        depth -= 1
        return value
    }

    private mutating func readObject() throws(TokenizerError) -> TokenizerJSON {
        var members: [TokenizerJSON.Member] = []
        skipSpace()
        if takeByte("}") { return .object(members) }
        while true {
            skipSpace()
            guard peek() == UInt8(ascii: "\"") else { throw failure("expected a key in quotes") }
            let key = try readString()
            skipSpace()
            guard takeByte(":") else { throw failure("expected «:»") }
            members.append(TokenizerJSON.Member(key: key, value: try readValue()))
            skipSpace()
            if takeByte("}") { return .object(members) }
            guard takeByte(",") else { throw failure("expected «,» or «}»") }
        }
    }

    private mutating func readArray() throws(TokenizerError) -> TokenizerJSON {
        var values: [TokenizerJSON] = []
        skipSpace()
        if takeByte("]") { return .array(values) }
        while true {
            values.append(try readValue())
            skipSpace()
            if takeByte("]") { return .array(values) }
            guard takeByte(",") else { throw failure("expected «,» or «]»") }
        }
    }

    private mutating func readString() throws(TokenizerError) -> [UInt8] {
        position += 1
        var text: [UInt8] = []
        var start = position
        while let byte = peek() {
            switch byte {
            case UInt8(ascii: "\""):
                text += bytes[start..<position]
                position += 1
                return text
            case UInt8(ascii: "\\"):
                text += bytes[start..<position]
                position += 1
                try readEscape(into: &text)
                start = position
            case 0..<0x20: throw failure("a control character inside a string")
            default: position += 1
            }
        }
        throw failure("the file ends inside a string")
    }

    private mutating func readEscape(into text: inout [UInt8]) throws(TokenizerError) {
        guard let byte = peek() else { throw failure("the file ends inside a string") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var value = try readHexadecimal()
            if (0xD800...0xDBFF).contains(value) {
                guard take("\\u") else { throw failure("half a surrogate pair") }
                let low = try readHexadecimal()
                guard (0xDC00...0xDFFF).contains(low) else {
                    throw failure("half a surrogate pair")
                }
                value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
            } else if (0xDC00...0xDFFF).contains(value) {
                throw failure("half a surrogate pair")
            }
            UTF8Text.append(value, to: &text)
        default: throw failure("no such escape")
        }
    }

    private mutating func readHexadecimal() throws(TokenizerError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue
            else {
                throw failure("expected four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    private mutating func readNumber() throws(TokenizerError) -> TokenizerJSON {
        let start = position
        _ = takeByte("-")
        let firstDigit = peek()
        guard skipDigits() > 0 else { throw failure("a number without digits") }
        if firstDigit == UInt8(ascii: "0") && position > start + (bytes[start] == 0x2D ? 2 : 1) {
            throw failure("a number with a leading zero")
        }
        var isInteger = true
        if takeByte(".") {
            isInteger = false
            guard skipDigits() > 0 else { throw failure("a number that ends with «.»") }
        }
        if takeByte("e") || takeByte("E") {
            isInteger = false
            if !takeByte("+") { _ = takeByte("-") }
            guard skipDigits() > 0 else { throw failure("a number without an exponent") }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger, let value = Int(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else { throw failure("a number too large") }
        return .real(value)
    }

    private mutating func skipDigits() -> Int {
        let start = position
        while let byte = peek(), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            position += 1
        }
        return position - start
    }

    @inline(__always)
    private func peek() -> UInt8? {
        position < bytes.count ? bytes[position] : nil
    }

    @inline(__always)
    private mutating func takeByte(_ wanted: Unicode.Scalar) -> Bool {
        guard peek() == UInt8(ascii: wanted) else { return false }
        position += 1
        return true
    }

    private mutating func take(_ wanted: String) -> Bool {
        guard bytes[position...].starts(with: wanted.utf8) else { return false }
        position += wanted.utf8.count
        return true
    }
}
