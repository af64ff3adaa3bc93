// Reads JSON bytes back into `CanonicalJSON`, under limits, with the place of every fault.
// Accepts any spelling of the values it knows (RFC 8259); refuses null, fractions, double keys.

package import Failures

extension CanonicalJSON {
    /// What was wrong, and at which byte.
    package struct ParseError: ClassifiedFailure, Equatable, Sendable, CustomStringConvertible {
        package var failureClass: FailureClass { .user }

        package let byteOffset: Int
        package let reason: String

        package var description: String { "byte \(byteOffset): \(reason)" }
    }

    /// Nesting allowed: our own documents have a depth of five.
    package static let depthMax = 64

    /// Parses one value that fills `bytes`, spaces around it aside.
    package init(parsing bytes: [UInt8]) throws(ParseError) {
        var parser = Parser(bytes: bytes)
        self = try parser.value(depth: 0)
        parser.skipSpaces()
        guard parser.position == bytes.count else {
            throw parser.fault("text after the value")
        }
    }
}

private struct Parser {
    typealias ParseError = CanonicalJSON.ParseError

    let bytes: [UInt8]
    var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    func fault(_ reason: String) -> ParseError {
        ParseError(byteOffset: position, reason: reason)
    }

    var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func skipSpaces() {
        while let byte = next, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
    }

    mutating func take(_ expected: Character) throws(ParseError) {
        guard let ascii = expected.asciiValue, next == ascii else {
            throw fault("expected '\(expected)'")
        }
        position += 1
    }

    /// Takes `word` if the text goes on with it.
    mutating func take(word: String) -> Bool {
        guard bytes[position...].starts(with: word.utf8) else { return false }
        position += word.utf8.count
        return true
    }

    mutating func value(depth: Int) throws(ParseError) -> CanonicalJSON {
        guard depth < CanonicalJSON.depthMax else {
            throw fault("nested deeper than \(CanonicalJSON.depthMax)")
        }
        skipSpaces()
        switch next {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "-"): return try integer()
        case .some(UInt8(ascii: "0")...UInt8(ascii: "9")): return try integer()
        case nil: throw fault("the text ends where a value is due")
        default:
            if take(word: "true") { return .bool(true) }
            if take(word: "false") { return .bool(false) }
            throw fault("expected a string, an integer, a truth value, an array or an object")
        }
    }

    mutating func object(depth: Int) throws(ParseError) -> CanonicalJSON {
        try take("{")
        var members: [String: CanonicalJSON] = [:]
        skipSpaces()
        if next == UInt8(ascii: "}") {
            position += 1
            return .object(members)
        }
        while true {
            skipSpaces()
            let key = try string()
            guard members[key] == nil else { throw fault("key '\(key)' occurs twice") }
            skipSpaces()
            try take(":")
            members[key] = try value(depth: depth + 1)
            skipSpaces()
            if next == UInt8(ascii: ",") {
                position += 1
                continue
            }
            try take("}")
            return .object(members)
        }
    }

    mutating func array(depth: Int) throws(ParseError) -> CanonicalJSON {
        try take("[")
        var values: [CanonicalJSON] = []
        skipSpaces()
        if next == UInt8(ascii: "]") {
            position += 1
            return .array(values)
        }
        while true {
            values.append(try value(depth: depth + 1))
            skipSpaces()
            if next == UInt8(ascii: ",") {
                position += 1
                continue
            }
            try take("]")
            return .array(values)
        }
    }

    mutating func integer() throws(ParseError) -> CanonicalJSON {
        let start = position
        if next == UInt8(ascii: "-") { position += 1 }
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            position += 1
        }
        if let byte = next,
            [UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E")].contains(byte)
        {
            throw fault("fractions are written as strings")
        }
        let digits = String(decoding: bytes[start..<position], as: UTF8.self)
        // One spelling per value: no leading zeros, no minus zero.
        guard let value = Int(digits), String(value) == digits else {
            throw fault("'\(digits)' is not an integer of 64 bits")
        }
        return .integer(value)
    }

    mutating func string() throws(ParseError) -> String {
        try take("\"")
        var text: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let result = String(validating: text, as: UTF8.self) else {
                    throw fault("a string is not UTF-8")
                }
                return result
            case UInt8(ascii: "\\"): text += Array(String(try escape()).utf8)
            case 0..<0x20: throw fault("a control character stands bare in a string")
            default: text.append(byte)
            }
        }
        throw fault("the text ends inside a string")
    }

    mutating func escape() throws(ParseError) -> Unicode.Scalar {
        guard let byte = next else { throw fault("the text ends inside an escape") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{08}"
        case UInt8(ascii: "f"): return "\u{0C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try escapedScalar()
        default: throw fault("an unknown escape")
        }
    }

    /// `XXXX`, or two of them that form a surrogate pair.
    mutating func escapedScalar() throws(ParseError) -> Unicode.Scalar {
        let first = try codeUnit()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard take(word: "\\u") else { throw fault("half a surrogate pair") }
        let second = try codeUnit()
        guard (0xD800..<0xDC00).contains(first), (0xDC00..<0xE000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw fault("half a surrogate pair") }
        return scalar
    }

    mutating func codeUnit() throws(ParseError) -> UInt32 {
        let digits = String(decoding: bytes[position...].prefix(4), as: UTF8.self)
        guard digits.utf8.count == 4, digits.allSatisfy(\.isHexDigit),
            let value = UInt32(digits, radix: 16)
        else { throw fault("expected four hexadecimal digits") }
        position += 4
        return value
    }
}
