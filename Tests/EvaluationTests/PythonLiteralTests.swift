// Lists as Python's repr writes them, and what is none.

import Checkpoint
import JSON
import TensorMath
import Testing

@testable import Evaluation

@Suite struct PythonLiteralTests {
    private func strings(_ texts: String...) -> JSONValue { .array(texts.map(JSONValue.string)) }

    @Test("what Python 3 writes with repr is read back")
    func reading() throws {
        // The text is what print(repr(...)) gave for the list below it.
        let text = #"""
            ["it's", 'a "b"', 'both \' and "', '\\ \n \r \t', '\x07\x7f\xa0\u200b\U000e0001é']
            """#
        #expect(
            try PythonLiteral.parse(text)
                == strings(
                    "it's", "a \"b\"", "both ' and \"", "\\ \n \r \t",
                    "\u{07}\u{7F}\u{A0}\u{200B}\u{E0001}é"))
        #expect(try PythonLiteral.parse("[]") == .array([]))
        #expect(try PythonLiteral.parse("()") == .array([]))
        #expect(try PythonLiteral.parse(" ( 'a' , ) ") == strings("a"))
        #expect(
            try PythonLiteral.parse("{'k': ['v'], 'e': {}}")
                == .object(JSONObject([("k", strings("v")), ("e", .object(JSONObject()))])))
    }

    @Test(
        "what is no such literal is refused",
        arguments: [
            "", "[", "['a'", "['a' 'b']", "['a']]", "[1]", "[None]", "'a", "'a\n'", "{'a'}",
            "{'a': }", "['\\z']", "['\\x1']", "['\\u12']", "['\\ud800']", "['\\U00110000']", "[,]",
            "['\\", "a", "{['a']: 'b'}",
        ])
    func refusals(text: String) {
        #expect(throws: PythonLiteralFault.self) { try PythonLiteral.parse(text) }
    }

    @Test("nesting has a limit")
    func nesting() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + "'x'" + String(repeating: "]", count: depth)
        }
        _ = try PythonLiteral.parse(nested(PythonLiteral.depthMax))
        #expect(throws: PythonLiteralFault.self) {
            try PythonLiteral.parse(nested(PythonLiteral.depthMax + 1))
        }
        #expect(throws: PythonLiteralFault.self) { try PythonLiteral.parse(nested(100_000)) }
    }

    @Test("any text of a literal's letters is read or refused, never more")
    func fuzz() {
        var generator = SeededGenerator(seed: 31)
        let letters = Array("[]{}()',\"\\:xuUna0 \né")
        var good = 0
        for _ in 0..<50_000 {
            let count = 1 + generator.sample(1, of: 12)[0]
            let text = String(
                (0..<count).map { _ in letters[generator.sample(1, of: letters.count)[0]] })
            if (try? PythonLiteral.parse(text)) != nil { good += 1 }
        }
        #expect(good > 100)
    }
}
