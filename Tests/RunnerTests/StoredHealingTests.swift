// What last passes leave in a real store, and get back.

import Checkpoint
import Compression
import Foundation
import JSON
import Model
import Runner
import Store
import SystemPackage
import TensorMath
import TestSupport
import Testing

@Suite struct StoredHealingTests {
    private let folder: TemporaryFolder
    private let store: ContentStore
    private let layers: [LayerBlueprint]

    init() throws {
        folder = try TemporaryFolder()
        store = try ContentStore(state: FilePath(folder.path))
        layers = try Model(try Checkpoint(FilePath(Places.demoModel.path))).blueprint.layers
    }

    private func healing(_ rate: String, interval: Duration = .zero) -> StoredHealing {
        let progress = ProgressReporter(listener: { _ in }, stop: {})
        return StoredHealing(
            StageCache.key(
                "heal", version: 1, inputs: [(role: "model", digest: Digest(of: "model"))],
                params: ["rate": .string(rate)]),
            cache: StageCache(store: store, progress: progress), layers: layers,
            interval: interval)
    }

    /// A tensor of each of two layers.
    private func tensors(_ start: Float) -> WeightPatch {
        var all = WeightPatch()
        for layer in 0..<2 {
            var patch = LayerPatch()
            patch["input_layernorm.weight"] = MatrixView(
                rows: 1, columns: 3, values: [start, start + Float(layer), .pi])
            all[layer] = patch
        }
        return all
    }

    private func values(_ tensors: any ComputedTensors) throws -> [[Float]] {
        try (0..<layers.count).map {
            try tensors.tensors(ofLayer: $0)["input_layernorm.weight"]?().values() ?? []
        }
    }

    private let looks = [
        HealingLook(step: 0, heldBack: 3), HealingLook(step: 48, fitted: 2, heldBack: 1),
        HealingLook(step: 96, fitted: 1, heldBack: 2),
    ]

    @Test("a state comes back as it was, with the best of all looks where that is another")
    func keeps() throws {
        let pass = healing("1")
        try pass.keep(
            HealingState(looks: Array(looks.prefix(2)), tensors: tensors(1), best: nil),
            behind: 48)
        try pass.keep(HealingState(looks: looks, tensors: tensors(5), best: tensors(1)), behind: 96)
        let first = try #require(try healing("1").state(behind: 48))
        #expect(first.looks == Array(looks.prefix(2)) && first.best == nil)
        #expect(try values(first.tensors) == values(tensors(1)))
        let second = try #require(try healing("1").state(behind: 96))
        #expect(second.looks == looks)
        #expect(try values(second.tensors) == values(tensors(5)))
        #expect(try values(try #require(second.best)) == values(tensors(1)))
        #expect(try healing("2").state(behind: 48) == nil && healing("1").state(behind: 49) == nil)
    }

    @Test("what took no time is not worth a copy of the model")
    func interval() throws {
        try healing("1", interval: .seconds(3600)).keep(
            HealingState(looks: looks, tensors: tensors(1), best: nil), behind: 48)
        #expect(try healing("1").state(behind: 48) == nil)
    }

    @Test("a damaged layer is told when it is read, and the state is forgotten with it")
    func damage() throws {
        try healing("1").keep(
            HealingState(looks: looks, tensors: tensors(1), best: nil), behind: 48)
        var patch = WeightPatch()
        patch[1] = tensors(1)[1]
        let name = Digest(of: patch.archive(naming: layers).bytes).hex
        let object = folder.path + "/store/obj/\(name.prefix(2))/\(name).zst"
        var bytes = try Data(contentsOf: URL(filePath: object))
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: URL(filePath: object))
        let state = try #require(try healing("1").state(behind: 48))
        #expect(throws: StageInputLost.self) { try values(state.tensors) }
        #expect(try healing("1").state(behind: 48) == nil)
    }
}
