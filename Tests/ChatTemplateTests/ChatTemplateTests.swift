// Chat templates against Jinja 3.1.6, set up as transformers does (the fixture is made by
// Scripts/make_chat_template_goldens.py).

import ChatTemplate
import Foundation
import JSON
import TestSupport
import Testing

@Suite("chat templates against Jinja")
struct ChatTemplateGoldenTests {
    @Test("every family renders every conversation as Jinja does")
    func families() throws {
        let golden = try ChatTemplateGolden()
        let conversations = try golden.list("conversations")
        let special = try golden.object("special_tokens")
        let families = try golden.list("families")
        #expect(families.count == 11 && conversations.count == 18)
        for family in families {
            let name = try #require(family["name"]?.string)
            let source = try #require(family["source"]?.string)
            let outcomes = try #require(family["outcomes"]?.elements { $0 })
            try #require(outcomes.count == conversations.count)
            for (index, conversation) in conversations.enumerated() {
                var variables = special
                if case .object(let more)? = conversation["variables"] {
                    for (name, value) in more { variables[name] = value }
                }
                let prompt = conversation["prompt"]?.bool
                let rendering = Rendering(
                    source, messages: try #require(conversation["messages"]?.elements { $0 }),
                    tools: conversation["tools"]?.elements { $0 },
                    addGenerationPrompt: prompt == true,
                    variables: variables)
                let expected = try Outcome(outcomes[index])
                #expect(
                    rendering.outcome == expected,
                    "\(name), conversation \(index): \(String(describing: rendering.error))")
            }
        }
    }

    @Test("every snippet gives Jinja's text, or is refused where Jinja fails")
    func snippets() throws {
        let golden = try ChatTemplateGolden()
        let context = try golden.object("context")
        let snippets = try golden.snippets()
        #expect(snippets.count > 700)
        for (source, expected) in snippets {
            let rendering = Rendering(source, variables: context)
            if case .unknown? = rendering.error, Self.refused.contains(source) { continue }
            #expect(
                rendering.outcome == expected,
                "\(source.debugDescription): \(String(describing: rendering.error))")
        }
    }

    /// What Jinja renders and the subset refuses by name.
    static let refused: Set = ["{{ 1.5.real }}"]

    @Test(
        "random templates give Jinja's text or are refused, never another text",
        .enabled(if: ProcessInfo.processInfo.environment["LAYERFOLD_CHAT_TEMPLATES"] != nil))
    func random() throws {
        let path = ProcessInfo.processInfo.environment["LAYERFOLD_CHAT_TEMPLATES"] ?? ""
        let golden = try ChatTemplateGolden(URL(filePath: path))
        let context = try golden.object("context")
        for (source, expected) in try golden.snippets() {
            let rendering = Rendering(source, variables: context)
            if case .unknown? = rendering.error { continue }
            // Jinja leaves undone what nobody looks at, and prints functions: errors here.
            if rendering.error != nil, case .text = expected { continue }
            #expect(
                rendering.outcome == expected,
                "\(source.debugDescription): \(String(describing: rendering.error))")
        }
    }
}
