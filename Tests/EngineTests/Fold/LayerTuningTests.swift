// Tuning a layer: it starts where it was, moves nearer to its target, and says what it holds.

import Engine
import Foundation
import SystemPackage
import TensorMath
import TestSupport
import Testing

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

    /// Divergence on sequences held back of the demo model without layer 13, folded.
    private static func divergence(_ settings: FoldSettings) throws -> Double {
        let model = try Model(try Checkpoint(FilePath(Places.demoModel.path)))
        let kept = (0..<16).filter { $0 != 13 }
        let patch = try WeightPatch { give in
            try ModelFolding(
                model.weights, mode: .float32, batch: batch, settings: settings
            ).run(keeping: kept, observer: SilentObserver(), give: give)
        }
        let rivals = try #require(
            FoldRivals(model.weights, mode: .float32, batch: batch, settings: settings))
        return try rivals.compare(keeping: kept, folded: patch, observer: SilentObserver())[0]
            .divergence
    }

    @Test("steps lower the divergence on sequences that no step has seen")
    func improves() throws {
        var settings = FoldSettings()
        settings.refit = false
        settings.tuningSteps = 0
        let without = try Self.divergence(settings)
        settings.tuningSteps = 24
        settings.tuningRate = 0.003
        let with = try Self.divergence(settings)
        #expect(with < 0.99 * without, "\(with) after \(without)")
    }

    @Test("steps that do harm are not kept")
    func guarded() throws {
        var settings = FoldSettings()
        settings.refit = false
        settings.tuningSteps = 0
        let without = try Self.divergence(settings)
        settings.tuningSteps = 4
        settings.tuningRate = 1
        #expect(try Self.divergence(settings) == without)
    }

    @Test("the plan of memory knows what tuning holds")
    func memory() throws {
        let model = try Model(try Checkpoint(FilePath(Places.demoModel.path)))
        var settings = FoldSettings()
        let kept = (0..<16).filter { $0 != 13 }
        settings.neurons = false
        settings.groupRun = 1
        settings.inputs = false
        let with = settings.peakByteCount(
            model.blueprint, keeping: kept, tokens: Self.batch)
        settings.tuningSteps = 0
        let without = settings.peakByteCount(
            model.blueprint, keeping: kept, tokens: Self.batch)
        // Five times the layer's own floats, at least.
        let layer = model.blueprint.layers[0].tensors.reduce(0) { $0 + $1.shape.reduce(1, *) }
        #expect(with >= without && with > 5 * 4 * layer)
    }
}
