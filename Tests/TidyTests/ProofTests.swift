// docs/RELIABILITY.md and docs/THREATS.md name the tests that prove them: each of them exists, and
// no fault of the list is left out.

import Foundation
import TestSupport
import Testing

@Suite struct ProofTests {
    private static let documents = ["docs/RELIABILITY.md", "docs/THREATS.md"]
    private static let faultCount = 68

    private static func lines(of path: String) throws -> [Substring] {
        try #require(SourceTree.files.first { $0.path == path }, "no \(path)").lines
    }

    /// What stands between backticks, and looks like a proof.
    private static func proofs(in text: Substring) -> [String] {
        let spans = text.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .compactMap { $0.isMultiple(of: 2) ? nil : String($1) }
        return spans.filter { span in
            span.contains(/^[A-Z]\w*Tests\//) || scripts.keys.contains { span.hasPrefix($0) }
        }
    }

    /// The tests of a file, as `Suite/name`.
    private static func tests(in file: SourceFile) -> [String] {
        var (suite, isTest, tests) = (Substring(""), false, [String]())
        for line in file.lines {
            if let first = line.first, first != " ", first != "/" {
                let words = line.split(separator: " ")
                if let keyword = words.firstIndex(where: { Self.types.contains($0) }) {
                    let name = words[keyword...].dropFirst().first ?? ""
                    suite = name.prefix { $0.isLetter || $0.isNumber }
                }
            }
            if line.drop(while: { $0 == " " }).hasPrefix("@Test") { isTest = true }
            if isTest, let found = line.firstMatch(of: /\bfunc (?:`([^`]+)`|(\w+))/) {
                tests.append("\(suite)/\(found.1 ?? found.2 ?? "")")
                isTest = false
            }
        }
        return tests
    }

    private static let types: Set<Substring> = ["struct", "class", "extension"]
    private static let tests = Set(
        SourceTree.swift.filter { $0.isIn("Tests") }.flatMap(tests(in:)))

    /// Beginnings of proofs that are no tests, and how a script has the rest.
    private static let scripts: [String: (path: String, quoted: @Sendable (String) -> String)] = [
        "systemd/boot: ": ("systemd/boot-checks", { $0 + "\"" }),
        "Scripts/faults: ": ("Scripts/faults", { "(\"\($0)\"," }),
    ]

    private static func scriptHas(_ proof: String) throws -> Bool {
        guard let (begin, script) = scripts.first(where: { proof.hasPrefix($0.key) }) else {
            return false
        }
        let text = try String(contentsOf: Places.root.appending(path: script.path), encoding: .utf8)
        return text.contains(script.quoted(String(proof.dropFirst(begin.count))))
    }

    @Test("every test that is named exists", arguments: documents)
    func exist(_ document: String) throws {
        #expect(Self.tests.contains("ProofTests/exist"))
        var count = 0
        for (number, line) in try Self.lines(of: document).enumerated() {
            for proof in Self.proofs(in: line) {
                count += 1
                #expect(
                    try Self.tests.contains(proof) || Self.scriptHas(proof),
                    "\(document):\(number + 1): there is no `\(proof)`")
            }
        }
        #expect(count > 40)
    }

    @Test("every fault of the list has one row, with a proof or the reason why there is none")
    func faults() throws {
        let rows = try Self.lines(of: Self.documents[0]).filter { $0.contains(/^\| \d+ \|/) }
        for (row, number) in zip(rows, 1...) {
            let cells = row.split(separator: "|")
            #expect(row.hasPrefix("| \(number) |") && cells.count == 4, "\(row)")
            let last = cells.last ?? ""
            #expect(
                last.hasPrefix(" not tested: ") || !Self.proofs(in: last).isEmpty, "\(row)")
        }
        #expect(rows.count == Self.faultCount)
    }

    @Test("every threat has a proof")
    func threats() throws {
        let lines = try Self.lines(of: Self.documents[1])
        let tables = lines.split { !$0.hasPrefix("|") }
        let proven = tables.filter { $0.first?.hasSuffix("| proof |") == true }
        #expect(proven.count >= 2)
        for row in proven.flatMap({ $0.dropFirst(2) }) {
            let last = row.split(separator: "|").last ?? ""
            #expect(!Self.proofs(in: last).isEmpty, "\(row)")
        }
    }
}
