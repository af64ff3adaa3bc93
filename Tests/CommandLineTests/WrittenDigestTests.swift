// The digests in a report are those of the files beside it.

import Foundation
import TestSupport
import Testing

@Suite("digests of written models")
struct WrittenDigestTests {
    private struct Report: Decodable {
        struct Result: Decodable {
            struct File: Decodable {
                let name: String
                let bytes: Int
                let sha256: String
            }
            let path: String
            let files: [File]
        }
        let results: [Result]
    }

    @Test("every file of a model in several shards has the digest that sha256sum prints")
    func digests() throws {
        let (folder, job) = try Workshop.make()
        let manifest = """
            {version: 1, name: v, model: demo, compress: [{method: reverse, ratios: [0.5]}],
             output: {shard_bytes: 1048576}}
            """
        try Data(manifest.utf8).write(to: URL(filePath: job))
        let outcome = try layerfold(
            "run", job, "--state", folder.path + "/s", "--output", folder.path + "/out")
        try #require(outcome.status == 0, "\(outcome.errors)")
        let path = URL(filePath: outcome.output.trimmingCharacters(in: .newlines))
        let report = try JSONDecoder().decode(Report.self, from: Data(contentsOf: path))
        let result = try #require(report.results.first)
        let model = path.deletingLastPathComponent().appending(path: result.path)
        #expect(result.files.count { $0.name.hasSuffix(".safetensors") } > 4)
        #expect(
            Set(result.files.map(\.name)).isSubset(of: Workshop.names(model.path)))
        for file in result.files {
            let sum = try shell("sha256sum < '\(model.path)/\(file.name)'").output
            #expect(sum.hasPrefix(file.sha256), "\(file.name)")
        }
    }
}
