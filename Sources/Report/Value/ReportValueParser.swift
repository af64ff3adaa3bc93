// JSON text to values by RFC 8259, strictly, with limits checked before anything is kept.

extension ReportValue {
    /// The value of a JSON text.
    package init(jsonText: String) throws(ReportError) {
        self = try ReportValueParser.value(of: jsonText)
    }
}

/// Parses one JSON text.
struct ReportValueParser {
    /// A report of a 126-layer model with 40 matrices has about 15 MB.
    static let bytesMax = 256 << 20
    /// A report nests 8 levels; the rest is room for job parameters.
    static let depthMax = 64

    private let bytes: [UInt8]
    private var index = 0
    private var depth = 0

    /// The value of a whole text.
    static func value(of text: String) throws(ReportError) -> ReportValue {
        guard text.utf8.count <= bytesMax else {
            throw .tooLong(bytes: text.utf8.count, bytesMax: bytesMax)
        }
        var parser = ReportValueParser(bytes: Array(text.utf8))
        let value = try parser.value()
        parser.skipSpace()
        guard parser.index == parser.bytes.count else { throw parser.error("the end") }
        return value
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    // MARK: - Values

    private mutating func value() throws(ReportError) -> ReportValue {
        skipSpace()
        // The end stands in as a zero byte, which starts no value.
        switch peek ?? 0 {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw error("a value")
        }
    }

    private mutating func object() throws(ReportError) -> ReportValue {
        try enter()
        var members: [ReportValue.Member] = []
        var keys: Set<String> = []
        skipSpace()
        if !take("}") {
            repeat {
                skipSpace()
                guard peek == UInt8(ascii: "\"") else { throw error("a key in quotes") }
                let start = index
                let key = try string()
                guard keys.insert(key).inserted else {
                    index = start
                    throw error("a key that is not there already")
                }
                skipSpace()
                guard take(":") else { throw error("':'") }
                members.append(.init(key, try value()))
                skipSpace()
            } while take(",")
            guard take("}") else { throw error("',' or '}'") }
        }
        depth -= 1
        return .object(members)
    }

    private mutating func array() throws(ReportError) -> ReportValue {
        try enter()
        var elements: [ReportValue] = []
        skipSpace()
        if !take("]") {
            repeat {
                elements.append(try value())
                skipSpace()
            } while take(",")
            guard take("]") else { throw error("',' or ']'") }
        }
        depth -= 1
        return .array(elements)
    }

    private mutating func enter() throws(ReportError) {
        guard depth < Self.depthMax else {
            let place = place
            throw .tooDeep(line: place.line, column: place.column, depthMax: Self.depthMax)
        }
        depth += 1
        index += 1
    }

    private mutating func word(
        _ word: StaticString, _ value: ReportValue
    ) throws(ReportError) -> ReportValue {
        let expected = Array(word.description.utf8)
        guard bytes[index...].starts(with: expected) else { throw error("\(word)") }
        index += expected.count
        return value
    }

    private mutating func number() throws(ReportError) -> ReportValue {
        let start = index
        var isInteger = true
        _ = take("-")
        if !take("0") { try digits() }
        if take(".") {
            isInteger = false
            try digits()
        }
        if take("e") || take("E") {
            isInteger = false
            if !take("+") { _ = take("-") }
            try digits()
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if isInteger, let value = Int(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else {
            index = start
            throw error("a number that a 64-bit float holds")
        }
        return .number(value)
    }

    private mutating func digits() throws(ReportError) {
        let start = index
        while let byte = peek, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { index += 1 }
        guard index > start else { throw error("a digit") }
    }

    // MARK: - Strings

    private mutating func string() throws(ReportError) -> String {
        index += 1
        var result = ""
        while true {
            let start = index
            while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"),
                byte >= 0x20
            {
                index += 1
            }
            // The bytes come from a String, and are cut at ASCII only: they are valid UTF-8.
            result += String(decoding: bytes[start..<index], as: UTF8.self)
            if take("\"") { return result }
            guard take("\\") else { throw error("the end of the string") }
            result.unicodeScalars.append(try escaped())
        }
    }

    private mutating func escaped() throws(ReportError) -> Unicode.Scalar {
        let pairs: [(Character, Unicode.Scalar)] = [
            ("\"", "\""), ("\\", "\\"), ("/", "/"), ("n", "\n"), ("r", "\r"), ("t", "\t"),
            ("b", "\u{8}"), ("f", "\u{C}"),
        ]
        for (letter, scalar) in pairs where take(letter) { return scalar }
        let start = index
        guard take("u") else { throw error("an escape of JSON") }
        let first = try hexadecimal()
        if let scalar = Unicode.Scalar(first) { return scalar }
        if first < 0xDC00, take("\\"), take("u") {
            let second = try hexadecimal()
            if (0xDC00...0xDFFF).contains(second),
                let scalar = Unicode.Scalar(
                    0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
            {
                return scalar
            }
        }
        index = start
        throw error("a pair of surrogates")
    }

    private mutating func hexadecimal() throws(ReportError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw error("four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            index += 1
        }
        return value
    }

    // MARK: - Bytes

    private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func take(_ character: Character) -> Bool {
        guard let byte = peek, byte == character.asciiValue else { return false }
        index += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            index += 1
        }
    }

    /// Line and column of the next byte, both from 1.
    private var place: (line: Int, column: Int) {
        let before = bytes[..<index]
        let line = before.count { $0 == 0x0A } + 1
        let column = index - (before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0) + 1
        return (line, column)
    }

    private func error(_ expected: String) -> ReportError {
        let place = place
        let found =
            if let byte = peek {
                byte >= 0x21 && byte < 0x7F
                    ? "'\(Character(Unicode.Scalar(byte)))'"
                    : "byte 0x\(String(byte, radix: 16))"
            } else {
                "the end"
            }
        return .syntax(line: place.line, column: place.column, expected: expected, found: found)
    }
}
