// The API as an OpenAPI 3.1 document, made of what its routes say of themselves. Pure.

package enum APIDescription {
    /// A route as far as it can be described.
    struct Entry: Sendable {
        let method: String
        /// Segments; those that begin with a colon stand for something.
        let path: [String]
        let text: RouteText?
    }

    /// The document. Routes that say nothing of themselves are left out.
    /// - Parameter version: the program's.
    static func document(_ entries: [Entry], version: String) -> JSONTree {
        var paths: [String: [String: JSONTree]] = [:]
        for entry in entries {
            guard let text = entry.text else { continue }
            paths[path(entry), default: [:]][entry.method.lowercased()] = operation(entry, text)
        }
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "Layerfold", "version": .text(version),
                "summary": "Jobs of a Layerfold server, and what becomes of them.",
                "license": ["name": "See LICENSE of the sources."],
            ],
            "paths": .members(paths.mapValues { .members($0) }),
            // Over the unix socket the kernel says who asks, behind a proxy its header.
            "security": [[:], ["token": .list([])]],
            "components": [
                "schemas": .members(Schemas.all.mapValues(\.json)),
                "securitySchemes": [
                    "token": [
                        "type": "http", "scheme": "bearer",
                        "description": "Of `layerfold token new`; needed over TCP.",
                    ]
                ],
            ],
        ]
    }

    static func path(_ entry: Entry) -> String {
        "/"
            + entry.path.map { $0.hasPrefix(":") ? "{\($0.dropFirst())}" : $0 }
            .joined(separator: "/")
    }

    /// What stands in a path for these words.
    private static let meanings = [
        ":id": "A job.", ":token": "The `id` of a token, and not what lets its owner in.",
    ]

    private static func operation(_ entry: Entry, _ text: RouteText) -> JSONTree {
        let named = entry.path.filter { $0.hasPrefix(":") }.map {
            RouteText.Parameter(
                name: String($0.dropFirst()), place: .path,
                schema: $0 == ":id" ? .job : .text, summary: meanings[$0] ?? "",
                isRequired: true)
        }
        var answers: [String: JSONTree] = [
            "default": answer("What went wrong.", "application/json", .named("ErrorDocument"))
        ]
        for one in text.answers {
            answers["\(one.status)"] = answer(one.summary, one.type, one.schema)
        }
        var members: [String: JSONTree] = [
            "summary": .text(text.summary), "operationId": .text(identifier(entry)),
            "responses": .members(answers),
        ]
        let parameters = named + text.parameters
        if !parameters.isEmpty { members["parameters"] = .list(parameters.map(parameter)) }
        if let body = text.body {
            members["requestBody"] = [
                "description": .text(body.summary), "required": .flag(body.isRequired),
                "content": .members([
                    body.type: JSONTree.members(["schema": body.schema.json]).adding(
                        body.example.map { ["example": $0] } ?? [:])
                ]),
            ]
        }
        return .members(members)
    }

    private static func answer(_ summary: String, _ type: String, _ schema: Schema) -> JSONTree {
        [
            "description": .text(summary),
            "content": .members([type: ["schema": schema.json]]),
        ]
    }

    private static func parameter(_ parameter: RouteText.Parameter) -> JSONTree {
        [
            "name": .text(parameter.name), "in": .text(parameter.place.rawValue),
            "required": .flag(parameter.isRequired), "schema": parameter.schema.json,
            "description": .text(parameter.summary),
        ]
    }

    /// `get_v1_jobs_id_log`.
    private static func identifier(_ entry: Entry) -> String {
        ([entry.method.lowercased()] + entry.path).joined(separator: "_").map {
            $0.isASCII && ($0.isLetter || $0.isNumber) ? String($0) : "_"
        }.joined().replacing("__", with: "_")
    }
}
