// The fixture of chat templates, and what a template gives here in the same words.

import ChatTemplate
import Foundation
import JSON
import TestSupport
import Testing

/// What Jinja made of a template.
enum Outcome: Equatable, CustomStringConvertible {
    case text([UInt8])
    /// The template's own `raise_exception`.
    case refused(String)
    case error

    init(_ json: JSONValue) throws {
        if let text = json["text"]?.string {
            self = .text(Array(text.utf8))
        } else if let words = json["refused"]?.string {
            self = .refused(words)
        } else {
            _ = try #require(json["error"]?.string)
            self = .error
        }
    }

    var description: String {
        switch self {
        case .text(let bytes): String(decoding: bytes, as: UTF8.self).debugDescription
        case .refused(let words): "refused: \(words)"
        case .error: "an error"
        }
    }
}

/// One rendering here: the outcome, and the error where there was one.
struct Rendering {
    let outcome: Outcome
    let error: ChatTemplateError?

    static let date = TemplateDate(year: 2024, month: 7, day: 5, hour: 9, minute: 8, second: 7)

    init(
        _ source: String, messages: [JSONValue] = [], tools: [JSONValue]? = nil,
        addGenerationPrompt: Bool = false, variables: JSONObject
    ) {
        do throws(ChatTemplateError) {
            let text = try ChatTemplate(source: source).render(
                messages: messages, tools: tools, addGenerationPrompt: addGenerationPrompt,
                variables: variables, date: Self.date)
            (outcome, error) = (.text(Array(text.utf8)), nil)
        } catch {
            if case .refused(let words) = error {
                outcome = .refused(words)
            } else {
                outcome = .error
            }
            self.error = error
        }
    }
}

struct ChatTemplateGolden {
    let json: JSONValue

    init() throws {
        try self.init(Places.fixtures.appending(path: "chat-template/goldens.json"))
    }

    init(_ file: URL) throws {
        let bytes = Array(try Data(contentsOf: file))
        json = try JSONValue(
            parsing: bytes.span, limits: JSONLimits(bytes: 1 << 28), pythonNumbers: true)
    }

    func list(_ key: String) throws -> [JSONValue] {
        guard case .array(let values)? = json[key] else {
            throw CocoaError(.coderReadCorrupt)
        }
        return values
    }

    func object(_ key: String) throws -> JSONObject {
        guard case .object(let object)? = json[key] else {
            throw CocoaError(.coderReadCorrupt)
        }
        return object
    }

    /// Templates with the outcome that each must have; `messages` are not defined in them.
    func snippets() throws -> [(source: String, outcome: Outcome)] {
        try list("snippets").map {
            (try #require($0["source"]?.string), try Outcome($0))
        }
    }
}
