// JSON Schema, as far as the API's description needs it (draft 2020-12, which OpenAPI 3.1 takes).

import Jobs

/// What a value in JSON is like.
package struct Schema: Sendable, Equatable {
    package let json: JSONTree

    package init(_ json: JSONTree) { self.json = json }

    package static let text = Schema(["type": "string"])
    package static let flag = Schema(["type": "boolean"])
    package static let number = Schema(["type": "number"])
    package static let integer = Schema(["type": "integer"])
    /// Milliseconds since 1970 UTC.
    package static let time = Schema(
        ["type": "integer", "description": "Milliseconds since 1970 UTC."])
    package static let user = Schema(["type": "integer", "description": "A user number."])
    package static let job = Schema([
        "type": "string", "pattern": "^[0-9A-HJKMNP-TV-Z]{26}$",
        "description": "The identifier of a job.",
    ])

    /// What a job may be called.
    static let jobName = Schema([
        "type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
    ])
    /// A place in the list of jobs.
    static let place = Schema(["type": "string", "pattern": "^[0-3]-[0-9]{1,18}$"])
    /// Of jobs, one or several.
    static let states = {
        let word = "(" + JobState.allCases.map(\.rawValue).joined(separator: "|") + ")"
        return Schema(["type": "string", "pattern": .text("^\(word)(,\(word))*$")])
    }()

    package static func integer(min: Int, max: Int? = nil) -> Schema {
        Schema(
            integer.json.adding(["minimum": .number(min)]).adding(
                max.map { ["maximum": .number($0)] } ?? [:]))
    }

    package static func words(_ words: [String]) -> Schema {
        Schema(["type": "string", "enum": .list(words.map { .text($0) })])
    }

    /// The words of a type that is written by them.
    package static func words<Word: CaseIterable & RawRepresentable<String>>(
        of _: Word.Type
    ) -> Schema {
        words(Word.allCases.map(\.rawValue))
    }

    package static func list(of schema: Schema, max: Int? = nil) -> Schema {
        Schema(
            JSONTree.members(["type": "array", "items": schema.json]).adding(
                max.map { ["maxItems": .number($0)] } ?? [:]))
    }

    /// Names that nobody knows before, each with such a value.
    package static func map(of schema: Schema) -> Schema {
        Schema(["type": "object", "additionalProperties": schema.json])
    }

    /// One of `Schemas.all`.
    package static func named(_ name: String) -> Schema {
        Schema(["$ref": .text("#/components/schemas/\(name)")])
    }

    package static func any(of schemas: [Schema]) -> Schema {
        Schema(["oneOf": .list(schemas.map(\.json))])
    }

    /// - Parameters:
    ///   - isOpen: whether there are others, which parameters of methods name.
    package static func object(
        _ required: [String: Schema], optional: [String: Schema] = [:], isOpen: Bool = false
    ) -> Schema {
        let all = required.merging(optional) { $1 }.mapValues(\.json)
        var members: [String: JSONTree] = ["type": "object", "properties": .members(all)]
        if !required.isEmpty {
            members["required"] = .list(required.keys.sorted().map { .text($0) })
        }
        if isOpen { members["additionalProperties"] = true }
        return Schema(.members(members))
    }

    package func described(_ text: String) -> Schema {
        Schema(json.adding(["description": .text(text)]))
    }
}
