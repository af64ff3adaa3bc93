// What a route says of itself: for the API's description, and nothing else.

package struct RouteText: Sendable {
    package struct Parameter: Sendable {
        package enum Place: String, Sendable {
            case query, header, path
        }

        let name: String
        let place: Place
        let schema: Schema
        let summary: String
        let isRequired: Bool

        static func query(
            _ name: String, _ schema: Schema, _ summary: String, isRequired: Bool = false
        ) -> Parameter {
            Parameter(
                name: name, place: .query, schema: schema, summary: summary,
                isRequired: isRequired)
        }

        static func header(_ name: String, _ schema: Schema, _ summary: String) -> Parameter {
            Parameter(
                name: name, place: .header, schema: schema, summary: summary, isRequired: false)
        }
    }

    package struct Answer: Sendable {
        let status: Int
        let summary: String
        let schema: Schema
        let type: String

        init(
            _ status: Int, _ summary: String, _ schema: Schema, type: String = "application/json"
        ) {
            self.status = status
            self.summary = summary
            self.schema = schema
            self.type = type
        }
    }

    package struct Body: Sendable {
        let summary: String
        let schema: Schema
        let type: String
        let isRequired: Bool
        /// One that is right; nil where the schema says enough.
        let example: JSONTree?

        static func manifest(_ summary: String) -> Body {
            Body(
                summary: summary, schema: Schemas.manifest, type: "application/yaml",
                isRequired: true, example: exampleManifest)
        }

        /// Names the demo's model: with the folder of the example jobs among the roots it runs.
        static let exampleManifest: JSONTree = [
            "version": 1, "model": "models/demo",
            "calibration": ["dataset": "text", "path": "models/demo/calibration.txt"],
            "compress": [["method": "mka", "ratios": [0.25]]],
        ]

        /// One that may be left out.
        static func json(_ summary: String, _ schema: Schema) -> Body {
            Body(
                summary: summary, schema: schema, type: "application/json", isRequired: false,
                example: nil)
        }
    }

    let summary: String
    let parameters: [Parameter]
    /// Nil where there is none.
    let body: Body?
    let answers: [Answer]

    /// - Parameter answers: of which errors are none; each is an `ErrorDocument`.
    init(
        _ summary: String, parameters: [Parameter] = [], body: Body? = nil, answers: [Answer]
    ) {
        self.summary = summary
        self.parameters = parameters
        self.body = body
        self.answers = answers
    }

    /// Answered with a document of this name.
    init(
        _ summary: String, _ document: String, status: Int = 200, parameters: [Parameter] = [],
        body: Body? = nil
    ) {
        self.init(
            summary, parameters: parameters, body: body,
            answers: [Answer(status, summary, .named(document))])
    }
}
