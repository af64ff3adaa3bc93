// Tuning a layer: it starts where it was, moves nearer to its target, and says what it holds.

import Checkpoint
import EngineTestSupport
import Foundation
import Model
import SystemPackage
import TensorMath
import TestSupport
import Testing
import Tokenizer

@testable import Compression

@Suite struct LayerTuningTests {
    /// Real text: steps on made-up tokens teach a layer nothing that holds for others.
    private static let batch: PackedSequences = {
        let folder = Places.demoModel
        guard let json = try? Data(contentsOf: folder.appending(path: "tokenizer.json")),
            let text = try? String(
                contentsOf: folder.appending(path: "calibration.txt"), encoding: .utf8),
            let tokens = try? Tokenizer(json: [UInt8](json)).encode(String(text.prefix(24_000)))
        else { preconditionFailure("the example model lies in inbox-example") }
        return PackedSequences((0..<48).map { Array(tokens[$0 * 128..<($0 + 1) * 128]) })
    }()

    private static func demo() throws -> Model {
        try Model(try Checkpoint(FilePath(Places.demoModel.path)))
    }

    private static let kept = (0..<16).filter { $0 != 13 }

    private struct Folded {
        let patch: WeightPatch
        /// On sequences held back.
        let divergence: Double
    }

    /// The demo model without a layer, folded; nothing but tuning changes a layer that stays.
    private static func fold(
        keeping kept: [Int] = kept, steps: Int, rate: Double = 0.003, softCap: Float? = nil
    ) throws -> Folded {
        let model = try demo()
        var blueprint = model.blueprint
        blueprint.finalSoftCap = softCap
        let weights = ModelWeights(blueprint: blueprint, source: model.weights.source)
        var settings = FoldSettings()
        settings.refit = false
        settings.tuningSteps = steps
        settings.tuningRate = rate
        let patch = try WeightPatch { give in
            try ModelFolding(
                weights, mode: .float32, batch: batch, settings: settings
            ).run(keeping: kept, observer: SilentObserver(), give: give)
        }
        let rivals = try #require(
            FoldRivals(weights, mode: .float32, batch: batch, settings: settings))
        let found = try rivals.compare(keeping: kept, folded: patch, observer: SilentObserver())
        return Folded(patch: patch, divergence: found[0].divergence)
    }

    @Test("steps lower the divergence on sequences that no step has seen; harm is not kept")
    func improves() throws {
        let without = try Self.fold(steps: 0).divergence
        let with = try Self.fold(steps: 24).divergence
        #expect(with < 0.99 * without, "\(with) after \(without)")
        #expect(try Self.fold(steps: 4, rate: 1).divergence == without)
    }

    @Test("the layer behind a merge is tuned, those behind it are not")
    func behind() throws {
        func changed(steps: Int) throws -> Set<Int> {
            Set(try Self.fold(steps: steps).patch.layers.keys)
        }
        #expect(try changed(steps: 0) == [12])
        #expect(try changed(steps: 24) == [12, 13])
    }

    @Test("the last layer goes down the divergence itself, through capped logits as well")
    func lastLayer() throws {
        let kept = Array(0..<15)
        let without = try Self.fold(keeping: kept, steps: 0).divergence
        let with = try Self.fold(keeping: kept, steps: 24).divergence
        #expect(with < 0.98 * without, "\(with) after \(without)")
        // Through capped logits as well.
        let capped = try [0, 24].map { try Self.fold(keeping: kept, steps: $0, softCap: 20) }
        #expect(capped[1].divergence < 0.98 * capped[0].divergence)
    }

    @Test("the plan of memory knows what tuning holds")
    func memory() throws {
        let model = try Self.demo()
        var settings = FoldSettings()
        settings.neurons = false
        settings.groupStretch = 1
        settings.inputs = false
        let short = PackedSequences([Array(Self.batch.tokens.prefix(16))])
        let peaks = [320, 0].map { steps in
            settings.tuningSteps = steps
            return settings.peakByteCount(model.blueprint, keeping: Self.kept, tokens: short)
        }
        // Values, as products read them, gradients and two moments, in float; and beside them two
        // ways that were tried, in float and once packed.
        let layer = model.blueprint.layers[0].tensors.reduce(0) { $0 + $1.shape.reduce(1, *) }
        #expect(peaks[0] > 10 * 4 * layer && peaks[1] + 4 * 4 * layer < peaks[0], "\(peaks)")
        // Where the last layer merges or stands behind a merge, the head's matrix and a chunk's
        // logits and slopes.
        settings.tuningSteps = 320
        let (vocabulary, width) = (model.blueprint.vocabularySize, model.blueprint.hiddenWidth)
        for gone in [14, 15] {
            let last = settings.peakByteCount(
                model.blueprint, keeping: (0..<16).filter { $0 != gone }, tokens: short)
            #expect(last - peaks[0] == 4 * vocabulary * (width + 3 * 16))
        }
        // The logits of both models that ways are judged by: of what is held back, or of all.
        settings.tuningSteps = 0
        for (tokens, judged) in [(short, 16), (Self.batch, 6 * 128)] {
            var wider = model.blueprint
            wider.vocabularySize += 1000
            let plans = [model.blueprint, wider].map {
                settings.peakByteCount($0, keeping: Self.kept, tokens: tokens)
            }
            #expect(plans[1] - plans[0] == 8 * 1000 * judged)
        }
    }

    @Test("what is not tuned is told: too few sequences, layers without a derivative")
    func notes() throws {
        let model = try Self.demo()
        var settings = FoldSettings()
        func notes(_ blueprint: ModelBlueprint, _ tokens: PackedSequences) -> [String] {
            let last = blueprint.layers.count - 1
            return settings.tuningNotes(blueprint, keeping: Array(0..<last), tokens: tokens)
        }
        #expect(notes(model.blueprint, Self.batch) == [])
        let few = notes(model.blueprint, PackedSequences([[1, 2, 3]]))
        #expect(few.count == 1 && few[0].contains("there are 1; raise `samples`"))
        let mamba = try #require(
            ArchitectureFixtures.model("jamba-odd").blueprint.layers.first {
                if case .mamba = $0.mixer { true } else { false }
            })
        var mixed = model.blueprint
        for index in [13, 14] { mixed.layers[index].mixer = mamba.mixer }
        let told = notes(mixed, Self.batch)
        #expect(told.count == 1 && told[0].hasSuffix("a Mamba mixer: 14"))
        let behind = settings.tuningNotes(
            mixed, keeping: (0..<16).filter { $0 != 12 }, tokens: Self.batch)
        #expect(behind.count == 1 && behind[0].hasSuffix("a Mamba mixer: 13"))
        settings.tuningSteps = 0
        #expect(notes(mixed, Self.batch) == [])
    }

    @Test("too few tokens for what is fitted together are told, with the number that would do")
    func scarcity() throws {
        let blueprint = try Self.demo().blueprint
        let neurons = blueprint.layers[0].perceptrons[0].down.inputs
        func notes(_ tokens: Int, removed: Int, neurons isConcatenated: Bool = true) -> [String] {
            var settings = FoldSettings()
            settings.tuningSteps = 0
            settings.neurons = isConcatenated
            let kept = blueprint.layers.indices.filter { !(5..<5 + removed).contains($0) }
            let batch = PackedSequences([[Int32](repeating: 0, count: tokens)])
            return settings.notes(blueprint, keeping: Array(kept), tokens: batch)
        }
        #expect(notes(8 * neurons, removed: 1).isEmpty)
        #expect(notes(8 * neurons - 1, removed: 1).first?.contains("\(32 * neurons)") == true)
        #expect(notes(8 * neurons, removed: 2).count == 1)
        #expect(notes(4 * neurons, removed: 2, neurons: false).isEmpty)
        #expect(notes(1, removed: 0).isEmpty)
        // Beside what is told of tuning.
        let both = FoldSettings().notes(
            blueprint, keeping: Array(0..<15), tokens: PackedSequences([[1, 2, 3]]))
        #expect(both.count == 2)
    }
}
