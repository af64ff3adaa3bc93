// A JSON text as a tree that can be changed and written back: key order and the spelling of every
// number survive. transformers 5 refuses a config whose 1.0 came back as 1.

import OrderedCollections

/// A JSON value. Numbers are kept as they are spelled.
package indirect enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    package static func integer(_ value: Int) -> JSONValue { .number(JSONNumber(value)) }

    /// What it is, for messages.
    package var kind: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .number: "a number"
        case .string: "a text"
        case .array: "a list"
        case .object: "an object"
        }
    }
}

/// A number by its spelling.
package struct JSONNumber: Sendable, Equatable {
    package let token: String

    /// - token: checked by the parser.
    init(token: String) { self.token = token }

    package init(_ value: Int) { token = String(value) }

    /// The value, where it is spelled as a whole number that fits.
    package var integer: Int? { JSONScanner.isWholeNumber(token) ? Int(token) : nil }

    /// The nearest double; infinity for Python's `Infinity` and for what lies beyond the range.
    package var double: Double {
        switch token {
        case "NaN": .nan
        case "Infinity": .infinity
        case "-Infinity": -.infinity
        default: Double(token) ?? .nan
        }
    }
}

/// An object whose keys keep their order, compared byte by byte.
package struct JSONObject: Sendable, Equatable {
    private var members: OrderedDictionary<ExactString, JSONValue> = [:]

    package init() {}

    package init(_ members: [(String, JSONValue)]) {
        for (key, value) in members { self[key] = value }
    }

    package var keys: [String] { members.keys.map(\.string) }
    package var count: Int { members.count }

    /// Setting replaces the value in its place, or appends the key; nil removes it.
    package subscript(key: String) -> JSONValue? {
        get { members[ExactString(key)] }
        set { members[ExactString(key)] = newValue }
    }
}

/// Parsing and writing of whole documents.
package enum JSONDocument {
    /// A config.json is a few kilobytes; one with a token table in it, some hundreds.
    package static let byteLimit = 4 << 20
    package static let depthLimit = 64

    /// Parses one value with nothing but white space around it. Python's `NaN`, `Infinity` and
    /// `-Infinity` are read as numbers, because Python writes them into configs.
    ///
    /// - Parameter byteLimit: of the whole; lines of data may be longer than configs.
    package static func parse(
        _ bytes: Span<UInt8>, byteLimit: Int = byteLimit
    ) throws(JSONFault) -> JSONValue {
        guard bytes.count <= byteLimit else {
            throw .tooLarge(byteCount: bytes.count, limit: byteLimit)
        }
        var parser = JSONTreeParser(byteLimit: byteLimit)
        return try parser.parse(bytes)
    }

    package static func parse(_ text: String) throws(JSONFault) -> JSONValue {
        try parse(Array(text.utf8).span)
    }

    /// The text as Python's `json.dumps(value, indent=2)` gives it, ASCII only, and a line end.
    package static func text(_ value: JSONValue) -> String {
        var writer = JSONTreeWriter()
        writer.write(value, indent: 0)
        return writer.text + "\n"
    }
}

private struct JSONTreeParser {
    private var scanner = JSONScanner()
    private let byteLimit: Int

    init(byteLimit: Int) { self.byteLimit = byteLimit }

    mutating func parse(_ bytes: Span<UInt8>) throws(JSONFault) -> JSONValue {
        let value = try value(bytes, depth: 0)
        guard scanner.isAtEnd(bytes) else {
            throw .unexpected(
                byte: bytes[scanner.offset], offset: scanner.offset, expected: "the end")
        }
        return value
    }

