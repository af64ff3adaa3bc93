// The value of a declared parameter, as manifests, action keys and reports carry it.

/// A parameter's value. In JSON it is the bare value: `0.5`, `8`, `"paper"`, `true`, `[0, 1]`.
package enum ParameterValue: Sendable, Hashable {
    case number(Double)
    case integer(Int)
    case flag(Bool)
    case text(String)
    case integers([Int])

    /// The value as a number; integers count as numbers.
    package var number: Double? {
        switch self {
        case .number(let value): value
        case .integer(let value): Double(value)
        default: nil
        }
    }

    package var integer: Int? {
        if case .integer(let value) = self { value } else { nil }
    }

    package var flag: Bool? {
        if case .flag(let value) = self { value } else { nil }
    }

    package var text: String? {
        if case .text(let value) = self { value } else { nil }
    }

    package var integers: [Int]? {
        if case .integers(let value) = self { value } else { nil }
    }
}

extension ParameterValue: Codable {
    /// Reads a bare JSON value. A whole number comes out as `.integer`, an empty list as no
    /// integers; `ParameterDeclaration.typed` restores what JSON cannot tell apart.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let value = try? container.decode(Bool.self) {
            self = .flag(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else {
            self = .integers(try container.decode([Int].self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .number(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .flag(let value): try container.encode(value)
        case .text(let value): try container.encode(value)
        case .integers(let value): try container.encode(value)
        }
    }
}

extension ParameterValue: CustomStringConvertible {
    package var description: String {
        switch self {
        case .number(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .flag(let value): "\(value)"
        case .text(let value): value
        case .integers(let value): "\(value)"
        }
    }
}
