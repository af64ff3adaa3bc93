// What a manifest says of models in fewer bits, and what their folders are called.

import Catalogue
import Foundation
import Jobs
import Testing

@Suite struct QuantizationTests {
    private func job(_ section: String) throws -> JobDescription {
        let text = """
            version: 1
            model: m
            compress: [{method: reverse, ratios: [0.5]}]
            \(section)
            """
        return try ManifestParser.parse(bytes: Data(text.utf8), name: "j")
    }

    @Test func `defaults are filled in, and read back from JSON`() throws {
        let job = try job("quantize: [{method: rtn}, {method: fp8, original: true, label: small}]")
        let entries = try #require(job.quantize)
        #expect(entries[0].parameters["bits"] == .integer(4))
        #expect(entries[0].parameters["group"] == .text("auto") && !entries[0].original)
        #expect(entries[1].original && entries[1].label == "small")
        let json = try job.canonicalJSON()
        #expect(try JSONDecoder().decode(JobDescription.self, from: json) == job)
        #expect(try ManifestParser.parse(bytes: json, name: "j") == job)
    }

    @Test func `a job of the original alone is read back from JSON`() throws {
        let text = """
            version: 1
            model: m
            quantize: [{method: rtn, original: true}]
            export: [{format: gguf, type: q8_0, original: true}]
            evaluate: [{task: generation}]
            """
        let job = try ManifestParser.parse(bytes: Data(text.utf8), name: "j")
        #expect(job.compress.isEmpty && job.evaluate.count == 1)
        #expect(try ManifestParser.parse(bytes: job.canonicalJSON(), name: "j") == job)
    }

    @Test func `a job that quantises nothing does not mention it`() throws {
        let json = try job("").canonicalJSON()
        #expect(!String(decoding: json, as: UTF8.self).contains("quantize"))
        #expect(try JSONDecoder().decode(JobDescription.self, from: json).quantize == nil)
    }

    @Test func `folders are called by what tells entries apart`() throws {
        let job = try job(
            """
            quantize:
            - {method: rtn}
            - {method: rtn, group: 64}
            - {method: rtn, bits: 8, group: channel}
            - {method: fp8}
            - {method: rtn, group: 32, label: fp8}
            """)
        #expect(
            job.quantizationNames == ["rtn-w4", "rtn-w4-g64", "rtn-w8-channel", "fp8", "fp8-2"])
    }

    @Test func `ways that look at tokens say what they do where nothing is said`() throws {
        let entries = try job(
            """
            calibration: {dataset: text, path: t.txt}
            quantize: [{method: gptq}, {method: awq, bits: 8}, {method: smoothquant}]
            """)
        let parameters = try #require(entries.quantize).map(\.parameters)
        #expect(parameters[0]["damping"] == .number(0.01))
        #expect(parameters[0]["order"] == .text("activation"))
        #expect(parameters[1]["clip"] == .flag(true))
        #expect(parameters[2]["strength"] == .number(0.5))
        #expect(entries.quantizationNames == ["gptq-w4", "awq-w8", "smoothquant"])
    }
}
