// JSON with exactly one spelling per value, so that its bytes can be hashed: keys sorted, no
// spaces, RFC 8785's string escapes. Fractions are strings, since no two languages print them
// alike.

/// A JSON value without null and without fractions.
package enum CanonicalJSON: Equatable, Sendable {
    case string(String)
    case integer(Int)
    case bool(Bool)
    case array([CanonicalJSON])
    case object([String: CanonicalJSON])

    /// A fraction as a decimal string: the fewest digits that read back as the same value.
    ///
    /// Whole numbers lose their ".0" and minus zero its sign: `8.0` is "8".
    package static func decimal(_ value: Double) -> CanonicalJSON {
        var text = (value == 0 ? 0 : value).description
        if text.hasSuffix(".0") { text.removeLast(2) }
        return .string(text)
    }

    /// The canonical bytes.
    ///
    /// Keys are sorted by the bytes of their UTF-8. Text is taken as it is, without Unicode
    /// normalisation.
    package var bytes: [UInt8] {
        var output: [UInt8] = []
        append(to: &output)
        return output
    }

    /// The canonical bytes as text.
    package var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The SHA-256 of the canonical bytes.
    package var digest: Digest { Digest(of: bytes) }

    private func append(to output: inout [UInt8]) {
        switch self {
        case .string(let text):
            Self.append(text, to: &output)
        case .integer(let value):
            output += Array(String(value).utf8)
        case .bool(let value):
            output += Array((value ? "true" : "false").utf8)
        case .array(let values):
            output.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                value.append(to: &output)
            }
            output.append(UInt8(ascii: "]"))
        case .object(let members):
            output.append(UInt8(ascii: "{"))
            for (index, key) in Self.sortedKeys(members).enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                Self.append(key, to: &output)
                output.append(UInt8(ascii: ":"))
                members[key]?.append(to: &output)
            }
            output.append(UInt8(ascii: "}"))
        }
    }

    static func sortedKeys(_ members: [String: CanonicalJSON]) -> [String] {
        members.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private static func append(_ text: String, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): output += [UInt8(ascii: "\\"), byte]
            case 0x08: output += Array("\\b".utf8)
            case 0x09: output += Array("\\t".utf8)
            case 0x0A: output += Array("\\n".utf8)
            case 0x0C: output += Array("\\f".utf8)
            case 0x0D: output += Array("\\r".utf8)
            case 0..<0x20:
                let digits = Array("0123456789abcdef".utf8)
                output += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: output.append(byte)
            }
        }
        output.append(UInt8(ascii: "\""))
    }
}

// MARK: - Reading values

extension CanonicalJSON {
    /// The member of an object; nil for another kind of value.
    package subscript(key: String) -> CanonicalJSON? {
        if case .object(let members) = self { members[key] } else { nil }
    }

    package var stringValue: String? {
        if case .string(let value) = self { value } else { nil }
    }

    package var integerValue: Int? {
        if case .integer(let value) = self { value } else { nil }
    }

    /// The fraction that `decimal` wrote, or an integer.
    package var decimalValue: Double? {
        switch self {
        case .string(let text): Double(text)
        case .integer(let value): Double(value)
        default: nil
        }
    }

    package var arrayValue: [CanonicalJSON]? {
        if case .array(let values) = self { values } else { nil }
    }

    package var objectValue: [String: CanonicalJSON]? {
        if case .object(let members) = self { members } else { nil }
    }
}

// MARK: - Literals

extension CanonicalJSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int) { self = .integer(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(arrayLiteral elements: CanonicalJSON...) { self = .array(elements) }

    package init(dictionaryLiteral elements: (String, CanonicalJSON)...) {
        self = .object(Dictionary(uniqueKeysWithValues: elements))
    }
}
