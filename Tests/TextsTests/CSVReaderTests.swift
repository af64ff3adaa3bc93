// Comma-separated values: RFC 4180, and where real files stray from it.

import TensorMath
import Testing
import Texts

@Suite struct CSVReaderTests {
    static func fields(_ text: String) throws -> [[String]] {
        try parseCSV(text, file: "a.csv").map(\.fields)
    }

    @Test(
        "fields, quotes and line ends",
        arguments: [
            ("", []), ("\n\n", []), ("a", [["a"]]), ("a,b\n", [["a", "b"]]),
            ("a,b\r\nc,d\r\n", [["a", "b"], ["c", "d"]]), (",", [["", ""]]),
            ("a,,\n", [["a", "", ""]]), ("\"a,b\",c", [["a,b", "c"]]),
            ("\"say \"\"hi\"\"\",x", [["say \"hi\"", "x"]]), ("\"\"", [[""]]),
            ("\"\"\"\"", [["\""]]), ("\"a\nb\",c\n", [["a\nb", "c"]]),
            ("\"a\r\nb\"\r\nc", [["a\r\nb"], ["c"]]), ("a\n\nb\n", [["a"], ["b"]]),
            ("\u{FEFF}a,b", [["a", "b"]]), ("\u{FEFF}\"a\",b", [["a", "b"]]),
            ("é,日本,🙂", [["é", "日本", "🙂"]]), ("a b , c", [["a b ", " c"]]),
            ("5\" disk,x", [["5\" disk", "x"]]), ("a\rb", [["a\rb"]]),
        ] as [(String, [[String]])])
    func parses(text: String, expected: [[String]]) throws {
        #expect(try Self.fields(text) == expected)
    }

    @Test("records know the line they start on")
    func lines() throws {
        let records = try parseCSV("a\n\"b\nc\nd\",e\n\nf\r\n\"g\"\n", file: "a.csv")
        #expect(records.map(\.line) == [1, 2, 6, 7])
    }

    @Test(
        "an open quote is told by the line it starts on",
        arguments: [
            ("a,b\n\"c\nd\n", 2), ("\"", 1), ("\n\n\"a\"\"", 3), ("a\n\"b\",\"c", 2),
        ])
    func openQuote(text: String, line: Int) {
        #expect(throws: CSVError.openQuote(file: "a.csv", line: line)) { try Self.fields(text) }
    }

    @Test(
        "text after a closing quote is told by its line",
        arguments: [
            ("\"a\"b", 1), ("x\n\"a\nb\" c\n", 3), ("\"a\" \"b\"", 1), ("\"\"a\"", 1),
        ])
    func textAfterQuote(text: String, line: Int) {
        #expect(throws: CSVError.textAfterQuote(file: "a.csv", line: line)) {
            try Self.fields(text)
        }
    }

    @Test("whatever is written comes back, and no text crashes the reader")
    func roundTrip() throws {
        var generator = SeededGenerator(seed: 21)
        let alphabet = Array("ab,\"\n\r é\u{2028}")
        func word() -> String {
            String(
                (0..<generator.index(below: 7)).map { _ in
                    alphabet[generator.index(below: alphabet.count)]
                })
        }
        for _ in 0..<2000 {
            let records = (0..<1 + generator.index(below: 4)).map { _ in
                (0..<1 + generator.index(below: 5)).map { _ in word() }
            }
            let text = records.map { fields in
                fields.map { "\"" + $0.replacing("\"", with: "\"\"") + "\"" }
                    .joined(separator: ",")
            }.joined(separator: "\n")
            #expect(try Self.fields(text) == records)
            // Anything at all: either records or one of the two errors.
            _ = try? Self.fields(word() + word() + word())
        }
    }
}
