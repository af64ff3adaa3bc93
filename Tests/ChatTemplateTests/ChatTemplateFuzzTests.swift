// Properties of every template, however damaged: it ends, without a trap, and errors name a place
// within the source.

import ChatTemplate
import JSON
import TestSupport
import Testing

@Suite("chat templates, damaged")
struct ChatTemplateFuzzTests {
    static let words = [
        "{{", "}}", "{%", "%}", "{%-", "-%}", "{#", "#}", " ", "\n", "if", "else", "elif", "endif",
        "for", "in", "endfor", "set", "endset", "macro", "endmacro", "generation", "break", "x",
        "xs", "m", "loop", "(", ")", "[", "]", "{", "}", ",", ".", ":", "|", "=", "==", "+", "-",
        "*", "**", "//", "/", "%", "~", "<", "not", "and", "or", "is", "none", "true", "'a'",
        "\"", "'", "\\", "1", "0", "9223372036854775807", "1.5", "1e999", "range(9)", "upper",
        "map", "'upper'", "tojson", "namespace()", "items()", "defined", "join", "é", "🙂", "\r",
        "recursive", "replace('', 'b')", "[::-1]", "* 99", "split", "(x)", "x = ",
    ]

    @Test("soups of tokens", arguments: 0..<8)
    func soups(seed: Int) {
        var random = SeededBytes(seed: UInt64(seed))
        for _ in 0..<1500 {
            let opening = random.element(of: ["{{ ", "{% if ", "{% for x in ", "{% set x = ", ""])
            let soup = (0..<random.below(24)).map { _ in random.element(of: Self.words) }
            let closing = random.element(of: [" }}", " %}{% endif %}", " %}{% endfor %}", " %}"])
            let spaced = soup.joined(separator: random.below(3) == 0 ? "" : " ")
            check(opening + spaced + closing)
        }
    }

    @Test("damaged templates", arguments: 0..<8)
    func mutations(seed: Int) throws {
        let golden = try ChatTemplateGolden()
        let sources =
            try golden.snippets().map(\.source)
            + golden.list("families").compactMap { $0["source"]?.string }
        var random = SeededBytes(seed: UInt64(100 + seed))
        for _ in 0..<1500 {
            let source = Array(random.element(of: sources).utf8)
            let damaged = Mutation.apply(to: source, words: Self.words, &random)
            check(String(decoding: damaged, as: UTF8.self))
        }
    }

    private func check(_ source: String) {
        let messages = [ChatTemplate.message(role: "user", content: "a {{ b")]
        let list: JSONValue = [1, "a", nil]
        var variables = JSONObject([("x", JSONValue.integer(3)), ("xs", list)])
        variables["m"] = ["items": 1]
        do throws(ChatTemplateError) {
            let text = try ChatTemplate(source: source).render(
                messages: messages, addGenerationPrompt: true, variables: variables,
                date: Rendering.date)
            #expect(text.utf8.count <= 8 << 20)
        } catch {
            switch error {
            case .syntax(let place, _), .unknown(let place, _, _), .evaluation(let place, _):
                #expect(isInside(place, source), "\(source.debugDescription): \(error)")
            case .refused, .sourceTooLarge: break
            default: Issue.record("\(source.debugDescription): \(error)")
            }
            #expect(!error.description.isEmpty)
        }
    }

    /// Whether a line has a column, one behind its last included.
    private func isInside(_ place: TextPlace, _ source: String) -> Bool {
        let unix = source.unicodeScalars.reduce(into: (text: [UInt8](), isAfterReturn: false)) {
            if $1 == "\r" || $1 == "\n" && !$0.isAfterReturn {
                $0.text.append(UInt8(ascii: "\n"))
            } else if $1 != "\n" {
                $0.text += Array(String($1).utf8)
            }
            $0.isAfterReturn = $1 == "\r"
        }
        let lines = unix.text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard lines.indices.contains(place.line - 1) else { return false }
        return (1...lines[place.line - 1].count + 1).contains(place.column)
    }
}
