// Aligned folds and learned merge weights in a job, with the built program as a real process.

import Foundation
import TestSupport
import Testing

@Suite("aligned and learned merges in jobs", .serialized)
struct MergeJobTests {
    private struct Report: Decodable {
        struct Stage: Decodable {
            let name: String
            let key: String
            let cache: String
        }
        struct Result: Decodable {
            struct Entry: Decodable {
                struct Source: Decodable { let weight: Double }
                let from: [Source]
            }
            struct Learning: Decodable {
                struct Step: Decodable {
                    let heldBack: Double?

                    enum CodingKeys: String, CodingKey { case heldBack = "held_back" }
                }
                let by: String
                let chosen: Int
                let steps: [Step]
            }
            let plan: [Entry]
            let learning: Learning?
            let evaluations: [Evaluation]
        }
        struct Evaluation: Decodable {
            let value: Double
        }
        let stages: [Stage]
        let results: [Result]
    }

    /// A job on the demo model with one entry of its own.
    private static func make(
        _ compress: String
    ) throws -> (folder: TemporaryFolder, job: String) {
        let (folder, job) = try Workshop.make()
        let text = try String(contentsOfFile: job, encoding: .utf8)
            .replacing("[{method: mka, ratios: [0.125]}]", with: compress)
        try Data(text.utf8).write(to: URL(filePath: job))
        return (folder, job)
    }

    private static func perform(
        _ job: String, in folder: TemporaryFolder, to output: String = "/out"
    ) throws -> (errors: String, report: Report) {
        let outcome = try layerfold(
            "run", job, "--state", folder.path + "/s", "--output", folder.path + output)
        try #require(outcome.status == 0, "\(outcome.errors)")
        let report = URL(filePath: folder.path + output + "/tiny-1/report.json")
        return (
            outcome.errors,
            try JSONDecoder().decode(Report.self, from: try Data(contentsOf: report))
        )
    }

    private static func run(_ compress: String) throws -> (first: Report, second: Report) {
        let (folder, job) = try make(compress)
        let reports = try ["/a", "/b"].map { try perform(job, in: folder, to: $0).report }
        return (reports[0], reports[1])
    }

