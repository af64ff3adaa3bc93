// Experts of several layers as those of one: routers that are fitted, experts that are chosen.

import Checkpoint
import EngineTestSupport
import Foundation
import Model
import SystemPackage
import TensorMath
import TestSupport
import Testing

@testable import Compression

@Suite struct ExpertsFoldingTests {
    private static func random(
        _ rows: Int, _ columns: Int, _ generator: inout SeededGenerator, size: Float = 1
    ) -> MatrixView {
        MatrixView(
            rows: rows, columns: columns,
            values: (0..<rows * columns).map { _ in Float(2 * generator.uniform() - 1) * size })
    }

    private static func scores(
        _ x: MatrixView, _ weights: MatrixView, _ bias: MatrixView?, _ kind: Routing.Scores
    ) -> MatrixView {
        let result = MatrixView(rows: x.rows, columns: weights.rows)
        result.assignProduct(x, weights, transposingRight: true)
        if let bias { RowKernels.addBias(result, bias) }
        switch kind {
        case .softmax: RowKernels.softmax(result)
        case .sigmoid: RowKernels.activate(result, .sigmoid)
        }
        return result
    }

    @Test(
        "a router is found again from its scores", arguments: [Routing.Scores.softmax, .sigmoid],
        [false, true])
    func router(kind: Routing.Scores, hasBias: Bool) throws {
        var generator = SeededGenerator(seed: 5)
        let x = Self.random(1500, 10, &generator, size: 1.7)
        for experts in [3, 24] {
            let truth = Self.random(experts, 10, &generator)
            let bias = hasBias ? Self.random(1, experts, &generator) : nil
            let wanted = Self.scores(x, truth, bias, kind)
            let start = MatrixView(rows: experts, columns: 10)
            let none = bias.map { MatrixView(rows: 1, columns: $0.columns) }
            let found = try RouterFit(
                scores: kind, product: try MatrixProduct(mode: .float32)
            ).fit(start, bias: none, waves: 3) { wave in
                let rows = wave * 500..<(wave + 1) * 500
                return (x.rows(rows), wanted.rows(rows))
            } tell: {
            }
            #expect((found.bias == nil) == (bias == nil))
            func error(_ weights: MatrixView, _ bias: MatrixView?) -> Double {
                let rest = Self.scores(x, weights, bias, kind)
                rest.subtract(wanted)
                return rest.sumOfSquares
            }
            let (before, after) = (error(start, none), error(found.weights, found.bias))
            #expect(after < 0.1 * before, "\(experts) experts: \(after) after \(before)")
        }
    }

    /// The first two layers of a model as one, on seeded tokens.
    private struct Stretch {
        let model: Model
        let stretch: FoldedStretch
        let task: FoldTask
        let past: OriginalStretch
        let settings: FoldSettings

        init(_ model: Model) throws {
            self.model = model
            let blueprint = model.blueprint
            let batch = PackedSequences(
                ArchitectureFixtures.tokens([Int](repeating: 40, count: 24), of: model))
            let forward = ForwardPass(weights: model.weights, mode: .float32)
            let waves = try batch.waves(limit: 256).map {
                try ForwardPass.Wave($0, batch, blueprint)
            }
            let layers = FoldableLayer.all(of: blueprint)
            stretch = FoldedStretch(0..<2, into: 0, of: layers)
            var settings = FoldSettings()
            settings.ridge = .share(0.01)
            self.settings = settings
            let context = BlockContext(
                product: try MatrixProduct(mode: .float32), weights: model.weights)
            let start = try forward.embed(batch)
            past = OriginalStretch(layers: stretch.layers, start: start, context: context)
            // Behind the first layer's attention, and behind both layers.
            let (stream, target) = (start.copy(), start.copy())
            for wave in waves {
                let states = try past.states(of: wave)
                stream.rows(wave.tokens).assign(states[1])
                target.rows(wave.tokens).assign(states[4])
            }
            task = FoldTask(
                waves: waves, stream: stream, target: target, context: context,
                work: FoldWork(
                    stretch: stretch, settings: settings, blueprint: blueprint,
                    fitted: TokenLoad(batch), held: nil, hasChanged: false)
            ) { _, _ in }
        }

        func fold(_ way: FeedForwardWay) throws -> LayerPatch {
            let places = stretch.mergedFeedForwards
            var patch = LayerPatch()
            try ExpertsFolding(
                layers: places.map { stretch.layers[$0] }, places: places, base: stretch.base,
                way: way, settings: settings, space: .memory, past: past
            ).fold(task, &patch)
            return patch
        }

