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
    /// Where only integers have one spelling: a fraction, a leading zero, or beyond 64 bits.
    case notInteger(String, offset: Int)
    case tooDeep(offset: Int, limit: Int)
    case tooManyValues(offset: Int, limit: Int)
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
            .notInteger(_, let offset), .tooDeep(let offset, _),
            .tooManyValues(let offset, _), .repeatedKey(_, let offset):
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
        case .notInteger(let token, _):
            "expected an integer of 64 bits, found \(quoted(token)); fractions are strings here"
        case .tooManyValues(_, let limit):
            "more than \(limit) values"
        case .tooDeep(_, let limit):
            "nested more than \(limit) levels deep"
        case .repeatedKey(let key, _):
            "key \(quoted(key)) appears twice"
        case .tooLarge(let byteCount, let limit):
            "\(byteCount) bytes, more than the limit of \(limit)"
        }
    }

    /// A byte for messages: itself where it can be seen, otherwise its number.
    package static func spelled(_ byte: UInt8) -> String {
        (0x21..<0x7F).contains(byte)
            ? "`\(Unicode.Scalar(byte))`"
            : "byte 0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
}