    @Test("each way of aligning gives a model of its own, and is found done the next time")
    func aligns() throws {
        let ways = ["none", "weights", "activations", "both", "rows"]
        let (first, second) = try Self.run(
            "["
                + ways.map { "{method: mka, ratios: [0.125], align: \($0)}" }
                .joined(separator: ", ") + "]")
        let values = first.results.map { $0.evaluations[0].value }
        #expect(Set(values).count == ways.count, "\(values)")
        #expect(
            first.stages.filter { $0.name == "align" }.map(\.cache)
                == Array(repeating: "miss", count: 4))
        #expect(
            second.stages.filter { $0.name == "align" }.map(\.cache)
                == Array(repeating: "hit", count: 4))
        #expect(second.results.map { $0.evaluations[0].value } == values)
    }

    @Test("weights are learned both ways, with their trace, and found again")
    func learns() throws {
        let (first, second) = try Self.run(
            """
            [{method: mka, ratios: [0.125], align: weights, weights: gradient, steps: 3, batch: 2, \
            learning_rate: 0.1}, {method: mka, ratios: [0.125], weights: bayesian, steps: 4, \
            objective: kl}, {method: mka, ratios: [0.125], weights: gradient, steps: 2, per: tensor}]
            """)
        #expect(first.results.map { $0.learning?.by } == ["gradient", "bayesian", "gradient"])
        #expect(first.results.map { $0.learning?.steps.count } == [4, 5, 3])
        for result in first.results {
            let learning = try #require(result.learning)
            let held = learning.steps.compactMap(\.heldBack)
            #expect(learning.steps[learning.chosen].heldBack == held.min())
            for entry in result.plan {
                #expect(abs(entry.from.reduce(0) { $0 + $1.weight } - 1) < 1e-9)
            }
        }
        #expect(second.stages.filter { $0.name == "learn" }.map(\.cache) == ["hit", "hit", "hit"])
        #expect(
            second.results.map { $0.evaluations[0].value }
                == first.results.map { $0.evaluations[0].value })
    }

    @Test("what belongs to learned weights is refused without them, in words")
    func refuses() throws {
        let (folder, job) = try Workshop.make()
        let text = try String(contentsOfFile: job, encoding: .utf8)
            .replacing("ratios: [0.125]}", with: "ratios: [0.125], steps: 3}")
        try Data(text.utf8).write(to: URL(filePath: job))
        let outcome = try layerfold("run", job, "--state", folder.path + "/s")
        #expect(outcome.status != 0)
        #expect(
            outcome.errors.contains("it is used only with `weights: gradient or bayesian`"),
            "\(outcome.errors)")
    }

    @Test("a fold of too few sequences says so, and that it is neither tuned nor compared")
    func fewSequences() throws {
        let (folder, job) = try Self.make(
            "[{method: fold, select: list, layers: [12], ratios: [0.0625]}]")
        let text = URL(filePath: folder.path + "/demo/calibration.txt")
        try Data(contentsOf: text).prefix(430).write(to: text)
        let errors = try Self.perform(job, in: folder).errors
        #expect(errors.contains("warning: demo/calibration.txt has "))
        #expect(errors.contains("fewer than the 12 of `samples`"))
        #expect(errors.contains("warning: fold: no layers are tuned: one in 8"))
        #expect(errors.contains("warning: fold-r0.0625 is not held against drop, average and"))
        #expect(!errors.contains("KL to the original on sequences held back"))
    }

    @Test("costs of runs that were measured before a kill are not measured again")
    func keepsCosts() throws {
        let (folder, job) = try Self.make("[{method: fold, ratios: [0.0625], tuning_steps: 0}]")
        let first = try Self.perform(job, in: folder, to: "/a")
        #expect(first.errors.contains(#/run-costs +\d+ %  layers 0 to 1/#))
        // What a kill leaves: the parts of the stage, without the stage.
        let key = try #require(first.report.stages.first { $0.name == "run-costs" }?.key)
        let actions = folder.path + "/s/store/act"
        let files = FileManager.default.enumerator(atPath: actions)?.compactMap { $0 as? String }
        let file = try #require(files?.first { $0.contains(key) })
        try FileManager.default.removeItem(atPath: actions + "/" + file)
        let second = try Self.perform(job, in: folder, to: "/b")
        #expect(second.report.stages.first { $0.name == "run-costs" }?.cache == "miss")
        #expect(!second.errors.contains("run-costs    0 %  layers 0 to 1"))
        #expect(second.report.results.map(\.plan.count) == [15])
    }

    @Test("samples asked for beyond those there are make no other search")
    func keysHoldSamples() throws {
        let (folder, job) = try Self.make(
            "[{method: fold, ratios: [0.0625], tuning_steps: 0, search_samples: 96}]")
        let first = try Self.perform(job, in: folder, to: "/a").report
        func cache(_ report: Report) -> [String] {
            report.stages.filter { $0.name == "run-costs" }.map(\.cache)
        }
        #expect(cache(first) == ["miss"])
        func again(_ samples: Int, _ output: String) throws -> [String] {
            let text = try String(contentsOfFile: job, encoding: .utf8)
                .replacing(/search_samples: \d+/, with: "search_samples: \(samples)")
            try Data(text.utf8).write(to: URL(filePath: job))
            return cache(try Self.perform(job, in: folder, to: output).report)
        }
        // Of 12 samples 12 can be taken, and 11 are others.
        #expect(try again(200, "/b") == ["hit"])
        #expect(try again(11, "/c") == ["miss"])
    }

    @Test("ratios of a fold share the layers before their first difference")
    func sharesLayers() throws {
        func run(_ ratios: String) throws -> (errors: String, model: Data) {
            let (folder, job) = try Self.make(
                "[{method: fold, select: list, layers: [2, 9, 12], tuning_steps: 2, "
                    + "ratios: \(ratios)}]")
            let errors = try Self.perform(job, in: folder).errors
            let model = folder.path + "/out/tiny-1/fold-r0.1875/model.safetensors"
            return (errors, try Data(contentsOf: URL(filePath: model)))
        }
        let together = try run("[0.125, 0.1875]")
        let alone = try run("[0.1875]")
        // Of 14 and of 13 layers 1 merges first, and 8 is the last that both have merged with 9.
        for layer in 2...9 {
            #expect(together.errors.contains("layer \(layer): folded before"), "\(layer)")
        }
        #expect(!together.errors.contains("layer 10: folded before"))
        #expect(!alone.errors.contains("folded before"))
        let isSame = together.model == alone.model
        #expect(isSame)
    }

    @Test("folds of other settings begin where the first merge of the one before began")
    func sharesStreams() throws {
        func run(_ settings: [String]) throws -> (errors: String, model: Data) {
            let entries = settings.map {
                "{method: fold, select: list, layers: [12], ratios: [0.0625], \($0)}"
            }
            let (folder, job) = try Self.make("[\(entries.joined(separator: ", "))]")
            let errors = try Self.perform(job, in: folder).errors
            let model = folder.path + "/out/tiny-1/tuned-r0.0625/model.safetensors"
            return (errors, try Data(contentsOf: URL(filePath: model)))
        }
        let tuned = "label: tuned, tuning_steps: 2"
        let together = try run(["tuning_steps: 0", tuned])
        let alone = try run([tuned])
        #expect(together.errors.contains("layer 11: the streams behind it were kept"))
        #expect(!together.errors.contains("folded before"))
        #expect(!alone.errors.contains("were kept"))
        let isSame = together.model == alone.model
        #expect(isSame)
    }
}