        /// What is wrong about the stream behind the new layer, as a share of what it lacks before.
        func error(_ patch: LayerPatch) throws -> Double {
            let source = PatchedWeights(model.weights.source)
            source.apply(patch, to: stretch.base.layer)
            let context = BlockContext(
                product: try MatrixProduct(mode: .float32),
                weights: ModelWeights(blueprint: model.blueprint, source: source))
            let stream = task.stream.copy()
            try stretch.base.layer.runFeedForward(
                context.normalised(stream, stretch.base.feedForwardNorm), stream: stream,
                context: context)
            stream.subtract(task.target)
            let lack = task.stream.copy()
            lack.subtract(task.target)
            return stream.sumOfSquares / lack.sumOfSquares
        }
    }

    @Test(
        "experts that stay come nearer than the kept layer by itself, chosen ones than none",
        arguments: ["qwen3_moe-plain", "granitemoe-scaled", "olmoe-clipped", "gpt-oss-odd"],
        [FeedForwardWay.keptExperts, .chosenExperts])
    func nearer(name: String, way: FeedForwardWay) throws {
        let stretch = try Stretch(ArchitectureFixtures.model(name))
        #expect(stretch.stretch.mergedFeedForwards == [0, 1])
        let patch = try stretch.fold(way)
        let (alone, folded) = (try stretch.error(LayerPatch()), try stretch.error(patch))
        // Chosen experts are fewer than both layers', whose sum is the goal: better than nothing.
        let limit = way == .keptExperts ? alone : 1
        #expect(folded < limit, "\(folded), alone \(alone)")
        // Every tensor of the part, in its shape.
        let names = Set(patch.names)
        let base = stretch.stretch.base.layer
        let readers = stretch.stretch.base.feedForwardReaders.map { base.localName($0.tensor) }
        #expect(Set(readers).isSubset(of: names))
        for tensor in base.localTensors where names.contains(tensor.name) {
            let matrix = try #require(patch[tensor.name])
            #expect(matrix.rows * matrix.columns == tensor.shape.reduce(1, *))
        }
    }

    @Test("memory is planned for an expert that takes all tokens, and for the router's Hessian")
    func memory() throws {
        let model = try ArchitectureFixtures.model("qwen3_moe-plain")
        let own = try #require(FoldableLayer.all(of: model.blueprint)[0].experts)
        func planned(_ sequences: Int, _ width: Int) -> Int {
            FoldSettings().expertsByteCount(
                own, tokens: PackedSequences([[Int32]](repeating: [1], count: sequences)),
                of: 2, width)
        }
        // Scores of two layers and those that are wanted, neurons, and who takes a token.
        let (count, inner) = (own.experts.count, own.experts[0].down.inputs)
        let token = 4 * 3 * count + 4 * inner + 16 * own.expertsPerToken
        #expect(planned(7000, 1) - planned(6, 1) >= token * (6125 - 6))
        // In double precision, with what one wave adds to it on its way there.
        #expect(planned(1, 4096) >= (8 + 4 + 4 + 8 + 8) * 4097 * 4097)
    }

    @Test("what experts share is folded as an MLP is")
    func shared() throws {
        let folder = FilePath(Places.fixtures.path).appending("gradients")
        let stretch = try Stretch(Model(try Checkpoint(folder.appending("qwen2_moe"))))
        #expect(stretch.stretch.mergedFeedForwards == [0, 1])
        let shared = try #require(stretch.stretch.base.experts?.shared)
        let patch = try stretch.fold(.keptExperts)
        #expect(patch[stretch.stretch.base.layer.localName(shared.down.tensor)] != nil)
        #expect(try stretch.error(patch) < stretch.error(LayerPatch()))
    }

    @Test("ways are tried where there are experts, and removal first")
    func attempts() throws {
        func attempts(_ name: String, _ range: Range<Int>) throws -> [FoldWork.Attempt] {
            let model = try ArchitectureFixtures.model(name)
            let load = TokenLoad(tokens: 100, pairs: 1000)
            return FoldWork(
                stretch: FoldedStretch(
                    range, into: range.lowerBound, of: FoldableLayer.all(of: model.blueprint)),
                settings: FoldSettings(), blueprint: model.blueprint, fitted: load, held: load,
                hasChanged: false
            ).attempts
        }
        let experts = try attempts("qwen3_moe-plain", 0..<2)
        #expect(
            experts == [
                .asItIs, .fitted(groups: false, .keptExperts),
                .fitted(groups: false, .chosenExperts),
            ])
        #expect(try attempts("qwen3_moe-plain", 0..<1) == [.asItIs])
        #expect(
            try attempts("llama-odd-linear", 0..<2) == [
                .fitted(groups: false, .own), .fitted(groups: true, .own),
            ])
        #expect(
            try attempts("olmo2-bias", 0..<2) == [.asItIs, .fitted(groups: false, .own)])
        #expect(try attempts("gpt-neox-parallel", 0..<2) == [.asItIs])
    }
}
