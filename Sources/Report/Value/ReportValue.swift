// A JSON value (RFC 8259) whose objects keep the order of their members, so that report.json
// shows a job in the order its author wrote it.

/// One JSON value; integers that fit `Int` stay exact.
package enum ReportValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([ReportValue])
    case object([Member])

    /// A key and its value, in the place where the author put them.
    package struct Member: Sendable, Equatable {
        package var key: String
        package var value: ReportValue

        package init(_ key: String, _ value: ReportValue) {
            self.key = key
            self.value = value
        }
    }

    /// The value under `key`; nil where this is no object or has no such key.
    package subscript(key: String) -> ReportValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }

    /// The text of a string value, nil for every other kind.
    package var stringValue: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// What a person would call this kind of value in an error.
    package var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a truth value"
        case .integer: "an integer"
        case .number: "a number"
        case .string: "a string"
        case .array: "a list"
        case .object: "an object"
        }
    }

    var isScalar: Bool {
        switch self {
        case .array, .object: false
        default: true
        }
    }
}

extension ReportValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByStringLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(nilLiteral: ()) { self = .null }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(integerLiteral value: Int) { self = .integer(value) }
    package init(floatLiteral value: Double) { self = .number(value) }
    package init(stringLiteral value: String) { self = .string(value) }
    package init(arrayLiteral elements: ReportValue...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, ReportValue)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }
}

// The coders of this folder take a ReportValue as it is and keep its order. Foreign coders go
// through these two functions; they hand out keys in any order, so keys are sorted then.
extension ReportValue: Codable {
    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .array(let elements):
            var container = encoder.unkeyedContainer()
            for element in elements { try container.encode(element) }
        case .object(let members):
            var container = encoder.container(keyedBy: ReportKey.self)
            for member in members {
                try container.encode(member.value, forKey: ReportKey(member.key))
            }
        default:
            var container = encoder.singleValueContainer()
            switch self {
            case .bool(let value): try container.encode(value)
            case .integer(let value): try container.encode(value)
            case .number(let value): try container.encode(value)
            case .string(let value): try container.encode(value)
            default: try container.encodeNil()
            }
        }
    }

    package init(from decoder: any Decoder) throws {
        if let container = try? decoder.container(keyedBy: ReportKey.self) {
            let keys = container.allKeys.sorted { $0.stringValue < $1.stringValue }
            self = .object(
                try keys.map {
                    Member($0.stringValue, try container.decode(ReportValue.self, forKey: $0))
                })
        } else if var container = try? decoder.unkeyedContainer() {
            var elements: [ReportValue] = []
            while !container.isAtEnd { elements.append(try container.decode(ReportValue.self)) }
            self = .array(elements)
        } else {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .null
            } else if let value = try? container.decode(Bool.self) {
                self = .bool(value)
            } else if let value = try? container.decode(Int.self) {
                self = .integer(value)
            } else if let value = try? container.decode(Double.self) {
                self = .number(value)
            } else {
                self = .string(try container.decode(String.self))
            }
        }
    }
}

/// A coding key made from any name or position.
struct ReportKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(_ name: String) {
        stringValue = name
        intValue = nil
    }

    init(_ index: Int) {
        stringValue = String(index)
        intValue = index
    }

    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { self.init(intValue) }
}
