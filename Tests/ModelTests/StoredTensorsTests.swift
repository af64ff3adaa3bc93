// What the stored tensors say against config.json: another head, other names, tensors too many.

import Checkpoint
import EngineTestSupport
import Foundation
import Model
import TensorMath
import Testing

@Suite struct StoredTensorsTests {
    private static let tied = "llama-tied-yarn"
    private static let head = "lm_head.weight"
    private static let embedding = "model.embed_tokens.weight"

    static func logits(_ model: Model) throws -> [Float] {
        let forward = ForwardPass(weights: model.weights, mode: .float32)
        let stream = try forward.run(
            PackedSequences([[1, 2, 3, 4], [5]]), observer: SilentObserver())
        return try OutputHead(forward).logits(stream).values()
    }

    /// The embedding with its rows turned round, as a head.
    private static func otherHead(_ source: Checkpoint) throws -> OutputTensor {
        let tensor = try source.tensor(embedding)
        return .bytes(head, tensor.dtype, tensor.shape, tensor.allBytes.reversed())
    }

    @Test("a stored head that differs from the embedding it is tied to is used")
    func ownHead() throws {
        let (scratch, checkpoint) = try ArchitectureFixtures.changed(
            Self.tied, adding: { [try Self.otherHead($0)] })
        let model = try Model(checkpoint)
        #expect(model.blueprint.outputHead == Self.head)
        #expect(model.blueprint.readings == [.headOfItsOwn] && model.unread == [])
        let plain = try Self.logits(try ArchitectureFixtures.model(Self.tied))
        #expect(try Self.logits(model) != plain)
        withExtendedLifetime(scratch) {}
    }

    @Test("a stored copy of the embedding changes nothing, and is told")
    func copiedHead() throws {
        let (scratch, checkpoint) = try ArchitectureFixtures.changed(
            Self.tied, adding: { [.copy(try $0.tensor(Self.embedding), as: Self.head)] })
        let model = try Model(checkpoint)
        #expect(model.blueprint.isTied && model.blueprint.readings.isEmpty)
        #expect(model.unread == [Self.head])
        withExtendedLifetime(scratch) {}
    }

    @Test("layers that predict further tokens are left out, as many as config.json names")
    func furtherLayers() throws {
        let name = "deepseek_v3-latent"
        let model = try ArchitectureFixtures.model(name)
        #expect(model.leftOut.count == 8 && model.unread == [])
        #expect(model.leftOut.allSatisfy { $0.hasPrefix("model.layers.4.") })
        let key = "num_nextn_predict_layers"
        var config = model.checkpoint.config
        try model.settle(&config)
        #expect(try config.integer(key) == 0)
        let (scratch, checkpoint) = try ArchitectureFixtures.changed(
            name, config: { $0.set(key, to: 0) })
        #expect(throws: ModelError.self) { try Model(checkpoint) }
        withExtendedLifetime(scratch) {}
    }

    @Test("where only the head is stored, it is the embedding too")
    func headOnly() throws {
        let (scratch, checkpoint) = try ArchitectureFixtures.changed(
            Self.tied, named: { $0 == Self.embedding ? Self.head : $0 })
        let model = try Model(checkpoint)
        let plain = try ArchitectureFixtures.model(Self.tied)
        #expect(try Self.logits(model) == Self.logits(plain))
        #expect(model.parameterCount == plain.parameterCount)
        withExtendedLifetime(scratch) {}
    }

    @Test(
        "a base model saved by itself, without `model.`, computes the same",
        arguments: ArchitectureFixtures.names)
    func bareNames(name: String) throws {
        let whole = try ArchitectureFixtures.model(name)
        // A model inside a larger one is never saved so.
        guard whole.architecture.roots.contains("") else { return }
        let (scratch, checkpoint) = try ArchitectureFixtures.changed(
            name, named: { $0.hasPrefix("model.") ? String($0.dropFirst(6)) : $0 })
        let model = try Model(checkpoint)
        #expect(model.blueprint.tensors.allSatisfy { !$0.name.hasPrefix("model.") })
        #expect(
            try Self.logits(model) == Self.logits(whole))
        withExtendedLifetime(scratch) {}
    }

    @Test(
        "tensors that the model does not have are refused by name, with what may be wrong",
        arguments: [
            (["model.layers.0.self_attn.q_proj.bias"], "attention_bias"),
            (["model.layers.9.mlp.up_proj.weight"], "`num_hidden_layers` "),
            (["model.layers.0.q_proj.lora_A.weight"], "adapter"),
            (["score.weight", "a", "b", "c"], "and 1 more"),
            (["lm_head.bias"], "lm_head.bias"), (["embed_tokens.weight"], "take it"),
        ])
    func surplus(names: [String], words: String) throws {
        let (scratch, checkpoint) = try ArchitectureFixtures.changed(
            Self.tied,
            adding: { _ in
                names.map { .bytes($0, .f32, [1], [0, 0, 0, 0]) }
            })
        let error = #expect(throws: ModelError.self) { try Model(checkpoint) }
        guard case .unread(let unread) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(unread.names == names.sorted())
        let text = unread.description
        #expect(text.contains(words) && text.contains(checkpoint.folderText), "\(text)")
        withExtendedLifetime(scratch) {}
    }
}
