// JSON that is put together rather than read: what the API's description is made of.

package enum JSONTree: Sendable, Equatable {
    case text(String)
    case number(Int)
    case fraction(Double)
    case flag(Bool)
    case list([JSONTree])
    case members([String: JSONTree])

    /// With the members of another over its own; anything else stays as it is.
    func adding(_ others: [String: JSONTree]) -> JSONTree {
        guard case .members(let own) = self else { return self }
        return .members(own.merging(others) { $1 })
    }
}

extension JSONTree: Encodable {
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let text): try container.encode(text)
        case .number(let number): try container.encode(number)
        case .fraction(let number): try container.encode(number)
        case .flag(let flag): try container.encode(flag)
        case .list(let list): try container.encode(list)
        case .members(let members): try container.encode(members)
        }
    }
}

extension JSONTree: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    package init(stringLiteral text: String) { self = .text(text) }
    package init(integerLiteral number: Int) { self = .number(number) }
    package init(floatLiteral number: Double) { self = .fraction(number) }
    package init(booleanLiteral flag: Bool) { self = .flag(flag) }
    package init(arrayLiteral list: JSONTree...) { self = .list(list) }
    package init(dictionaryLiteral members: (String, JSONTree)...) {
        self = .members(Dictionary(members) { $1 })
    }
}
