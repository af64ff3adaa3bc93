// `fold` on whole small models: what must not change does not, and what is written runs.

import Checkpoint
import EngineTestSupport
import Foundation
import Model
import SystemPackage
import TensorMath
import TestSupport
import Testing

@testable import Compression

@Suite struct ModelFoldingTests {
    static let dense = [
        "llama-odd-linear", "llama-tied-yarn", "phi3-longrope-partial", "qwen2-dynamic-window",
    ]

    static func batch(_ model: Model, sequences: Int = 12) -> PackedSequences {
        var generator = SeededGenerator(seed: 3)
        return PackedSequences(
            (0..<sequences).map { _ in
                (0..<20).map { _ in
                    Int32(generator.index(below: model.blueprint.vocabularySize))
                }
            })
    }

    static func demo() throws -> Model {
        try Model(try Checkpoint(FilePath(Places.demoModel.path)))
    }

    /// Made-up tokens that never repeat a sequence.
    static func demoBatch(_ sequences: Int = 16, of length: Int = 64) -> PackedSequences {
        PackedSequences(
            (0..<sequences).map { sequence in
                (0..<length).map { Int32((sequence * 977 + $0 * 31) % 4096) }
            })
    }

    /// With as little tuning as takes its path.
    static var quick: FoldSettings {
        var settings = FoldSettings()
        settings.tuningSteps = 2
        return settings
    }

    static func fold(
        _ model: Model, keeping kept: [Int], _ batch: PackedSequences,
        _ settings: FoldSettings = quick
    ) throws -> WeightPatch {
        try WeightPatch { give in
            try ModelFolding(model.weights, mode: .float32, batch: batch, settings: settings)
                .run(keeping: kept, observer: SilentObserver(), give: give)
        }
    }

    private static func logits(
        _ model: Model, _ patch: WeightPatch, keeping kept: [Int], _ batch: PackedSequences
    ) throws -> [Float] {
        var blueprint = model.blueprint
        // The patch has the names of the new layers; weights that are not patched are the kept
        // layers' own, so this is for plans that keep every layer.
        #expect(kept == Array(blueprint.layers.indices))
        blueprint.layers = Array(blueprint.layers.prefix(kept.count))
        let source = PatchedWeights(model.weights.source)
        source.apply(patch, to: blueprint.layers)
        let forward = ForwardPass(
            weights: ModelWeights(blueprint: blueprint, source: source), mode: .float32)
        return try OutputHead(forward).logits(forward.run(batch, observer: SilentObserver()))
            .values()
    }

    @Test("streams on disk give the tensors of streams in memory, to the bit, and leave nothing")
    func streamsOnDisk() throws {
        let model = try Self.demo()
        let folder = try TemporaryFolder()
        let space = StreamSpace(folder: FilePath(folder.path), memoryBytesMax: 0)
        let kept = model.blueprint.layers.indices.filter { $0 != 3 && $0 != 4 }
        func fold(_ space: StreamSpace) throws -> (WeightPatch, [Rival]) {
            let batch = Self.demoBatch()
            let patch = try WeightPatch { give in
                try ModelFolding(
                    model.weights, mode: .float32, batch: batch, settings: Self.quick, space: space
                ).run(keeping: kept, observer: SilentObserver(), give: give)
            }
            let rivals = try #require(
                FoldRivals(
                    model.weights, mode: .float32, batch: batch, settings: Self.quick, space: space)
            )
            return (
                patch, try rivals.compare(keeping: kept, folded: patch, observer: SilentObserver())
            )
        }
        let (inMemory, onDisk) = (try fold(.memory), try fold(space))
        let layers = kept.map { model.blueprint.layers[$0] }
        #expect(inMemory.0.archive(naming: layers).bytes == onDisk.0.archive(naming: layers).bytes)
        #expect(inMemory.1 == onDisk.1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    @Test("the memory of a fold does not grow with streams that lie on disk")
    func memoryOfStreamsOnDisk() throws {
        let blueprint = try Self.demo().blueprint
        let kept = Array(0..<blueprint.layers.count - 2)
        func planned(_ sequences: Int, _ space: StreamSpace) -> Int {
            FoldSettings().peakByteCount(
                blueprint, keeping: kept, tokens: Self.demoBatch(sequences, of: 512), space: space)
        }
        let disk = StreamSpace(folder: "/nowhere")
        // What is held back, an eighth, lies on disk as well.
        #expect(planned(2_000, disk) == planned(4_000, disk))
        let tokens = Self.demoBatch(4_000, of: 512)
        let scratch = FoldSettings().scratchByteCount(blueprint, tokens: tokens, space: disk)
        #expect(planned(4_000, .memory) - planned(4_000, disk) >= scratch)
        // Five streams of what is fitted, six of the eighth that is held back.
        #expect(scratch == 4 * blueprint.hiddenWidth * tokens.tokens.count / 8 * (5 * 7 + 6))
        #expect(FoldSettings().scratchByteCount(blueprint, tokens: tokens, space: .memory) == 0)
    }

