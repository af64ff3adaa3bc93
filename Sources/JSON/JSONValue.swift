// A JSON value that keeps what a rewrite must not change: the order of keys and the spelling of
// every number. transformers 5 refuses a config whose 1.0 came back as 1, and report.json shows a
// job in the order its author wrote it.

/// A JSON value (RFC 8259). Numbers are kept as they are spelled.
package enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    // On the heap, so that a list of strings takes no more than its strings.
    indirect case object(JSONObject)

    package static func integer(_ value: Int) -> JSONValue { .number(JSONNumber(value)) }

    /// The shortest decimals that read back as `value`; null for what JSON lacks (NaN,
    /// infinities).
    package static func real(_ value: Double) -> JSONValue {
        value.isFinite ? .number(JSONNumber(token: value.description)) : .null
    }
}

/// A number by its spelling.
package struct JSONNumber: Sendable, Equatable {
    package let token: String

    /// - token: a number of JSON, or one of Python's words.
    init(token: String) { self.token = token }

    package init(_ value: some FixedWidthInteger) { token = String(value) }

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

// MARK: - Reading values

extension JSONValue {
    /// The value under `key`; nil where this is no object or has no such key.
    package subscript(key: String) -> JSONValue? {
        guard case .object(let object) = self else { return nil }
        return object[key]
    }

    package var integer: Int? {
        guard case .number(let number) = self else { return nil }
        return number.integer
    }

    /// nil for Python's Infinity and NaN, and for numbers beyond the range of a double.
    package var finiteDouble: Double? {
        guard case .number(let number) = self, number.double.isFinite else { return nil }
        return number.double
    }

    package var bool: Bool? {
        guard case .bool(let flag) = self else { return nil }
        return flag
    }

    package var string: String? {
        guard case .string(let string) = self else { return nil }
        return string
    }

    /// The elements of an array, if `convert` takes every one.
    package func elements<Element>(_ convert: (JSONValue) -> Element?) -> [Element]? {
        guard case .array(let values) = self else { return nil }
        let converted = values.compactMap(convert)
        return converted.count == values.count ? converted : nil
    }

    /// Neither a list nor an object.
    package var isPlain: Bool {
        switch self {
        case .array, .object: false
        default: true
        }
    }
}

// MARK: - For messages

extension JSONValue {
    /// What it is.
    package var kind: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .number: "a number"
        case .string: "a string"
        case .array: "a list"
        case .object: "an object"
        }
    }

    /// Plain values as they are spelled, lists and objects by their size.
    package var shown: String {
        switch self {
        case .null: "null"
        case .bool(let flag): flag ? "true" : "false"
        case .number(let number): String(number.token.prefix(40))
        case .string(let string): "the string \(quoted(string))"
        case .array(let elements): "a list of \(elements.count)"
        case .object(let object): "an object of \(object.count) members"
        }
    }
}

// MARK: - Literals

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByStringLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(nilLiteral: ()) { self = .null }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(integerLiteral value: Int) { self = .integer(value) }
    package init(floatLiteral value: Double) { self = .real(value) }
    package init(stringLiteral value: String) { self = .string(value) }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(JSONObject(elements))
    }
}
