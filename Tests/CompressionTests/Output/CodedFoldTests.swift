// A model that is stored as codes is folded as the numbers that they stand for.

import Checkpoint
import EngineTestSupport
import Foundation
import Model
import Schemes
import SystemPackage
import TensorMath
import TestSupport
import Testing

@testable import Compression

@Suite struct CodedFoldTests {
    @Test(arguments: ["codes/fp8-blocks", "codes/mxfp4", "quantised/w4-groups", "quantised/fp8"])
    func resultsArePlain(_ name: String) throws {
        let model = try Model(
            try Checkpoint(FilePath(Places.fixtures.path).appending(name)))
        let count = model.blueprint.layers.count
        let folded = try FoldedCheckpoint(
            model: model, plan: .keeping([0] + (2..<count), of: count))
        let scratch = try CheckpointScratch()
        _ = try folded.write(to: scratch.path, shardByteLimit: nil, observer: Hearer())
        let result = try Model(try Checkpoint(scratch.path))
        #expect(result.blueprint.layers.count == count - 1 && result.unread.isEmpty)
        #expect(result.checkpoint.config.value(QuantizationConfig.key) == nil)
        #expect(result.checkpoint.codedTensors.isEmpty)
        for recipe in folded.recipes {
            let before = try model.checkpoint.tensor(recipe.from[0].name)
            let after = try result.checkpoint.tensor(recipe.name)
            #expect(after.dtype == before.dtype && after.shape == before.shape)
            #expect(try after.floats() == before.floats(), "\(recipe.name)")
        }
        let bytes = try folded.recipes.reduce(0) {
            try $0 + 2 * model.checkpoint.tensor($1.from[0].name).entry.elementCount
        }
        #expect(folded.byteCount <= bytes * 2)
    }

    @Test func blendsAreOfNumbers() throws {
        let model = try Model(
            try Checkpoint(FilePath(Places.fixtures.path).appending("quantised/fp8")))
        let count = model.blueprint.layers.count
        let plan = FoldPlan(
            originalLayers: count,
            layers: (0..<count - 1).map { index in
                PlannedLayer(
                    into: index,
                    from: index == 0
                        ? [LayerShare(layer: 0, weight: 0.75), LayerShare(layer: 1, weight: 0.25)]
                        : [LayerShare(layer: index + 1, weight: 1)])
            }, foldsNorms: false, notes: [])
        let folded = try FoldedCheckpoint(model: model, plan: plan)
        let scratch = try CheckpointScratch()
        _ = try folded.write(to: scratch.path, shardByteLimit: nil, observer: Hearer())
        let result = try Checkpoint(scratch.path)
        for recipe in folded.recipes where recipe.from.count == 2 {
            let (a, b) = (
                try model.checkpoint.tensor(recipe.from[0].name).floats(),
                try model.checkpoint.tensor(recipe.from[1].name).floats()
            )
            let found = try result.tensor(recipe.name).floats()
            for index in found.indices {
                let expected = 0.75 * a[index] + 0.25 * b[index]
                #expect(abs(found[index] - expected) <= 1e-6 * (abs(a[index]) + abs(b[index])))
            }
        }
    }
}
