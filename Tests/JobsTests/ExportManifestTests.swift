// Exports of manifests: what is read, and that what is written is read again.

import Foundation
import Jobs
import Testing

@Suite struct ExportManifestTests {
    private static func job(_ more: String) throws -> JobDescription {
        let text = "version: 1\nmodel: m\ncompress: [{method: reverse, ratios: [0.5]}]\n" + more
        return try ManifestParser.parse(bytes: Data(text.utf8), name: "x")
    }

    @Test func `each entry is a file beside each model`() throws {
        let job = try Self.job(
            "export: [{format: gguf, type: q8_0}, {format: gguf, type: bf16, original: true}]")
        let exports = try #require(job.export)
        #expect(exports.map(\.includesOriginal) == [false, true])
        #expect(
            exports.map { $0.fileName(of: "fold-r0.25") } == [
                "fold-r0.25-q8_0.gguf", "fold-r0.25-bf16.gguf",
            ])
    }

    @Test func `a description is a manifest again, with exports and without`() throws {
        let job = try Self.job("export: [{format: gguf, type: q4_0}]")
        let json = try job.canonicalJSON()
        #expect(
            String(decoding: json, as: UTF8.self).contains(
                #""export":[{"format":"gguf","original":false,"type":"q4_0"}]"#))
        #expect(try ManifestParser.parse(bytes: json, name: "x") == job)
        #expect(try JSONDecoder().decode(JobDescription.self, from: json) == job)
        let plain = try Self.job("")
        #expect(plain.export == nil)
        #expect(!String(decoding: try plain.canonicalJSON(), as: UTF8.self).contains("export"))
    }
}
