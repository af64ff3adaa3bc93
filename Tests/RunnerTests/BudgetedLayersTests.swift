// Where layers differ in what they take, which ones a method removes decides how many.

import Checkpoint
import Compression
import Foundation
import Jobs
import Locations
import Report
import Store
import SystemPackage
import TensorMath
import TestSupport
import Testing

@testable import Runner

@Suite struct BudgetedLayersTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        let demo = try Checkpoint(FilePath(Places.demoModel.path))
        try FileManager.default.createDirectory(
            atPath: folder.path + "/wide", withIntermediateDirectories: true)
        _ = try CheckpointWriter(folder: FilePath(folder.path + "/wide")).write(
            try Self.widened(demo), config: demo.config, companionsOf: demo)
    }

    /// The tensors of a model, those of every other layer in twice as many bytes.
    private static func widened(_ model: Checkpoint) throws -> [OutputTensor] {
        var tensors: [OutputTensor] = []
        for name in model.tensorNames {
            let tensor = try model.tensor(name)
            let layer = name.split(separator: ".").dropFirst(2).first.flatMap { Int($0) }
            guard let layer, !layer.isMultiple(of: 2) else {
                tensors.append(.copy(tensor, as: name))
                continue
            }
            let values = try tensor.floats()
            tensors.append(
                .produce(name, .f32, tensor.shape) { try $0.write(floats: values.span) })
        }
        return tensors
    }

    private func runner(_ compress: String) throws -> JobRunner {
        let results = folder.path + "/results"
        try FileManager.default.createDirectory(
            atPath: results, withIntermediateDirectories: true)
        let texts = Places.demoModel.path
        let manifest = """
            version: 1
            model: wide
            calibration:
              {dataset: text, path: \(texts)/calibration.txt, samples: 12, max_tokens: 16}
            analysis: {compute: f32}
            compress: [\(compress)]
            """
        let base = FilePath(folder.path)
        return JobRunner(
            try ManifestParser.parse(bytes: Data(manifest.utf8), name: "budget"),
            setting: JobSetting(
                store: try ContentStore(state: base.appending("state")),
                models: ModelLocator(from: base), data: .anywhere(from: base),
                results: FilePath(results)),
            progress: ProgressReporter(listener: { _ in }, stop: {}))
    }

    private static func weightBytes(_ result: RunReport.Result) -> Int {
        result.files.filter { $0.name.hasSuffix(".safetensors") }.reduce(0) { $0 + $1.bytes }
    }

    @Test(
        "one layer less is too much, and the forecast lists what is run",
        arguments: ["mka, pairs: any", "shortgpt", "reverse", "angular"])
    func fewest(method: String) throws {
        let asked = "{method: \(method), size: 0.7}"
        let planned = try runner(asked).forecast().stages.filter { !$0.isCached }.map(\.name)
        let report = try runner(asked).run()
        let run = report.stages.filter { $0.cache == .miss && $0.name != "digest" }.map(\.name)
        let result = report.results[0]
        // Written by the same writer, so that it is what the budget is a share of.
        let original = try Data(
            contentsOf: URL(filePath: folder.path + "/wide/model.safetensors")
        ).count
        #expect(Double(Self.weightBytes(result)) <= 0.7 * Double(original))
        // Which layers go is not known before; how often it is planned, not either.
        #expect(planned.filter { $0 != "plan" } == run.filter { $0 != "plan" })
        let more = Double(16 - result.layers - 1) / 16
        let larger = try runner("{method: \(method), ratios: [\(more)]}").run().results[0]
        #expect(larger.layers == result.layers + 1)
        #expect(Double(Self.weightBytes(larger)) > 0.7 * Double(original))
        // What goes by budget is what goes by that ratio.
        let exact = Double(16 - result.layers) / 16
        let same = try runner("{method: \(method), ratios: [\(exact)]}").run().results[0]
        #expect(same.plan == result.plan && same.files == result.files)
    }

    @Test("fewer layers or narrower MLPs: the mix of least cost, which config.json and report say")
    func narrower() throws {
        let asked = "{method: fold, narrow: true, tuning_steps: 0, parameters: 0.8}"
        let report = try runner(asked).run()
        let result = report.results[0]
        let original = report.model.parameters
        #expect(Double(result.parameters) <= 0.8 * Double(original))
        let written = try Checkpoint(
            FilePath(folder.path).appending("results").appending(result.path))
        let width = try written.config.integer("intermediate_size")
        let narrowing = try #require(result.mlpWidth)
        #expect(narrowing.neurons == width && narrowing.original == 704)
        // All but the embedding, which is the head as well, and the last norm.
        let (left, all) = (result.parameters - 4097 * 256, original - 4097 * 256)
        let share = try #require(narrowing.layersShare)
        #expect(abs(share - Double(left) / Double(all)) < 1e-9)
        #expect(width.isMultiple(of: 128) && 2 * width >= 704 && width < 704)
        // The model is the one of all mixes that costs least.
        let mixes = try #require(result.mixes)
        let best = mixes.min { $0.layersCost + $0.narrowingCost < $1.layersCost + $1.narrowingCost }
        #expect(best?.layers == result.layers && best?.neurons == width)
        #expect(mixes.count > 1 && mixes.last?.neurons == 704)
        #expect(mixes.map(\.layers) == mixes.map(\.layers).sorted(by: >))
        // At most a layer's worth is given away, or a step of all widths.
        #expect(Double(result.parameters) > 0.6 * Double(original))
        let widths = Set(mixes.map(\.neurons)).subtracting([704])
        #expect(report.stages.count { $0.name == "narrow-costs" } == min(3, widths.count))
        #expect(result.rivals?.allSatisfy { $0.heldBack.isFinite } ?? true)
        // Once more all of it comes from the cache, and that is foreseen: what the mix was chosen
        // by is known.
        let foreseen = try runner(asked).forecast().stages
        for name in ["narrow-costs", "run-costs", "weights", "guard"] {
            let stages = foreseen.filter { $0.name == name }
            #expect(!stages.isEmpty && stages.allSatisfy(\.isCached), "\(name)")
        }
        let again = try runner(asked).run()
        #expect(again.results[0].files == result.files)
        let missed = again.stages.filter { $0.cache == .miss }.map(\.name)
        #expect(Set(missed).isDisjoint(with: ["narrow-costs", "run-costs", "weights", "guard"]))
    }

    @Test("a model that cannot be narrowed is told before anything is computed")
    func refused() throws {
        let olmoe = Places.fixtures.appending(path: "arch/olmoe-clipped").path
        try FileManager.default.removeItem(atPath: folder.path + "/wide")
        try FileManager.default.copyItem(atPath: olmoe, toPath: folder.path + "/wide")
        let runner = try runner("{method: fold, narrow: true, size: 0.7}")
        #expect(throws: NarrowingError.layer(0, what: "has experts")) { try runner.run() }
    }
}
