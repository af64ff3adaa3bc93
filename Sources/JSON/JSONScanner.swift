// A strict cursor over JSON bytes (RFC 8259): tokens only, no tree, no recursion.
// Own, because the usual parsers hide what a hostile file is made of: repeated keys, the spelling
// of numbers, text after the end.

/// Reads tokens at a moving offset. The bytes are lent to each call, always the same ones.
/// Every call leaves the offset behind what it read; after an error the scanner is of no use.
package struct JSONScanner {
    package private(set) var offset = 0

    package init() {}

    /// Nesting that `skipValue` follows; it keeps one bit per level, not a stack frame.
    static let skippedDepthLimit = 64

    /// The next byte after white space; it is not consumed.
    package mutating func next(_ bytes: Span<UInt8>) throws(JSONFault) -> UInt8 {
        while offset < bytes.count {
            switch bytes[offset] {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"):
                offset += 1
            default:
                return bytes[offset]
            }
        }
        throw .unexpectedEnd(offset: offset)
    }

    /// Whether only white space follows.
    package mutating func isAtEnd(_ bytes: Span<UInt8>) -> Bool {
        (try? next(bytes)) == nil
    }

    package mutating func consume(
        _ wanted: Unicode.Scalar, _ bytes: Span<UInt8>
    ) throws(JSONFault) {
        let found = try next(bytes)
        guard found == UInt8(ascii: wanted) else {
            throw .unexpected(byte: found, offset: offset, expected: "`\(wanted)`")
        }
        offset += 1
    }

    /// Consumes `wanted` if it comes next.
    package mutating func consumeIf(
        _ wanted: Unicode.Scalar, _ bytes: Span<UInt8>
    ) throws(JSONFault) -> Bool {
        guard try next(bytes) == UInt8(ascii: wanted) else { return false }
        offset += 1
        return true
    }

    /// After an element: true for a comma (consumed), false for the end of the container
    /// (consumed).
    package mutating func continues(
        until end: Unicode.Scalar, _ bytes: Span<UInt8>
    ) throws(JSONFault) -> Bool {
        let found = try next(bytes)
        guard found == UInt8(ascii: ",") || found == UInt8(ascii: end) else {
            throw .unexpected(byte: found, offset: offset, expected: "`,` or `\(end)`")
        }
        offset += 1
        return found == UInt8(ascii: ",")
    }

    /// Consumes a fixed word such as `true`.
    package mutating func word(_ word: StaticString, _ bytes: Span<UInt8>) throws(JSONFault) {
        for expected in "\(word)".utf8 {
            guard offset < bytes.count else { throw .unexpectedEnd(offset: offset) }
            guard bytes[offset] == expected else {
                throw .unexpected(byte: bytes[offset], offset: offset, expected: "\(word)")
            }
            offset += 1
        }
    }

    // MARK: Numbers

    /// A number as it is spelled. The grammar is checked, the value is not computed.
    package mutating func number(_ bytes: Span<UInt8>) throws(JSONFault) -> String {
        _ = try next(bytes)
        let start = offset
        if bytes[offset] == UInt8(ascii: "-") { offset += 1 }
        if offset < bytes.count, bytes[offset] == UInt8(ascii: "0") {
            offset += 1
        } else {
            try digits(bytes)
        }
        if offset < bytes.count, bytes[offset] == UInt8(ascii: ".") {
            offset += 1
            try digits(bytes)
        }
        if offset < bytes.count, bytes[offset] | 0x20 == UInt8(ascii: "e") {
            offset += 1
            if offset < bytes.count,
                bytes[offset] == UInt8(ascii: "+") || bytes[offset] == UInt8(ascii: "-")
            {
                offset += 1
            }
            try digits(bytes)
        }
        // A digit here follows a leading zero.
        if offset < bytes.count, Self.isDigit(bytes[offset]) { throw .badNumber(offset: offset) }
        return try Self.text(bytes.extracting(start..<offset), at: start)
    }

    private mutating func digits(_ bytes: Span<UInt8>) throws(JSONFault) {
        let start = offset
        while offset < bytes.count, Self.isDigit(bytes[offset]) { offset += 1 }
        if offset == start { throw .badNumber(offset: offset) }
    }

    package static func beginsNumber(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "-") || isDigit(byte)
    }

    /// Whether a number is spelled without fraction and exponent.
    package static func isWholeNumber(_ token: String) -> Bool {
        token.utf8.allSatisfy { $0 == UInt8(ascii: "-") || isDigit($0) }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }

    // MARK: Strings

    /// A string of at most `byteLimit` bytes (in UTF-8, escapes resolved).
    package mutating func string(
        _ bytes: Span<UInt8>, byteLimit: Int
    ) throws(JSONFault) -> String {
        let first = try next(bytes)
        guard first == UInt8(ascii: "\"") else {
            throw .unexpected(byte: first, offset: offset, expected: "a string")
        }
        offset += 1
        let start = offset
        while offset < bytes.count {
            switch bytes[offset] {
            case UInt8(ascii: "\""):
                offset += 1
                return try Self.text(bytes.extracting(start..<offset - 1), at: start)
            case UInt8(ascii: "\\"):
                return try escapedString(bytes, from: start, byteLimit: byteLimit)
            case 0..<0x20:
                throw .controlCharacter(byte: bytes[offset], offset: offset)
            default:
                guard offset - start < byteLimit else {
                    throw .stringTooLong(offset: start, byteLimit: byteLimit)
                }
                offset += 1
            }
        }
        throw .unexpectedEnd(offset: offset)
    }

    /// The rare case: collects from `start`, resolving escapes from the current offset on.
    private mutating func escapedString(
        _ bytes: Span<UInt8>, from start: Int, byteLimit: Int
    ) throws(JSONFault) -> String {
        var collected = (start..<offset).map { bytes[$0] }
        while offset < bytes.count {
            let byte = bytes[offset]
            switch byte {
            case UInt8(ascii: "\""):
                offset += 1
                return try Self.text(collected.span, at: start)
            case UInt8(ascii: "\\"):
                collected.append(contentsOf: UTF8.encode(try escape(bytes)) ?? .init())
            case 0..<0x20:
                throw .controlCharacter(byte: byte, offset: offset)
            default:
                collected.append(byte)
                offset += 1
            }
            guard collected.count <= byteLimit else {
                throw .stringTooLong(offset: start, byteLimit: byteLimit)
            }
        }
        throw .unexpectedEnd(offset: offset)
    }

    private static func text(_ bytes: Span<UInt8>, at start: Int) throws(JSONFault) -> String {
        do {
            return String(copying: try UTF8Span(validating: bytes))
        } catch {
            throw .notUTF8(offset: start + error.byteOffsets.lowerBound)
        }
    }

    private mutating func escape(_ bytes: Span<UInt8>) throws(JSONFault) -> Unicode.Scalar {
        let start = offset
        guard offset + 1 < bytes.count else { throw .unexpectedEnd(offset: bytes.count) }
        offset += 2
        switch bytes[start + 1] {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicodeEscape(bytes, start)
        default: throw .badEscape(offset: start)
        }
    }

    /// Code points above U+FFFF are spelled as two escapes (UTF-16).
    private mutating func unicodeEscape(
        _ bytes: Span<UInt8>, _ start: Int
    ) throws(JSONFault) -> Unicode.Scalar {
        let first = try hexadecimal(bytes)
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, offset + 1 < bytes.count, bytes[offset] == UInt8(ascii: "\\"),
            bytes[offset + 1] == UInt8(ascii: "u")
        else { throw .loneSurrogate(offset: start) }
        offset += 2
        let second = try hexadecimal(bytes)
        guard (0xDC00..<0xE000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw .loneSurrogate(offset: start) }
        return scalar
    }

    private mutating func hexadecimal(_ bytes: Span<UInt8>) throws(JSONFault) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard offset < bytes.count else { throw .unexpectedEnd(offset: offset) }
            guard let digit = Character(Unicode.Scalar(bytes[offset])).hexDigitValue,
                bytes[offset] < 0x80
            else { throw .badEscape(offset: offset) }
            value = value << 4 | UInt32(digit)
            offset += 1
        }
        return value
    }

    // MARK: Values nobody asked for

    /// Reads over one value of any kind, checking its syntax.
    package mutating func skipValue(_ bytes: Span<UInt8>) throws(JSONFault) {
        // One bit per open container: 1 for an object.
        var kinds: UInt64 = 0
        var depth = 0
        repeat {
            let first = try next(bytes)
            let isObject = first == UInt8(ascii: "{")
            if isObject || first == UInt8(ascii: "[") {
                guard depth < Self.skippedDepthLimit else {
                    throw .tooDeep(offset: offset, limit: Self.skippedDepthLimit)
                }
                offset += 1
                kinds = kinds << 1 | (isObject ? 1 : 0)
                depth += 1
                if try consumeIf(isObject ? "}" : "]", bytes) {
                    kinds >>= 1
                    depth -= 1
                } else {
                    if isObject { try skipKey(bytes) }
                    continue
                }
            } else {
                try skipScalar(first, bytes)
            }
            while depth > 0 {
                let inObject = kinds & 1 == 1
                if try continues(until: inObject ? "}" : "]", bytes) {
                    if inObject { try skipKey(bytes) }
                    break
                }
                kinds >>= 1
                depth -= 1
            }
        } while depth > 0
    }

    private mutating func skipKey(_ bytes: Span<UInt8>) throws(JSONFault) {
        _ = try string(bytes, byteLimit: bytes.count)
        try consume(":", bytes)
    }

    private mutating func skipScalar(
        _ first: UInt8, _ bytes: Span<UInt8>
    ) throws(JSONFault) {
        switch first {
        case UInt8(ascii: "\""): _ = try string(bytes, byteLimit: bytes.count)
        case UInt8(ascii: "t"): try word("true", bytes)
        case UInt8(ascii: "f"): try word("false", bytes)
        case UInt8(ascii: "n"): try word("null", bytes)
        case _ where Self.beginsNumber(first): _ = try number(bytes)
        default: throw .unexpected(byte: first, offset: offset, expected: "a value")
        }
    }
}
