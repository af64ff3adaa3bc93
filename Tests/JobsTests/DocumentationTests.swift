// docs/JOB_FORMAT.md holds tables of everything that `Catalogue` declares. They are made here, and
// compared with the file; LAYERFOLD_UPDATE_DOCS=1 writes them into it instead.

import Catalogue
import Failures
import Foundation
import Jobs
import Testing

@Suite struct DocumentationTests {
    private static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    private static let file = root.appending(path: "docs/JOB_FORMAT.md")

    @Test func `the reference tells of everything that is offered, and of nothing else`() throws {
        var text = try String(contentsOf: Self.file, encoding: .utf8)
        for (section, table) in Self.tables {
            let begin = "<!-- begin \(section) -->\n"
            let end = "<!-- end \(section) -->"
            let start = try #require(text.range(of: begin), "no section \(section)")
            let stop = try #require(text.range(of: end), "no end of section \(section)")
            text.replaceSubrange(start.upperBound..<stop.lowerBound, with: table)
        }
        if ProcessInfo.processInfo.environment["LAYERFOLD_UPDATE_DOCS"] == "1" {
            try text.write(to: Self.file, atomically: true, encoding: .utf8)
        }
        let found = try String(contentsOf: Self.file, encoding: .utf8)
        #expect(
            found == text,
            "docs/JOB_FORMAT.md is behind Catalogue: run this test with LAYERFOLD_UPDATE_DOCS=1")
    }

    @Test func `every state and failure class is explained`() throws {
        let text = try String(contentsOf: Self.file, encoding: .utf8)
        for state in JobState.allCases { #expect(text.contains("| `\(state.rawValue)` |")) }
        for failure in FailureClass.allCases { #expect(text.contains("| `\(failure.rawValue)` |")) }
    }

    @Test func `the manifests in the reference are good`() throws {
        let text = try String(contentsOf: Self.file, encoding: .utf8)
        let blocks = text.components(separatedBy: "```yaml\n").dropFirst().compactMap {
            $0.components(separatedBy: "```").first
        }
        #expect(blocks.count >= 2)
        for block in blocks {
            _ = try ManifestParser.parse(bytes: Data(block.utf8), name: "example")
        }
    }

    // MARK: Tables

    private static var tables: [(String, String)] {
        [
            (
                "built-in texts",
                Offer.builtInTexts.map { "- `\($0.path)`: \($0.summary)\n" }.joined()
            ),
            ("budgets", budgets),
            ("calibration", table(Offer.calibration)),
            ("datasets", sections(Offer.datasets)),
            ("representations", list(Offer.representations)),
            ("similarities", sections(Offer.similarities) { "*\($0.source)*\n\n`\($0.formula)`" }),
            ("compute", table([Offer.compute])),
            ("compare", table(Offer.compareSets)),
            ("methods", sections(Offer.methods) { "*\($0.source)*\n\n`\($0.formula)`" }),
            (
                "tasks",
                sections(Offer.tasks) {
                    "*\($0.source)*\n\nReports: \($0.metrics.map { "`\($0)`" }.joined(separator: ", "))."
                }
            ),
            ("quantize", table(Offer.quantize)),
            (
                "quantizations",
                sections(Offer.quantizations) { "*\($0.source)*\n\n`\($0.formula)`" }
            ),
            ("exports", sections(Offer.exports) { "*\($0.source)*" }),
            ("output", table(Offer.output)),
            ("priority", table([Offer.priority])),
        ]
    }

    private static var budgets: String {
        "| key | value | what is counted |\n| --- | --- | --- |\n"
            + Budget.Measure.allCases.map {
                "| `\($0.rawValue)` | \($0.expected) | \($0.meaning) |\n"
            }.joined()
    }

    private static func list(_ declarations: [any Declaration]) -> String {
        declarations.map { "- `\($0.name)`: \($0.summary)\n" }.joined()
    }

    private static func sections<Entry: Declaration>(
        _ declarations: [Entry], _ details: (Entry) -> String = { _ in "" }
    ) -> String {
        declarations.map { declaration in
            var text = "#### `\(declaration.name)`\n\n\(declaration.summary)\n"
            let more = details(declaration)
            if !more.isEmpty { text += "\n\(more)\n" }
            if !declaration.parameters.isEmpty { text += "\n" + table(declaration.parameters) }
            return text
        }.joined(separator: "\n")
    }

    private static func table(_ parameters: [ParameterDeclaration]) -> String {
        var text = "| key | value | default | meaning |\n| --- | --- | --- | --- |\n"
        for parameter in parameters {
            var meaning = parameter.meaning
            if let condition = parameter.onlyWith {
                meaning += " Only with `\(condition.words)`."
            }
            let unit = parameter.unit.map { ", \($0)" } ?? ""
            text +=
                "| `\(parameter.name)` | \(kind(parameter.kind))\(unit) "
                + "| \(defaultText(parameter.defaultValue)) | \(meaning) |\n"
        }
        return text
    }

    private static func kind(_ kind: ParameterKind) -> String {
        switch kind {
        case .number(let range): "number, \(plain(range.lowerBound)) to \(plain(range.upperBound))"
        case .numberOrWord(let range, let words):
            "number, \(plain(range.lowerBound)) to \(plain(range.upperBound)), or "
                + words.map { "`\($0)`" }.joined(separator: " \\| ")
        case .integer(let range): "whole number, \(range.lowerBound) to \(range.upperBound)"
        case .oneOf(let numbers): numbers.map { "`\($0)`" }.joined(separator: " \\| ")
        case .integerOrWord(let range, let words):
            "whole number, \(range.lowerBound) to \(range.upperBound), or "
                + words.map { "`\($0)`" }.joined(separator: " \\| ")
        case .choice(let words): words.map { "`\($0)`" }.joined(separator: " \\| ")
        case .flag: "`true` \\| `false`"
        case .text: "text"
        case .path: "path"
        case .textPath: "path or built-in text"
        case .integers(let range, _):
            "list of whole numbers, \(range.lowerBound) to \(range.upperBound)"
        }
    }

    private static func plain(_ number: Double) -> String {
        number == number.rounded() && abs(number) < 1e15 ? "\(Int(number))" : "\(number)"
    }

    private static func defaultText(_ value: ParameterDefault) -> String {
        switch value {
        case .required: "required"
        case .value(.number(let number)): "`\(plain(number))`"
        case .value(let value): "`\(value)`"
        case .sameAs(let other): "as `\(other)`"
        case .absent(let meaning): meaning
        }
    }
}
