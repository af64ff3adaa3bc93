// Models that are stored as codes compute what transformers computes of them, and become plain
// models when they are written (Scripts/make_code_goldens.py).

import Checkpoint
import EngineTestSupport
import Foundation
import Model
import SystemPackage
import TensorMath
import TestSupport
import Testing

@Suite struct CodedModelTests {
    private static let folder = FilePath(Places.fixtures.path).appending("codes")

    private static func logits(_ model: Model, _ tokens: [Int32]) throws -> [Float] {
        let forward = ForwardPass(weights: model.weights, mode: .float32)
        let stream = try forward.run(PackedSequences([tokens]), observer: Hearer())
        return try OutputHead(forward).logits(stream).values()
    }

    @Test(arguments: ["fp8-blocks", "mxfp4"])
    func logitsAreThoseOfTransformers(_ name: String) throws {
        let folder = Self.folder.appending(name)
        let model = try Model(try Checkpoint(folder))
        #expect(model.unread.isEmpty && model.checkpoint.decodedFormat != nil)
        let expected = try TensorArchive(
            parsing: try CheckpointScratch.bytes(folder.appending("expected.safetensors")))
        let tokens = try #require(expected.integers("ids"))
        let wanted = try #require(expected.matrix("logits")).values()
        let error = relativeError(try Self.logits(model, tokens), wanted)
        #expect(error < 1e-5, "\(error)")

        // Written out it is a plain model of the same function.
        let scratch = try CheckpointScratch()
        let tensors = try model.blueprint.tensors.map {
            OutputTensor.copy(try model.checkpoint.tensor($0.name), as: $0.name)
        }
        _ = try CheckpointWriter(folder: scratch.path).write(
            tensors, config: model.checkpoint.config)
        let plain = try Model(try Checkpoint(scratch.path))
        #expect(plain.checkpoint.decodedFormat == nil && plain.checkpoint.codedTensors.isEmpty)
        for name in plain.checkpoint.tensorNames {
            #expect(try plain.checkpoint.tensor(name).dtype == .bf16, "\(name)")
        }
        #expect(try Self.logits(plain, tokens) == Self.logits(model, tokens))
    }

    @Test func whatIsMadeOfCodesIsCountedAndForgotten() throws {
        let model = try Model(try Checkpoint(Self.folder.appending("mxfp4")))
        let layer = model.blueprint.layers[1]
        let source = MappedWeights(model.checkpoint)
        let name = layer.prefix + "mlp.experts.down_proj"
        // [3, 64, 32] and [3, 32, 128] in bf16.
        #expect(source.ownByteCount(layer.tensors) == 2 * 3 * (64 * 32 + 32 * 128))
        let first = try source.weight(name)
        #expect(first.rows == 3 && first.columns == 64 * 32 && first.format == .bf16)
        #expect(try source.weight(name).isSame(as: first))
        source.release(layer.tensors.map(\.name))
        #expect(try !source.weight(name).isSame(as: first))
    }
}
