// `fold` where every MLP gets narrower: what is kept is the best of it, and any loader takes it.

import Checkpoint
import EngineTestSupport
import Model
import TensorMath
import TestSupport
import Testing

@testable import Compression

@Suite struct NarrowingTests {
    static func settings(_ width: Int) -> FoldSettings {
        var settings = ModelFoldingTests.quick
        settings.mlpWidth = width
        return settings
    }

    /// Of models whose weights are not rounded.
    private static let exact = [
        "llama-odd-linear", "phi3-longrope-partial", "gpt2-bare-names", "gpt-neox-sequential",
        "granite-scaled", "hunyuan_v1_dense-alpha",
    ]

    @Test("with all its neurons a layer does what it did", arguments: exact)
    func allNeurons(name: String) throws {
        let model = try ArchitectureFixtures.model(name)
        let width = try model.blueprint.narrowableWidth()
        let batch = ModelFoldingTests.batch(model, sequences: 16)
        let layers = model.blueprint.layers
        let patch = try ModelFoldingTests.fold(
            model, keeping: Array(layers.indices), batch, Self.settings(width))
        #expect(patch.layers.count == layers.count)
        func stream(_ patch: WeightPatch) throws -> [Float] {
            let source = PatchedWeights(model.weights.source)
            source.apply(patch, to: layers)
            return try ForwardPass(
                weights: ModelWeights(blueprint: model.blueprint, source: source), mode: .float32
            ).run(batch, observer: SilentObserver()).values()
        }
        #expect(try relativeError(stream(patch), stream(WeightPatch())) < 1e-3)
    }

    @Test("the refit is nearer to the layer on its own tokens than removal of the same neurons")
    func refit() throws {
        let model = try ModelFoldingTests.demo()
        let layer = model.blueprint.layers[0]
        guard case .mlp(let mlp) = layer.feedForward, let norm = layer.feedForwardNorm,
            let gate = mlp.gate
        else { throw ModelFault() }
        var settings = Self.settings(384)
        // The layer reads what it read: its rows can be found again.
        settings.inputs = false
        let batch = ModelFoldingTests.demoBatch()
        func weights(_ layer: LayerBlueprint, _ patch: LayerPatch) -> ModelWeights {
            var blueprint = model.blueprint
            blueprint.layers = [layer]
            let source = PatchedWeights(model.weights.source)
            source.apply(patch, to: layer)
            return ModelWeights(blueprint: blueprint, source: source)
        }
        let original = weights(layer, LayerPatch())
        let found = try WeightPatch { give in
            try ModelFolding(original, mode: .float32, batch: batch, settings: settings)
                .run(keeping: [0], observer: SilentObserver(), give: give)
        }[0]
        // Which neurons they are.
        let rows = try original.projection(gate).floats()
        RowKernels.multiply(
            rows, gain: try original.vector(norm.tensor), gainOffset: norm.gainOffset)
        let places = Dictionary(
            (0..<rows.rows).map { (rows.row($0), $0) }, uniquingKeysWith: { first, _ in first })
        let gates = try #require(found[layer.localName(gate.tensor)])
        let chosen = (0..<gates.rows).compactMap { places[gates.row($0)] }
        #expect(chosen.count == 384 && chosen == Set(chosen).sorted())
        // Their own rows of the down projection, and no others.
        let name = layer.localName(mlp.down.tensor)
        let whole = try original.projection(mlp.down).floats()
        let columns = MatrixView(rows: whole.rows, columns: chosen.count)
        for (place, neuron) in chosen.enumerated() {
            columns.columns(place..<place + 1).assign(whole.columns(neuron..<neuron + 1))
        }
        var removed = found
        removed[name] = columns
        let fitted = settings.split(batch).fitted
        func stream(_ weights: ModelWeights) throws -> MatrixView {
            try ForwardPass(weights: weights, mode: .float32).run(
                fitted, observer: SilentObserver())
        }
        let wanted = try stream(original)
        let errors = try [found, removed].map { patch in
            let error = try stream(weights(layer.narrowed(to: 384), patch))
            error.subtract(wanted)
            return error.sumOfSquares
        }
        #expect(errors[0] < errors[1], "\(errors)")
    }

