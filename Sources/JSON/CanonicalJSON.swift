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

    /// The canonical text in UTF-8.
    package var bytes: [UInt8] { Array(text.utf8) }

    /// The canonical text.
    ///
    /// Keys are sorted by the bytes of their UTF-8. Text is taken as it is, without Unicode
    /// normalisation.
    package var text: String {
        var text = ""
        append(to: &text)
        return text
    }

    private func append(to text: inout String) {
        switch self {
        case .string(let string): text += JSONStringStyle.utf8.literal(string)
        case .integer(let value): text += String(value)
        case .bool(let value): text += value ? "true" : "false"
        case .array(let values):
            text += "["
            for (index, value) in values.enumerated() {
                if index > 0 { text += "," }
                value.append(to: &text)
            }
            text += "]"
        case .object(let members):
            text += "{"
            let sorted = members.sorted { ExactString.precedes($0.key, $1.key) }
            for (index, member) in sorted.enumerated() {
                if index > 0 { text += "," }
                text += JSONStringStyle.utf8.literal(member.key) + ":"
                member.value.append(to: &text)
            }
            text += "}"
        }
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