    @Test("with nothing removed nothing is computed", arguments: dense)
    func identity(name: String) throws {
        let model = try ArchitectureFixtures.model(name)
        let batch = Self.batch(model)
        let kept = Array(model.blueprint.layers.indices)
        let patch = try Self.fold(model, keeping: kept, batch)
        #expect(patch.layers.isEmpty)
        #expect(
            try Self.logits(model, patch, keeping: kept, batch)
                == Self.logits(model, WeightPatch(), keeping: kept, batch))
    }

    @Test("a folded model is written, verified and runs; only computed tensors differ")
    func writes() throws {
        for name in Self.dense {
            let model = try ArchitectureFixtures.model(name)
            let batch = Self.batch(model, sequences: 30)
            let count = model.blueprint.layers.count
            let kept = Array(0..<count - 1)
            let patch = try Self.fold(model, keeping: kept, batch)
            #expect(!patch.layers.isEmpty, "\(name)")
            let folded = try FoldedCheckpoint(
                model: model, plan: .keeping(kept, of: count), computed: patch)
            #expect(
                Set(patch.named(in: model.blueprint.layers).keys)
                    .isSubset(of: folded.recipes.map(\.name)))
            let scratch = try CheckpointScratch()
            _ = try folded.write(
                to: scratch.path, shardByteLimit: nil, observer: SilentObserver())
            let written = try Checkpoint(scratch.path)
            #expect(try folded.verify(written) <= 1)
            let result = try Model(written)
            #expect(result.blueprint.layers.count == count - 1 && result.unread == [])
            let stream = try ForwardPass(weights: result.weights, mode: .float32).run(
                batch, observer: SilentObserver())
            #expect(stream.values().allSatisfy { $0.isFinite })
        }
    }

    @Test("folding moves the last stream nearer to the original than dropping does")
    func improves() throws {
        let model = try Self.demo()
        let batch = Self.demoBatch(8, of: 256)
        let kept = [0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15]
        let plan = FoldPlan.keeping(kept, of: 16)
        let patch = try Self.fold(model, keeping: kept, batch)
        func stream(_ model: Model) throws -> MatrixView {
            try ForwardPass(weights: model.weights, mode: .float32).run(
                batch, observer: SilentObserver())
        }
        let wanted = try stream(model).values()
        let errors = try [WeightPatch(), patch].map { patch -> Double in
            let scratch = try CheckpointScratch()
            _ = try FoldedCheckpoint(model: model, plan: plan, computed: patch).write(
                to: scratch.path, shardByteLimit: nil, observer: SilentObserver())
            let found = try stream(try Model(try Checkpoint(scratch.path))).values()
            return zip(found, wanted).reduce(0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
        }
        #expect(errors[1] < 0.7 * errors[0], "\(errors)")
    }

    @Test("a run costs what the model diverges by in which it alone is folded")
    func costs() throws {
        let model = try Self.demo()
        let batch = Self.demoBatch()
        var settings = Self.quick
        settings.refit = false
        settings.tuningSteps = 0
        let runs = [12..<15, 2..<4]
        var found: [Range<Int>: Double] = [:]
        try ModelFolding(
            model.weights, mode: .float32, batch: batch, settings: settings, judgesAlways: true
        ).costs(of: runs, observer: SilentObserver()) { found[$0] = $1 }
        let rivals = try #require(
            FoldRivals(model.weights, mode: .float32, batch: batch, settings: settings))
        #expect(found.count == runs.count)
        for (run, cost) in found {
            let kept = (0..<16).filter { !run.dropFirst().contains($0) }
            let patch = try Self.fold(model, keeping: kept, batch, settings)
            let wanted = try rivals.compare(
                keeping: kept, folded: patch, observer: SilentObserver())[0].divergence
            // The patch went through bfloat16, the streams that are measured did so, too.
            #expect(abs(cost - wanted) < 1e-6 * wanted, "\(run)")
        }
        #expect(found[runs[1]] ?? 1 < found[runs[0]] ?? 0)
    }

    @Test("progress counts the layers that take work: those before the first merge take none")
    func progress() throws {
        let model = try Self.demo()
        let hearer = Hearer()
        try ModelFolding(
            model.weights, mode: .float32, batch: Self.demoBatch(), settings: Self.quick
        ).run(keeping: (0..<16).filter { $0 != 13 }, observer: hearer) { _ in }
        // Operations of layer 12, which takes 13, then of 14 and 15.
        #expect(hearer.totals.count == 1)
        #expect(hearer.done == hearer.done.sorted())
        #expect(hearer.done.last == hearer.totals.first)
    }

    /// What a fold, and plain removal of the same layers, diverge by on the sequences held back.
    static func divergences(
        _ model: Model, keeping kept: [Int], _ batch: PackedSequences, _ settings: FoldSettings
    ) throws -> (patch: WeightPatch, folded: Double, removed: Double) {
        let patch = try fold(model, keeping: kept, batch, settings)
        let held = try #require(settings.split(batch).held)
        let judge = try FoldJudge(model.weights, mode: .float32, batch: held)
        let layers = kept.map { model.blueprint.layers[$0] }
        func divergence(_ tensors: WeightPatch) throws -> Double {
            try judge.divergence(of: layers, tensors, observer: SilentObserver())
        }
        return (patch, try divergence(patch), try divergence(WeightPatch()))
    }

    @Test(
        "every model is folded; what may be worse than removal is not",
        arguments: ArchitectureFixtures.names)
    func anyModel(name: String) throws {
        let model = try ArchitectureFixtures.model(name)
        let layers = model.blueprint.layers
        // The first layers of many models are dense, the last ones have experts.
        for gone in Set([1, layers.count - 1]).sorted() {
            let kept = layers.indices.filter { $0 != gone }
            // Two layers at most change: the one that takes another, and the one behind it.
            let changed = gone - 1...gone
            let (patch, folded, removed) = try Self.divergences(
                model, keeping: kept, Self.batch(model, sequences: 16), Self.quick)
            #expect(
                patch.layers.keys.allSatisfy(changed.contains), "\(gone): \(patch.layers.keys)")
            for matrix in patch.layers.values.flatMap({ layer in layer.names.map { layer[$0] } }) {
                #expect(matrix?.values().allSatisfy { $0.isFinite } == true, "\(gone)")
            }
            if FoldableLayer.all(of: model.blueprint)[changed].contains(where: \.isUncertain) {
                #expect(folded <= removed * (1 + 1e-4) + 1e-9, "\(gone)")
            }
        }
        #expect(model.blueprint.foldObstacle == nil)
    }

    @Test("what is removed and not merged is told: mixers before, layers behind")
    func notes() throws {
        let blueprint = try ArchitectureFixtures.model("jamba-odd").blueprint
        let mamba = try #require(
            blueprint.layers.indices.dropFirst().first {
                if case .mamba = blueprint.layers[$0].mixer { true } else { false }
            })
        let kept = blueprint.layers.indices.filter { $0 != mamba }
        let settings = FoldSettings()
        let notes = settings.mergeNotes(blueprint, keeping: kept)
        #expect(
            notes.contains("mixers are removed and not merged (a Mamba mixer): layer \(mamba)"))
        #expect(settings.mergeNotes(blueprint, keeping: Array(blueprint.layers.indices)) == [])
        let dense = try Self.demo().blueprint
        #expect(settings.mergeNotes(dense, keeping: Array(0..<14)) == [])
        func behind(_ computed: Set<Int>, of sequences: Int = 8) -> [String] {
            settings.removalNotes(
                dense, keeping: [0, 3] + Array(4..<16), sequences: sequences, computed: computed)
        }
        #expect(behind([0, 1]) == [])
        #expect(behind([1]).first?.hasSuffix("held back: layers 1, 2") == true)
        // Nothing was judged, so nothing is said to be better or worse.
        let few = behind([1], of: 7).first
        #expect(few?.hasSuffix("raise `samples`: layers 1, 2") == true)
        #expect(few?.contains("better") == false)
    }

    @Test("with nothing to judge by, what is uncertain stays as it is")
    func unjudged() throws {
        let model = try ArchitectureFixtures.model("olmo2-bias")
        let count = model.blueprint.layers.count
        let few = PackedSequences(ArchitectureFixtures.tokens([30, 30], of: model))
        let patch = try Self.fold(model, keeping: Array(0..<count - 1), few)
        #expect(patch.layers.isEmpty)
    }

    @Test("with nothing held back a run costs what the fold of it will be, not what it may not do")
    func unjudgedCosts() throws {
        // One whose fits are uncertain, one whose groups could be selected.
        for name in ["olmo2-bias", "llama-odd-linear"] {
            let model = try ArchitectureFixtures.model(name)
            let few = PackedSequences(ArchitectureFixtures.tokens([30, 30], of: model))
            var settings = Self.quick
            settings.tuningSteps = 0
            try #require(settings.split(few).held == nil)
            let count = model.blueprint.layers.count
            let kept = Array(0..<count - 1)
            var cost: Double?
            try ModelFolding(
                model.weights, mode: .float32, batch: few, settings: settings, judgesAlways: true
            ).costs(of: [count - 2..<count], observer: SilentObserver()) { cost = $1 }
            let judge = try FoldJudge(model.weights, mode: .float32, batch: few)
            let wanted = try judge.divergence(
                of: kept.map { model.blueprint.layers[$0] },
                Self.fold(model, keeping: kept, few, settings), observer: SilentObserver())
            let found = try #require(cost)
            #expect(abs(found - wanted) <= 1e-3 * wanted + 1e-9, "\(name): \(found), \(wanted)")
        }
    }

    @Test("the search removes first what costs least, by trying")
    func search() throws {
        let model = try ArchitectureFixtures.model("qwen2-dynamic-window")
        let batch = Self.batch(model)
        let search = LossSearch(weights: model.weights, mode: .float32, batch: batch)
        let order = try search.order(removing: 2, observer: SilentObserver())
        var kept = Array(model.blueprint.layers.indices)
        for step in order.steps {
            let losses = try kept.map { gone in
                try search.loss(keeping: kept.filter { $0 != gone }, SilentObserver())
            }
            let best = losses.indices.min { losses[$0] < losses[$1] } ?? 0
            #expect(kept[best] == step.layer)
            #expect(abs(losses[best] - step.loss) < 1e-6)
            kept.remove(at: best)
        }
        #expect(try abs(order.originalLoss - search.loss(keeping: nil, SilentObserver())) < 1e-9)
    }

    @Test("a search among models none of which has a loss says so")
    func noLoss() throws {
        let model = try ArchitectureFixtures.model("qwen2-dynamic-window")
        var broken = model.blueprint
        broken.finalNorm.epsilon = .nan
        let search = LossSearch(
            weights: ModelWeights(blueprint: broken, source: model.weights.source),
            mode: .float32, batch: Self.batch(model))
        let left = broken.layers.count - 1
        #expect(throws: MethodError.noLoss(layers: left)) {
            try search.order(removing: 1, observer: SilentObserver())
        }
    }

    @Test("exchanges end where no exchange of one layer for another has less loss")
    func exchanges() throws {
        let model = try ArchitectureFixtures.model("qwen2-dynamic-window")
        let search = LossSearch(
            weights: model.weights, mode: .float32, batch: Self.batch(model))
        let layers = Array(model.blueprint.layers.indices)
        var improved = false
        for first in layers {
            for second in layers where second > first {
                let start = layers.filter { $0 != first && $0 != second }
                let before = try search.loss(keeping: start, SilentObserver())
                let found = try search.exchanged(start, observer: SilentObserver())
                #expect(found.kept == found.kept.sorted() && found.kept.count == start.count)
                #expect(
                    try abs(search.loss(keeping: found.kept, SilentObserver()) - found.loss) < 1e-6)
                #expect(found.loss <= before)
                improved = improved || found.kept != start
                // Two rounds at most: where the second is not the last, it found the best of all.
                for gone in found.kept {
                    for back in layers where !found.kept.contains(back) {
                        let other = (found.kept.filter { $0 != gone } + [back]).sorted()
                        let loss = try search.loss(keeping: other, SilentObserver())
                        #expect(loss >= found.loss - 1e-6)
                    }
                }
            }
        }
        #expect(improved)
    }
}
