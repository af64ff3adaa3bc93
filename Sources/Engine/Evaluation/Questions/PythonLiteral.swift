// Texts, lists and dictionaries in Python's spelling, as `repr` writes them: RACE is also published
// with such a text in each row.

import Failures
import JSON
import PythonText
import Texts

/// What is wrong with a literal, and the code point where it shows.
enum PythonLiteralFault: ClassifiedFailure, Equatable, CustomStringConvertible {
    var failureClass: FailureClass { .user }

    case unexpected(offset: Int, expected: String)
    case badEscape(offset: Int)
    case tooDeep(offset: Int)

    var description: String {
        switch self {
        case .unexpected(let offset, let expected):
            "not a list in Python's spelling: expected \(expected) at character \(offset + 1)"
        case .badEscape(let offset):
            "character \(offset + 1) begins an escape that Python's repr does not write"
        case .tooDeep(let offset):
            "nested more than \(PythonLiteral.depthMax) levels deep at character \(offset + 1)"
        }
    }
}

enum PythonLiteral {
    /// A list of dictionaries of lists of texts has three.
    static let depthMax = 8

    /// Lists and tuples become arrays, dictionaries objects; a repeated key keeps its last value,
    /// as in Python. Numbers and Python's names (None, True) do not occur and are refused.
    static func parse(_ text: String) throws(PythonLiteralFault) -> JSONValue {
        var parser = Parser(scalars: Array(text.unicodeScalars))
        let value = try parser.value(depth: 0)
        if let more = parser.next() {
            throw .unexpected(
                offset: parser.offset, expected: "the end instead of \(quoted(String(more)))")
        }
        return value
    }

    private struct Parser {
        let scalars: [Unicode.Scalar]
        private(set) var offset = 0

        init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

        /// The next code point that is no white space; nil at the end.
        mutating func next() -> Unicode.Scalar? {
            while offset < scalars.count, PythonText.isSpace(scalars[offset]) { offset += 1 }
            return offset < scalars.count ? scalars[offset] : nil
        }

        private mutating func take(_ wanted: Unicode.Scalar) -> Bool {
            guard next() == wanted else { return false }
            offset += 1
            return true
        }

        mutating func value(depth: Int) throws(PythonLiteralFault) -> JSONValue {
            guard depth <= depthMax else { throw .tooDeep(offset: offset) }
            if take("[") { return .array(try elements(until: "]", depth: depth + 1)) }
            if take("(") { return .array(try elements(until: ")", depth: depth + 1)) }
            if take("{") { return .object(try members(depth: depth + 1)) }
            return .string(try text())
        }

        private mutating func elements(
            until end: Unicode.Scalar, depth: Int
        ) throws(PythonLiteralFault) -> [JSONValue] {
            var elements: [JSONValue] = []
            while !take(end) {
                elements.append(try value(depth: depth))
                try separator(before: end)
            }
            return elements
        }

        private mutating func members(depth: Int) throws(PythonLiteralFault) -> JSONObject {
            var object = JSONObject()
            while !take("}") {
                _ = next()
                let key = try text()
                guard take(":") else { throw .unexpected(offset: offset, expected: "`:`") }
                object[key] = try value(depth: depth)
                try separator(before: "}")
            }
            return object
        }

        /// A comma, which may stand before the end, or the end, which stays.
        private mutating func separator(
            before end: Unicode.Scalar
        ) throws(PythonLiteralFault) {
            if next() == end || take(",") { return }
            throw .unexpected(offset: offset, expected: "`,` or `\(end)`")
        }

        private mutating func text() throws(PythonLiteralFault) -> String {
            guard offset < scalars.count, scalars[offset] == "'" || scalars[offset] == "\"" else {
                throw .unexpected(offset: offset, expected: "a text in quotes")
            }
            let quote = scalars[offset]
            offset += 1
            var result = String.UnicodeScalarView()
            while offset < scalars.count, scalars[offset] != quote, scalars[offset] != "\n" {
                let scalar = scalars[offset]
                offset += 1
                result.append(scalar == "\\" ? try escape() : scalar)
            }
            guard offset < scalars.count, scalars[offset] == quote else {
                throw .unexpected(offset: offset, expected: "the quote that ends a text")
            }
            offset += 1
            return String(result)
        }

        /// What follows a backslash.
        private mutating func escape() throws(PythonLiteralFault) -> Unicode.Scalar {
            let start = offset - 1
            guard offset < scalars.count else { throw .badEscape(offset: start) }
            let letter = scalars[offset]
            offset += 1
            switch letter {
            case "\\", "'", "\"": return letter
            case "n": return "\n"
            case "r": return "\r"
            case "t": return "\t"
            case "x": return try code(digits: 2, start)
            case "u": return try code(digits: 4, start)
            case "U": return try code(digits: 8, start)
            default: throw .badEscape(offset: start)
            }
        }

        private mutating func code(
            digits: Int, _ start: Int
        ) throws(PythonLiteralFault) -> Unicode.Scalar {
            guard offset + digits <= scalars.count else { throw .badEscape(offset: start) }
            var value: UInt32 = 0
            for scalar in scalars[offset..<offset + digits] {
                guard scalar.isASCII, let digit = Character(scalar).hexDigitValue,
                    value < 1 << 28
                else { throw .badEscape(offset: start) }
                value = value << 4 | UInt32(digit)
            }
            guard let scalar = Unicode.Scalar(value) else { throw .badEscape(offset: start) }
            offset += digits
            return scalar
        }
    }
}
