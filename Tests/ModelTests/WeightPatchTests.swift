// Computed tensors: where they go in a model, and what they are called in a file.

import Checkpoint
import EngineTestSupport
import TensorMath
import Testing

@testable import Model

@Suite struct WeightPatchTests {
    private static let name = "mlp.down_proj.weight"

    private static func matrix(_ value: Float, like weight: WeightMatrix) -> MatrixView {
        let result = MatrixView(rows: weight.rows, columns: weight.columns)
        result.fill(value)
        return result
    }

    /// down_proj of both layers of a small model, filled with 2 and 3.
    private static func patch() throws -> (layers: [LayerBlueprint], patch: WeightPatch, Model) {
        let model = try ArchitectureFixtures.model("llama-odd-linear")
        let layers = model.blueprint.layers
        var patch = WeightPatch()
        // Not in the order of the layers.
        for index in [1, 0] {
            let weight = try model.weights.source.weight(layers[index].fullName(name))
            patch[index][name] = matrix(Float(index + 2), like: weight)
        }
        return (layers, patch, model)
    }

    @Test("a layer's tensors are read where the layer that stands for it is read")
    func overlay() throws {
        let (layers, patch, model) = try Self.patch()
        let source = PatchedWeights(model.weights.source)
        // The new model's first layer is the original's last.
        source.apply(patch, to: [layers[1], layers[0]])
        func values(_ layer: Int) throws -> Set<Float> {
            Set(try source.weight(layers[layer].fullName(Self.name)).floats().values())
        }
        #expect(try values(0) == [3])
        #expect(try values(1) == [2])
        let other = layers[1].fullName("mlp.up_proj.weight")
        #expect(
            try source.weight(other).floats().values()
                == model.weights.source.weight(other).floats().values())
        source.apply(patch[1], to: layers[1])
        #expect(try values(1) == [3])
    }

    @Test("a file has full names, layer by layer, and gives back what it was made of")
    func archive() throws {
        let (layers, patch, _) = try Self.patch()
        let archive = patch.archive(naming: layers)
        #expect(
            archive.entries.map(\.name) == [
                "model.layers.0.mlp.down_proj.weight", "model.layers.1.mlp.down_proj.weight",
            ])
        let back = try #require(WeightPatch(archive, naming: layers))
        #expect(back.layers.keys.sorted() == [0, 1])
        for index in 0...1 {
            #expect(back[index].names == [Self.name])
            #expect(back[index][Self.name]?.values() == patch[index][Self.name]?.values())
        }
        #expect(WeightPatch(archive, naming: [layers[0]]) == nil, "of a layer that is not there")
    }

    @Test("means are of a stretch's layers; a layer alone is left as it is")
    func means() throws {
        let (layers, patch, model) = try Self.patch()
        let source = PatchedWeights(model.weights.source)
        source.apply(patch, to: layers)
        let means = AveragedTensors(source: source, stretches: [[layers[0]], layers])
        #expect(means.tensors(ofLayer: 0).isEmpty)
        let all = means.tensors(ofLayer: 1)
        #expect(Set(all.keys) == Set(layers[0].localTensors.map(\.name)))
        let mean = try all[Self.name]?().values()
        #expect(mean.map(Set.init) == [2.5])
    }
}
