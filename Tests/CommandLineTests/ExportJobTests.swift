// GGUF files of a job and of `layerfold export`, as real processes.

import Foundation
import TestSupport
import Testing

@Suite("models for other programs", .serialized)
struct ExportJobTests {
    private struct Report: Decodable {
        struct Export: Decodable {
            let type: String
            let path: String
            let bytes: Int
            let sha256: String
        }
        struct Result: Decodable {
            let path: String
            let exports: [Export]
        }
        struct Stage: Decodable {
            let name: String
            let cache: String
            let detail: String
        }
        let results: [Result]
        let exports: [Export]?
        let stages: [Stage]
    }

    private static func report(_ outcome: Outcome) throws -> (folder: String, report: Report) {
        try #require(outcome.status == 0, "\(outcome.errors)")
        let path = URL(filePath: outcome.output.trimmingCharacters(in: .newlines))
        let report = try JSONDecoder().decode(Report.self, from: Data(contentsOf: path))
        return (path.deletingLastPathComponent().path, report)
    }

    private static let compress = "compress: [{method: reverse, ratios: [0.25]}]"

    @Test("every model is written once more, with the digest that sha256sum prints")
    func job() throws {
        let (folder, job) = try Workshop.make()
        func run(_ export: String) throws -> (folder: String, report: Report) {
            try Data(
                "{version: 1, name: t, model: demo, \(Self.compress), export: [\(export)]}".utf8
            ).write(to: URL(filePath: job))
            return try Self.report(
                try layerfold(
                    "run", job, "--state", folder.path + "/s", "--output", folder.path + "/o"))
        }
        let (results, report) = try run("{format: gguf, type: q8_0, original: true}")
        let all = report.results.flatMap(\.exports) + (report.exports ?? [])
        #expect(all.map(\.path) == ["reverse-r0.25-q8_0.gguf", "original-q8_0.gguf"])
        for export in all {
            let file = "\(results)/\(export.path)"
            #expect(try shell("sha256sum < '\(file)'").output.hasPrefix(export.sha256))
            let size = try FileManager.default.attributesOfItem(atPath: file)[.size]
            #expect(size as? Int == export.bytes)
        }
        #expect(all[0].bytes < all[1].bytes)
        #expect(
            Set(all.map(\.path)).union(report.results.map(\.path))
                .isSubset(of: Workshop.names(results)))
        let card = try String(
            contentsOfFile: "\(results)/reverse-r0.25/README.md", encoding: .utf8)
        #expect(card.contains("llama-cli -m ../reverse-r0.25-q8_0.gguf"))
        #expect(!Workshop.names("\(results)/reverse-r0.25").contains { $0.hasSuffix("gguf") })

        // Another entry computes nothing but the files; a model that was copied just now is hashed
        // anew.
        let again = try run("{format: gguf, type: q4_0}").report
        let computed = again.stages.filter { $0.cache == "miss" && $0.name != "digest" }
        #expect(computed.map(\.name) == ["merge", "export"])
    }

    @Test("the same model gives the same bytes, from a job and from the verb")
    func verb() throws {
        let folder = try TemporaryFolder()
        for name in ["a", "b"] {
            let outcome = try layerfold(
                "export", Workshop.demo, "--type", "q4_0", "-o", "\(folder.path)/\(name).gguf")
            #expect(outcome.status == 0, "\(outcome.errors)")
        }
        #expect(try shell("cmp '\(folder.path)/a.gguf' '\(folder.path)/b.gguf'").status == 0)
        let taken = try layerfold("export", Workshop.demo, "-o", "\(folder.path)/a.gguf")
        #expect(taken.status == 4 && taken.errors.contains("not replaced"))
        let unknown = try layerfold(
            "export", Workshop.demo, "--type", "q5_0", "-o", "\(folder.path)/c.gguf")
        #expect(unknown.status == 2 && unknown.errors.contains("q8_0"))
        #expect(Workshop.names(folder.path) == ["a.gguf", "b.gguf"])
    }

    @Test("what cannot be exported is refused before anything is computed")
    func refused() throws {
        let (folder, job) = try Workshop.make()
        let file = URL(filePath: folder.path + "/demo/tokenizer.json")
        let text = try String(contentsOf: file, encoding: .utf8)
        try Data(text.replacing("\\\\p{N}{1,3}", with: "\\\\p{N}{1,4}").utf8).write(to: file)
        try Data(
            """
            {version: 1, name: t, model: demo, \(Self.compress),
             export: [{format: gguf, type: q8_0}]}
            """.utf8
        ).write(to: URL(filePath: job))
        let outcome = try layerfold(
            "run", job, "--state", folder.path + "/s", "--output", folder.path + "/o")
        #expect(outcome.status != 0)
        #expect(outcome.errors.contains("no name for the way its pre-tokenizer cuts texts"))
        #expect(outcome.errors.contains("take the entry out of `export`"))
        let verb = try layerfold(
            "export", folder.path + "/demo", "-o", folder.path + "/x.gguf")
        #expect(verb.status == 4)
        #expect(!Workshop.names(folder.path).contains("x.gguf"))
    }

    @Test("a plan counts the files and their time")
    func plan() throws {
        let (folder, job) = try Workshop.make()
        try Data(
            """
            {version: 1, name: t, model: demo, \(Self.compress),
             export: [{format: gguf, type: f16, original: true}]}
            """.utf8
        ).write(to: URL(filePath: job))
        let outcome = try layerfold("plan", job, "--state", folder.path + "/s", "--json")
        #expect(outcome.status == 0, "\(outcome.errors)")
        let lines = outcome.output.components(separatedBy: "\n")
        #expect(lines.count { $0.contains("\"export\"") } == 2, "\(outcome.output)")
    }
}
