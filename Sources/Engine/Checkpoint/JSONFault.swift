// What can be wrong with JSON text, and where.

package import Failures

/// What is wrong with JSON text, and the byte offset where it shows.
package enum JSONFault: ClassifiedFailure, Equatable, Sendable {
    case unexpectedEnd(offset: Int)
    case unexpected(byte: UInt8, offset: Int, expected: String)
    case controlCharacter(byte: UInt8, offset: Int)
    case badEscape(offset: Int)
    case loneSurrogate(offset: Int)
    case notUTF8(offset: Int)
    case stringTooLong(offset: Int, byteLimit: Int)
    case badNumber(offset: Int)
    case tooDeep(offset: Int, limit: Int)
    case repeatedKey(String, offset: Int)
    case tooLarge(byteCount: Int, limit: Int)

    package var failureClass: FailureClass { .user }
}

extension JSONFault: CustomStringConvertible {
    /// Where it shows, in bytes from the start of the text.
    package var offset: Int {
        switch self {
        case .unexpectedEnd(let offset), .unexpected(_, let offset, _),
            .controlCharacter(_, let offset), .badEscape(let offset), .loneSurrogate(let offset),
            .notUTF8(let offset), .stringTooLong(let offset, _), .badNumber(let offset),
            .tooDeep(let offset, _), .repeatedKey(_, let offset):
            offset
        case .tooLarge: 0
        }
    }

    /// What is wrong, without the place.
    package var description: String {
        switch self {
        case .unexpectedEnd:
            "the text ends too early"
        case .unexpected(let byte, _, let expected):
            "expected \(expected), found \(Self.spelled(byte))"
        case .controlCharacter(let byte, _):
            "\(Self.spelled(byte)) in a string; write it as an escape"
        case .badEscape:
            "not an escape of JSON"
        case .loneSurrogate:
            "half of a surrogate pair alone is no character"
        case .notUTF8:
            "not valid UTF-8"
        case .stringTooLong(_, let limit):
            "a string of more than \(limit) bytes"
        case .badNumber:
            "not a number of JSON"
        case .tooDeep(_, let limit):
            "nested more than \(limit) levels deep"
        case .repeatedKey(let key, _):
            "key \(quoted(key)) appears twice"
        case .tooLarge(let byteCount, let limit):
            "\(byteCount) bytes, more than the limit of \(limit)"
        }
    }

    static func spelled(_ byte: UInt8) -> String {
        (0x21..<0x7F).contains(byte)
            ? "\"\(Unicode.Scalar(byte))\""
            : "byte 0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
}

/// A line and a column, both counted from 1; columns count bytes.
package struct TextPlace: Equatable, Sendable {
    package let line: Int
    package let column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// The place of the byte at `offset`, which may be the end of the text.
    package static func of(offset: Int, in bytes: Span<UInt8>) -> TextPlace {
        var line = 1
        var lineStart = 0
        for index in 0..<min(offset, bytes.count) where bytes[index] == UInt8(ascii: "\n") {
            line += 1
            lineStart = index + 1
        }
        return TextPlace(line: line, column: offset - lineStart + 1)
    }
}

/// A name from a file, fit to be shown: in backticks, control characters escaped, cut at 120
/// characters.
package func quoted(_ name: String) -> String {
    var shown = ""
    for scalar in name.unicodeScalars.prefix(120) {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
            shown += scalar.escaped(asASCII: true)
        default:
            shown.unicodeScalars.append(scalar)
        }
    }
    return name.unicodeScalars.count > 120 ? "`\(shown)…`" : "`\(shown)`"
}
