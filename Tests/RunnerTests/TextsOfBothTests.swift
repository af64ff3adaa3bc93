// A job that is judged by what it was calibrated on is told so.

import Foundation
import Jobs
import Locations
import SystemPackage
import TestSupport
import Testing

@testable import Runner

@Suite struct TextsOfBothTests {
    @Test func `the same file is found however it is written, in a mixture too`() throws {
        let folder = try TemporaryFolder()
        for name in ["a.txt", "b.txt"] {
            try Data("text".utf8).write(to: folder.url.appending(path: name))
        }
        let scope = PathScope.anywhere(from: FilePath(folder.path))
        func both(_ calibration: String) throws -> [String] {
            let manifest = """
                {version: 1, name: j, model: m, calibration: \(calibration),
                 compress: [{method: mka, ratios: [0.5]}],
                 evaluate: [{task: perplexity, path: a.txt}, {task: divergence, path: b.txt},
                            {task: divergence, path: "layerfold:heldout.txt"}]}
                """
            return try ManifestParser.parse(bytes: Data(manifest.utf8), name: "j")
                .textsOfBoth(scope)
        }
        #expect(try both("{dataset: text, path: a.txt}") == ["perplexity on a.txt"])
        #expect(try both("{dataset: text, path: ./b.txt}") == ["divergence on b.txt"])
        #expect(try both("{dataset: self}").isEmpty)
        #expect(try both(#"{dataset: jsonl, path: "layerfold:calibration.jsonl"}"#).isEmpty)
        #expect(
            try both(
                "{dataset: mixture, parts: [{share: 0.5, dataset: text, path: a.txt}, "
                    + #"{share: 0.5, dataset: text, path: "layerfold:heldout.txt"}]}"#)
                == ["perplexity on a.txt", "divergence on layerfold:heldout.txt"])
    }
}