    private mutating func value(
        _ bytes: Span<UInt8>, depth: Int
    ) throws(JSONFault) -> JSONValue {
        let first = try scanner.next(bytes)
        switch first {
        case UInt8(ascii: "{"): return .object(try object(bytes, depth: depth + 1))
        case UInt8(ascii: "["): return .array(try array(bytes, depth: depth + 1))
        case UInt8(ascii: "\""):
            return .string(try scanner.string(bytes, byteLimit: byteLimit))
        case UInt8(ascii: "t"): return try word("true", .bool(true), bytes)
        case UInt8(ascii: "f"): return try word("false", .bool(false), bytes)
        case UInt8(ascii: "n"): return try word("null", .null, bytes)
        case UInt8(ascii: "N"): return try word("NaN", .number(JSONNumber(token: "NaN")), bytes)
        case UInt8(ascii: "I"):
            return try word("Infinity", .number(JSONNumber(token: "Infinity")), bytes)
        case UInt8(ascii: "-") where followedByInfinity(bytes):
            return try word("-Infinity", .number(JSONNumber(token: "-Infinity")), bytes)
        case _ where JSONScanner.beginsNumber(first):
            return .number(JSONNumber(token: try scanner.number(bytes)))
        default:
            throw .unexpected(byte: first, offset: scanner.offset, expected: "a value")
        }
    }

    private func followedByInfinity(_ bytes: Span<UInt8>) -> Bool {
        scanner.offset + 1 < bytes.count && bytes[scanner.offset + 1] == UInt8(ascii: "I")
    }

    private mutating func word(
        _ word: StaticString, _ value: JSONValue, _ bytes: Span<UInt8>
    ) throws(JSONFault) -> JSONValue {
        try scanner.word(word, bytes)
        return value
    }

    private mutating func object(
        _ bytes: Span<UInt8>, depth: Int
    ) throws(JSONFault) -> JSONObject {
        try requireDepth(depth)
        try scanner.consume("{", bytes)
        var object = JSONObject()
        if try scanner.consumeIf("}", bytes) { return object }
        repeat {
            _ = try scanner.next(bytes)
            let offset = scanner.offset
            let key = try scanner.string(bytes, byteLimit: byteLimit)
            try scanner.consume(":", bytes)
            guard object[key] == nil else { throw .repeatedKey(key, offset: offset) }
            object[key] = try value(bytes, depth: depth)
        } while try scanner.continues(until: "}", bytes)
        return object
    }

    private mutating func array(
        _ bytes: Span<UInt8>, depth: Int
    ) throws(JSONFault) -> [JSONValue] {
        try requireDepth(depth)
        try scanner.consume("[", bytes)
        var elements: [JSONValue] = []
        if try scanner.consumeIf("]", bytes) { return elements }
        repeat {
            elements.append(try value(bytes, depth: depth))
        } while try scanner.continues(until: "]", bytes)
        return elements
    }

    private func requireDepth(_ depth: Int) throws(JSONFault) {
        guard depth <= JSONDocument.depthLimit else {
            throw .tooDeep(offset: scanner.offset, limit: JSONDocument.depthLimit)
        }
    }
}

private struct JSONTreeWriter {
    private(set) var text = ""

    mutating func write(_ value: JSONValue, indent: Int) {
        switch value {
        case .null: text += "null"
        case .bool(let flag): text += flag ? "true" : "false"
        case .number(let number): text += number.token
        case .string(let string): text += JSONStrings.asciiString(string)
        case .array(let elements):
            guard !elements.isEmpty else { return text += "[]" }
            for (index, element) in elements.enumerated() {
                text += index == 0 ? "[" : ","
                newLine(indent + 2)
                write(element, indent: indent + 2)
            }
            newLine(indent)
            text += "]"
        case .object(let object):
            let keys = object.keys
            guard !keys.isEmpty else { return text += "{}" }
            for (index, key) in keys.enumerated() {
                text += index == 0 ? "{" : ","
                newLine(indent + 2)
                text += JSONStrings.asciiString(key) + ": "
                write(object[key] ?? .null, indent: indent + 2)
            }
            newLine(indent)
            text += "}"
        }
    }

    private mutating func newLine(_ indent: Int) {
        text += "\n" + String(repeating: " ", count: indent)
    }
}
