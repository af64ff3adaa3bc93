// What is said of a calibration set that gives fewer samples than it was asked for.

import DurableIO
import Foundation
import Jobs
import Locations
import Store
import SystemPackage
import TestSupport
import Testing

@testable import Runner

@Suite struct TokeniseStageTests {
    /// - Parameter set: keys of a calibration set.
    private static func warnings(_ file: String, of text: String, _ set: String) throws -> [String]
    {
        let folder = try TemporaryFolder()
        try Data(text.utf8).write(to: folder.url.appending(path: file))
        let manifest = """
            {version: 1, name: j, model: m, calibration: {path: \(file), max_tokens: 16, \(set)},
             compress: [{method: mka, ratios: [0.5]}]}
            """
        let job = try ManifestParser.parse(bytes: Data(manifest.utf8), name: "j")
        let root = FilePath(folder.path)
        let stage = try TokeniseStage(
            #require(job.calibration),
            tokenizer: IdentifiedTokenizer(SideFiles(FilePath(Places.demoModel.path))),
            data: PathScope.anywhere(from: root))
        let cache = StageCache(
            store: try ContentStore(state: root.appending("state")),
            progress: ProgressReporter(listener: { _ in }, stop: {}))
        return try withExtendedLifetime(folder) { try cache.run(stage).warnings }
    }

    private static let lines = (0..<20).map { #"{"text": "the text of line \#($0)"}"# }

    @Test func `a file without another text is taken whole`() throws {
        let text = Self.lines.joined(separator: "\n")
        let set = "dataset: jsonl, samples: 30"
        #expect(
            try Self.warnings("a.jsonl", of: text, set) == [
                "a.jsonl has 20 samples of at most 16 tokens, fewer than the 30 of `samples`; "
                    + "all are taken"
            ])
        #expect(try Self.warnings("a.txt", of: "A word.", "dataset: text, samples: 3").count == 1)
        #expect(try Self.warnings("a.jsonl", of: text, "dataset: jsonl, samples: 9").isEmpty)
    }

    @Test func `a file with other texts than those that turned out empty is not`() throws {
        let begin = #"{"text": "<|begin_of_text|>"}"#
        let text = (Self.lines + Array(repeating: begin, count: 20)).joined(separator: "\n")
        let warnings = try Self.warnings("a.jsonl", of: text, "dataset: jsonl, samples: 12")
        #expect(warnings.count == 2)
        #expect(warnings.first?.contains("empty and left out") == true)
        #expect(warnings.last?.contains("fewer than the 12 of `samples`") == true)
        #expect(warnings.last?.contains("all are taken") == false)
    }
}