    @Test(
        "families whose MLPs can be narrowed are written with the width, and read; others say why",
        arguments: ArchitectureFixtures.names)
    func families(name: String) throws {
        let model = try ArchitectureFixtures.model(name)
        let layers = model.blueprint.layers
        let full: Int
        do { full = try model.blueprint.narrowableWidth() } catch {
            #expect(error.description.contains("layer "))
            let hasPlainMLPs = layers.allSatisfy {
                if case .mlp = $0.feedForward { !$0.isParallel } else { false }
            }
            #expect(!hasPlainMLPs || layers.contains { $0.feedForwardNorm?.isCentred == true })
            return
        }
        let width = full * 3 / 4
        let batch = ModelFoldingTests.batch(model, sequences: 16)
        var plan = FoldPlan.keeping(Array(layers.indices), of: layers.count)
        plan.mlpWidth = width
        let folded = try FoldedCheckpoint(
            model: model, plan: plan,
            computed: try ModelFoldingTests.fold(
                model, keeping: Array(layers.indices), batch, Self.settings(width)))
        let scratch = try CheckpointScratch()
        _ = try folded.write(to: scratch.path, shardByteLimit: nil, observer: SilentObserver())
        let written = try Checkpoint(scratch.path)
        #expect(try folded.verify(written) <= 1)
        // Shapes are held against config.json here.
        let result = try Model(written)
        #expect(
            result.blueprint.layers.flatMap(\.perceptrons).map(\.neuronCount).allSatisfy {
                $0 == width
            })
        #expect(try result.parameterCount == folded.parameterCount())
        #expect(result.parameterCount < model.parameterCount)
        let stream = try ForwardPass(weights: result.weights, mode: .float32).run(
            batch, observer: SilentObserver())
        #expect(stream.values().allSatisfy { $0.isFinite })
    }

    @Test("layers go and MLPs get narrower together; the model is held against others of its size")
    func together() throws {
        let model = try ModelFoldingTests.demo()
        let kept = (0..<16).filter { $0 != 3 }
        let (batch, settings) = (ModelFoldingTests.demoBatch(), Self.settings(512))
        let patch = try ModelFoldingTests.fold(model, keeping: kept, batch, settings)
        #expect(patch.layers.count == 15)
        var plan = FoldPlan.keeping(kept, of: 16)
        plan.mlpWidth = 512
        let scratch = try CheckpointScratch()
        _ = try FoldedCheckpoint(model: model, plan: plan, computed: patch).write(
            to: scratch.path, shardByteLimit: nil, observer: SilentObserver())
        let result = try Model(try Checkpoint(scratch.path))
        #expect(result.checkpoint.config.text.contains("\"intermediate_size\": 512,"))
        #expect(result.blueprint.layers.count == 15)
        let rivals = try #require(
            FoldRivals(model.weights, mode: .float32, batch: batch, settings: settings))
        let found = try rivals.compare(keeping: kept, folded: patch, observer: SilentObserver())
        #expect(found.map(\.name) == ["fold", "drop", "average", "replaceme"])
        #expect(found.allSatisfy { $0.divergence > 0 && $0.divergence < 100 })
        // What was written is what was judged.
        let held = try #require(settings.split(batch).held)
        let judge = try FoldJudge(model.weights, mode: .float32, batch: held)
        let end = try ForwardPass(weights: result.weights, mode: .float32).run(
            held, observer: SilentObserver())
        let divergence = try judge.divergence(
            of: end, followedBy: [], observer: SilentObserver())
        #expect(abs(divergence - found[0].divergence) < 1e-3 * divergence)
        // Of 737,792 parameters a layer has 467,456 with half its neurons: 16 weigh as 10 do.
        func removed(_ kept: [Int], _ width: Int?) -> Int {
            FoldRivals.removed(model.blueprint, keeping: kept, mlpWidth: width)
        }
        #expect(removed(Array(0..<16), 352) == 6)
        #expect(removed(kept, nil) == 1 && removed(kept, 704) == 1)
    }

    @Test("what may be worse than removal is tried beside the kept layer narrowed alone")
    func attempts() throws {
        func attempts(
            _ name: String, _ range: Range<Int>, held: Bool = true
        ) throws -> [FoldWork.Attempt] {
            let model = try ArchitectureFixtures.model(name)
            let load = TokenLoad(tokens: 100, pairs: 1000)
            return FoldWork(
                stretch: FoldedStretch(
                    range, into: range.lowerBound, of: FoldableLayer.all(of: model.blueprint),
                    mlpWidth: 9),
                settings: FoldSettings(), blueprint: model.blueprint, fitted: load,
                held: held ? load : nil, hasChanged: false
            ).attempts
        }
        let (own, alone) = (
            FoldWork.Attempt.fitted(groups: false, .own),
            FoldWork.Attempt.fitted(groups: false, .alone)
        )
        #expect(try attempts("olmo2-bias", 0..<2) == [alone, own])
        #expect(try attempts("olmo2-bias", 0..<2, held: false) == [alone])
        #expect(try attempts("olmo2-bias", 0..<1) == [own])
        #expect(try attempts("olmo2-bias", 0..<1, held: false) == [own])
        #expect(
            try attempts("llama-odd-linear", 0..<2) == [own, .fitted(groups: true, .own)])
        #expect(try attempts("llama-odd-linear", 0..<1) == [own])
        let model = try ArchitectureFixtures.model("olmo2-bias")
        let patch = try ModelFoldingTests.fold(
            model, keeping: Array(model.blueprint.layers.indices.dropLast()),
            ModelFoldingTests.batch(model, sequences: 16), Self.settings(9))
        #expect(patch.layers.count == model.blueprint.layers.count - 1)
    }

    @Test("layers that a narrowed one does not merge, for want of a judge, are told")
    func removals() throws {
        func notes(_ name: String, of sequences: Int) throws -> [String] {
            let blueprint = try ArchitectureFixtures.model(name).blueprint
            let kept = Array(blueprint.layers.indices.dropLast())
            // Every narrowed layer is computed.
            return Self.settings(9).removalNotes(
                blueprint, keeping: kept, sequences: sequences, computed: Set(kept.indices))
        }
        let few = try notes("olmo2-bias", of: 7)
        let last = try ArchitectureFixtures.model("olmo2-bias").blueprint.layers.count - 1
        #expect(few.count == 1 && few[0].hasSuffix("raise `samples`: layer \(last)"))
        #expect(try notes("olmo2-bias", of: 8) == [])
        #expect(try notes("llama-odd-linear", of: 7) == [])
    }

    @Test("narrowing costs what the narrowed model diverges by; more where more neurons go")
    func costs() throws {
        let model = try ModelFoldingTests.demo()
        let batch = ModelFoldingTests.demoBatch()
        let all = Array(model.blueprint.layers.indices)
        let costs = try [640, 384].map { width -> Double in
            var settings = Self.settings(width)
            settings.tuningSteps = 0
            let hearer = Hearer()
            let cost = try ModelFolding(
                model.weights, mode: .float32, batch: batch, settings: settings,
                judgesAlways: true
            ).narrowingCost(observer: hearer)
            #expect(hearer.done.last == hearer.totals.first && hearer.totals.count == 1)
            let rivals = try #require(
                FoldRivals(model.weights, mode: .float32, batch: batch, settings: settings))
            let patch = try ModelFoldingTests.fold(model, keeping: all, batch, settings)
            let wanted = try rivals.compare(
                keeping: all, folded: patch, observer: SilentObserver())[0].divergence
            #expect(abs(cost - wanted) < 1e-6 * wanted, "\(width)")
            #expect(settings.narrowingWork(model.blueprint, tokens: batch).operations > 0)
            return cost
        }
        #expect(0 < costs[0] && costs[0] < costs[1])
    }

    @Test("a narrowed fold goes on where it was, to the same bytes, and takes none of another's")
    func recall() throws {
        let model = try ModelFoldingTests.demo()
        let memory = FoldRecallTests.Memory()
        var settings = Self.settings(384)
        settings.groupStretch = 1
        settings.inputs = false
        func fold(_ width: Int?, _ recall: FoldRecallTests.Memory?) throws -> [UInt8] {
            settings.mlpWidth = width
            let patch = try WeightPatch { give in
                try ModelFolding(
                    model.weights, mode: .float32, batch: ModelFoldingTests.demoBatch(8, of: 16),
                    settings: settings
                ).run(
                    keeping: (0..<16).filter { $0 != 14 }, recall: recall,
                    observer: SilentObserver(), give: give)
            }
            return patch.archive(naming: model.blueprint.layers).bytes
        }
        // Leaves the streams of the original in front of the layer that it folds.
        _ = try fold(nil, memory)
        #expect(!memory.streams.isEmpty)
        let alone = try fold(384, nil)
        memory.begin()
        let isSame = try fold(384, memory) == alone
        #expect(isSame && memory.found.isEmpty && memory.taken.isEmpty)
        for lost in memory.layers.keys where lost.isNarrowed && lost.kept.count > 9 {
            memory.layers.removeValue(forKey: lost)
        }
        memory.begin()
        let isSameAgain = try fold(384, memory) == alone
        #expect(isSameAgain && memory.found == Set(0..<9))
    }

    @Test("a model that cannot be narrowed is told by what it lacks")
    func refused() throws {
        let demo = try ModelFoldingTests.demo()
        #expect(try demo.narrowableWidth() == 704)
        #expect(throws: NarrowingError.tooNarrow(width: 27)) {
            try ArchitectureFixtures.model("llama-odd-linear").narrowableWidth()
        }
        #expect(throws: NarrowingError.layer(0, what: "has experts")) {
            try ArchitectureFixtures.model("olmoe-clipped").narrowableWidth()
        }
        let parallel = #expect(throws: NarrowingError.self) {
            try ArchitectureFixtures.model("phi-odd").narrowableWidth()
        }
        #expect(
            parallel?.description.contains(
                "layer 0 has attention and an MLP that read the same input; or leave") == true)
        var blueprint = demo.blueprint
        blueprint.layers[3] = blueprint.layers[3].narrowed(to: 512)
        #expect(throws: NarrowingError.differs(layer: 3, width: 512, first: 704)) {
            try blueprint.narrowableWidth()
        }
        blueprint.layers[0].feedForward = .absent
        #expect(throws: NarrowingError.layer(0, what: "has no MLP")) {
            try blueprint.narrowableWidth()
        }
    }
}

/// The example model is not what it was.
private struct ModelFault: Error {}
