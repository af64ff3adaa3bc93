// A validator for the part of JSON Schema that the API's description uses, and no more: a word that
// it does not know is a fault of the schema.

import Foundation

/// JSON as it was read.
indirect enum Tree: Decodable, Equatable {
    case flag(Bool)
    case integer(Int)
    case number(Double)
    case text(String)
    case list([Tree])
    case members([String: Tree])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let flag = try? container.decode(Bool.self) {
            self = .flag(flag)
        } else if let integer = try? container.decode(Int.self) {
            self = .integer(integer)
        } else if let number = try? container.decode(Double.self) {
            self = .number(number)
        } else if let text = try? container.decode(String.self) {
            self = .text(text)
        } else if let list = try? container.decode([Tree].self) {
            self = .list(list)
        } else {
            self = .members(try container.decode([String: Tree].self))
        }
    }

    init(_ bytes: some Sequence<UInt8>) throws {
        self = try JSONDecoder().decode(Tree.self, from: Data(bytes))
    }

    subscript(name: String) -> Tree? { members?[name] }

    var members: [String: Tree]? {
        if case .members(let members) = self { members } else { nil }
    }

    var list: [Tree]? { if case .list(let list) = self { list } else { nil } }

    var text: String? { if case .text(let text) = self { text } else { nil } }

    var flag: Bool? { if case .flag(let flag) = self { flag } else { nil } }

    var integer: Int? { if case .integer(let integer) = self { integer } else { nil } }

    /// All names that are referred to.
    var references: Set<String> {
        if let list { return list.reduce(into: []) { $0.formUnion($1.references) } }
        var found: Set<String> = []
        for (name, member) in members ?? [:] {
            if name == "$ref", let text = member.text { found.insert(Self.last(text)) }
            found.formUnion(member.references)
        }
        return found
    }

    static func last(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? ""
    }
}

struct SchemaCheck {
    /// By name, as `$ref` has them.
    let schemas: [String: Tree]

    private static let known: Set<String> = [
        "type", "enum", "properties", "required", "additionalProperties", "items", "maxItems",
        "minimum", "maximum", "pattern", "description", "$ref", "oneOf",
    ]

    /// Why a value is not as its schema says, each with its place; empty where it is.
    func faults(_ value: Tree, _ schema: Tree, at place: String = "$") -> [String] {
        let words = Set((schema.members ?? ["no schema": value]).keys)
        let unknown = words.subtracting(Self.known).sorted()
        guard unknown.isEmpty else { return ["\(place): unknown words \(unknown)"] }
        if let reference = schema["$ref"]?.text {
            guard let target = schemas[Tree.last(reference)] else {
                return ["\(place): no schema \(reference)"]
            }
            return faults(value, target, at: place)
        }
        if let choices = schema["oneOf"]?.list {
            let tries = choices.map { faults(value, $0, at: place) }
            let fits = tries.count { $0.isEmpty }
            return fits == 1 ? [] : ["\(place): fits \(fits) of \(choices.count): \(tries)"]
        }
        guard let type = schema["type"]?.text else { return [] }
        switch (type, value) {
        case ("object", .members(let members)): return object(members, schema, place)
        case ("array", .list(let list)): return array(list, schema, place)
        case ("string", .text(let text)): return self.text(text, schema, place)
        case ("boolean", .flag): return []
        case ("integer", .integer(let number)), ("number", .integer(let number)):
            return self.number(number, schema, place)
        case ("number", .number): return []
        default: return ["\(place): no \(type)"]
        }
    }

    /// A property that no schema has is a fault unless it says that there may be others: a reader
    /// of the description would not know of it.
    private func object(
        _ members: [String: Tree], _ schema: Tree, _ place: String
    ) -> [String] {
        let properties = schema["properties"]?.members ?? [:]
        let others = schema["additionalProperties"]
        var found: [String] = []
        for name in (schema["required"]?.list ?? []).compactMap(\.text)
        where members[name] == nil {
            found.append("\(place): `\(name)` is missing")
        }
        for (name, member) in members {
            let inner = "\(place).\(name)"
            if let property = properties[name] {
                found += faults(member, property, at: inner)
            } else if let others, others.members != nil {
                found += faults(member, others, at: inner)
            } else if others != .flag(true) {
                found.append("\(inner): is not in the schema")
            }
        }
        return found
    }

    private func array(_ list: [Tree], _ schema: Tree, _ place: String) -> [String] {
        if let most = schema["maxItems"]?.integer, list.count > most {
            return ["\(place): \(list.count) items"]
        }
        guard let items = schema["items"] else { return [] }
        var found: [String] = []
        for (index, item) in list.enumerated() {
            found += faults(item, items, at: "\(place)[\(index)]")
        }
        return found
    }

    private func text(_ text: String, _ schema: Tree, _ place: String) -> [String] {
        if let words = schema["enum"]?.list, !words.contains(.text(text)) {
            return ["\(place): `\(text)` is none of the words"]
        }
        if let pattern = schema["pattern"]?.text {
            guard let rule = try? Regex(pattern) else { return ["\(place): no pattern"] }
            if text.firstMatch(of: rule) == nil { return ["\(place): `\(text)` is no \(pattern)"] }
        }
        return []
    }

    private func number(_ number: Int, _ schema: Tree, _ place: String) -> [String] {
        if let least = schema["minimum"]?.integer, number < least { return ["\(place): small"] }
        if let most = schema["maximum"]?.integer, number > most { return ["\(place): large"] }
        return []
    }

    // MARK: What is there

    /// Names of properties that a schema declares, in it and in what stands inside it; what it
    /// refers to by name has samples of its own.
    static func properties(_ schema: Tree) -> Set<String> {
        var found: Set<String> = []
        for (name, property) in schema["properties"]?.members ?? [:] {
            found.insert(name)
            found.formUnion(properties(property))
        }
        if let items = schema["items"] { found.formUnion(properties(items)) }
        return found
    }

    /// All names of members in a value.
    static func names(_ value: Tree) -> Set<String> {
        if let list = value.list { return list.reduce(into: []) { $0.formUnion(names($1)) } }
        var found: Set<String> = []
        for (name, member) in value.members ?? [:] {
            found.insert(name)
            found.formUnion(names(member))
        }
        return found
    }
}
