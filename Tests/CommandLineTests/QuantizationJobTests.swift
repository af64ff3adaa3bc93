// A job that writes its models in fewer bits, with the built program as a real process.

import Foundation
import TestSupport
import Testing

@Suite("models in fewer bits", .serialized)
struct QuantizationJobTests {
    private static func job(_ section: String) throws -> (TemporaryFolder, String) {
        let (folder, job) = try Workshop.make()
        let text = try String(contentsOfFile: job, encoding: .utf8) + "\n" + section
        try Data(text.utf8).write(to: URL(filePath: job))
        return (folder, job)
    }

    private static func run(_ folder: TemporaryFolder, _ job: String) throws -> Outcome {
        try layerfold(
            "run", job, "--state", folder.path + "/s", "--output", folder.path + "/out")
    }

    private static func report(_ folder: TemporaryFolder, _ number: Int = 1) throws -> [String: Any]
    {
        let path = folder.path + "/out/tiny-\(number)/report.json"
        return try #require(
            try JSONSerialization.jsonObject(with: try Data(contentsOf: URL(filePath: path)))
                as? [String: Any])
    }

    @Test func everyModelIsWrittenAndJudged() throws {
        let (folder, job) = try Self.job(
            "quantize: [{method: rtn, original: true}, {method: fp8}]")
        let outcome = try Self.run(folder, job)
        try #require(outcome.status == 0, "\(outcome.errors)")
        let models = try #require(try Self.report(folder)["quantized"] as? [[String: Any]])
        #expect(
            models.map { $0["id"] as? String } == [
                "original-rtn-w4", "mka-r0.125-rtn-w4", "mka-r0.125-fp8",
            ])
        let place = folder.path + "/out/tiny-1/"
        for model in models {
            let id = try #require(model["id"] as? String)
            let figures = try #require(model["evaluations"] as? [[String: Any]])
            #expect(figures.first?["metric"] as? String == "perplexity")
            #expect(
                Workshop.names(place + id) == Workshop.names(place + "mka-r0.125"), "\(id)")
            // Other programs find the same figure in the folder.
            let again = try layerfold(
                "eval", place + id, "--task", "perplexity", "--data",
                folder.path + "/demo/heldout.txt", "--window", "64", "--limit", "128",
                "--compute", "f32", "--json")
            let found = try JSONSerialization.jsonObject(with: Data(again.output.utf8))
            let value = ((found as? [String: Any])?["figures"] as? [[String: Any]])?.first
            #expect(value?["value"] as? Double == figures.first?["value"] as? Double, "\(id)")
        }
        let card = try String(contentsOfFile: place + "mka-r0.125-fp8/README.md", encoding: .utf8)
        #expect(card.contains("compressed-tensors") && card.contains("float-quantized"))
        let page = try String(contentsOfFile: place + "report.html", encoding: .utf8)
        #expect(page.contains("In fewer bits"))
    }

    @Test func waysThatLookAtTokensComputeCodesOnce() throws {
        let (folder, job) = try Self.job(
            "quantize: [{method: gptq, original: true}, {method: awq}, {method: smoothquant}]")
        let first = try Self.run(folder, job)
        try #require(first.status == 0, "\(first.errors)")
        let models = try #require(try Self.report(folder)["quantized"] as? [[String: Any]])
        #expect(
            models.map { $0["id"] as? String } == [
                "original-gptq-w4", "mka-r0.125-gptq-w4", "mka-r0.125-awq-w4",
                "mka-r0.125-smoothquant",
            ])
        #expect(models.map { $0["scheme"] as? String } == ["W4A16", "W4A16", "W4A16", "W8A8"])
        try #require(try Self.run(folder, job).status == 0)
        func codes(_ number: Int) throws -> [String?] {
            let stages = try #require(try Self.report(folder, number)["stages"] as? [[String: Any]])
            return stages.filter { $0["name"] as? String == "codes" }.map {
                $0["cache"] as? String
            }
        }
        #expect(try codes(1) == ["miss", "miss", "miss", "miss"])
        #expect(try codes(2) == ["hit", "hit", "hit", "hit"])
        let again = try #require(try Self.report(folder, 2)["quantized"] as? [[String: Any]])
        // What the codes took is part of what a model took, also when they were there already.
        let stages = try #require(try Self.report(folder)["stages"] as? [[String: Any]])
        let took = stages.filter { $0["name"] as? String == "codes" }
            .compactMap { $0["seconds"] as? Double }
        #expect(took.count == 4 && took.allSatisfy { $0 > 0 })
        for models in [models, again] {
            let whole = models.compactMap { $0["seconds"] as? Double }
            #expect(zip(whole, took).allSatisfy { $0 >= 0.99 * $1 }, "\(whole) of \(took)")
        }
        func digests(_ models: [[String: Any]]) -> [String] {
            models.flatMap { ($0["files"] as? [[String: Any]] ?? []) }
                .compactMap { $0["sha256"] as? String }
        }
        #expect(!digests(models).isEmpty && digests(again) == digests(models))
    }

    @Test("without `compress` the original alone is written in fewer bits, judged, and exported")
    func originalAlone() throws {
        let (folder, job) = try Self.job("")
        let lines = try String(contentsOfFile: job, encoding: .utf8).split(separator: "\n")
        let text = lines.filter { !$0.hasPrefix("compress") }.joined(separator: "\n")
        let section = """

            quantize: [{method: gptq, original: true}]
            export: [{format: gguf, type: q8_0, original: true}]
            """
        try Data((text + section).utf8).write(to: URL(filePath: job))
        let outcome = try Self.run(folder, job)
        try #require(outcome.status == 0, "\(outcome.errors)")
        let report = try Self.report(folder)
        #expect((report["results"] as? [Any])?.isEmpty == true)
        let model = try #require((report["quantized"] as? [[String: Any]])?.first)
        #expect(model["id"] as? String == "original-gptq-w4")
        let figures = try #require(model["evaluations"] as? [[String: Any]])
        #expect(figures.first?["original"] is Double && figures.first?["value"] is Double)
        let names = Workshop.names(folder.path + "/out/tiny-1")
        #expect(names.contains("original-q8_0.gguf"), "\(names)")
        let page = try String(
            contentsOfFile: folder.path + "/out/tiny-1/report.html", encoding: .utf8)
        #expect(page.contains("Nothing was folded"))
    }

    @Test func anotherEntryComputesNothingElse() throws {
        let (folder, job) = try Self.job("quantize: [{method: fp8}]")
        try #require(try Self.run(folder, job).status == 0)
        let text = try String(contentsOfFile: job, encoding: .utf8)
        try Data(
            text.replacing("{method: fp8}", with: "{method: fp8}, {method: rtn, bits: 8}").utf8
        )
        .write(to: URL(filePath: job))
        let outcome = try Self.run(folder, job)
        try #require(outcome.status == 0, "\(outcome.errors)")
        let stages = try #require(try Self.report(folder, 2)["stages"] as? [[String: Any]])
        // The files of the model are new, so that its digest is not relied upon.
        let computed = stages.filter {
            $0["cache"] as? String == "miss" && $0["name"] as? String != "digest"
        }.compactMap {
            ($0["detail"] as? String).map { $0.prefix { $0 != ":" } }
        }
        // Files are made anew for each job, and one figure is new.
        #expect(
            computed.filter { $0.hasSuffix("rtn-w8") }.count == 2
                && computed.count { $0 == "mka-r0.125-fp8" } == 1
                && computed.count { $0 == "mka-r0.125" } == 1 && computed.count == 4,
            "\(computed)")
    }

    @Test func whatDoesNotFitIsToldBeforeAnythingIsComputed() throws {
        let (folder, job) = try Self.job("quantize: [{method: rtn, group: 100}]")
        let outcome = try Self.run(folder, job)
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("groups of 100 do not divide"), "\(outcome.errors)")
        #expect(!outcome.errors.contains("activations"))
    }

    @Test func quantisedModelsAreInspectedAndMayBeFolded() throws {
        let (folder, job) = try Self.job("quantize: [{method: rtn}]")
        try #require(try Self.run(folder, job).status == 0)
        let model = folder.path + "/out/tiny-1/mka-r0.125-rtn-w4"
        let inspected = try layerfold("inspect", model)
        #expect(inspected.status == 0 && inspected.output.contains("W4A16, groups of"))
        // As numbers: CodedFoldTests writes such results.
        let planned = try layerfold(
            "fold", model, "--method", "reverse", "--remove", "1", "--dry-run", "--state",
            folder.path + "/state", "--output", folder.path + "/folded")
        #expect(planned.status == 0, "\(planned.errors)")
    }
}
