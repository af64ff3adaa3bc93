// A checkpoint that is not what its config.json says: each way has its own error.

import Checkpoint
import EngineTestSupport
import JSON
import Model
import SystemPackage
import TensorMath
import Testing

@Suite struct ModelErrorTests {
    /// A copy of a fixture, with a tensor left out or of another shape, and a changed config.
    static func altered(
        _ name: String, without missing: String? = nil,
        reshaped: (name: String, shape: [Int])? = nil,
        config change: (inout ModelConfig) -> Void = { _ in }
    ) throws -> (CheckpointScratch, Checkpoint) {
        let source = try Checkpoint(ArchitectureFixtures.folder.appending(name))
        let scratch = try CheckpointScratch()
        var config = source.config
        change(&config)
        let tensors = try source.tensorNames.filter { $0 != missing }.map { tensor in
            guard let reshaped, reshaped.name == tensor else {
                return OutputTensor.copy(try source.tensor(tensor), as: tensor)
            }
            let count = reshaped.shape.reduce(1, *)
            return .bytes(tensor, .f32, reshaped.shape, [UInt8](repeating: 0, count: 4 * count))
        }
        _ = try CheckpointWriter(folder: scratch.path).write(tensors, config: config)
        return (scratch, try Checkpoint(scratch.path))
    }

    @Test("every tensor is missed by its name and shape", arguments: ArchitectureFixtures.names)
    func missing(name: String) throws {
        let model = try ArchitectureFixtures.model(name)
        let carried = Set(model.blueprint.carried.map(\.name))
        for tensor in model.blueprint.tensors where !carried.contains(tensor.name) {
            let (scratch, checkpoint) = try Self.altered(name, without: tensor.name)
            #expect(
                throws: ModelError.missingTensor(
                    name: tensor.name, expectedShape: tensor.shape)
            ) { try Model(checkpoint) }
            withExtendedLifetime(scratch) {}
        }
    }

    @Test("a wrong shape is told with the right one")
    func wrongShape() throws {
        let name = "model.layers.1.self_attn.k_proj.weight"
        let (scratch, checkpoint) = try Self.altered(
            "llama-tied-yarn", reshaped: (name, [18, 16]))
        #expect(
            throws: ModelError.wrongShape(name: name, expected: [16, 18], found: [18, 16])
        ) { try Model(checkpoint) }
        withExtendedLifetime(scratch) {}
    }

    @Test("an unknown architecture is told with the known ones")
    func unknownArchitecture() throws {
        let (scratch, checkpoint) = try Self.altered("llama-tied-yarn") {
            $0.set("model_type", to: .string("perceptron"))
        }
        let error = #expect(throws: ModelError.self) { try Model(checkpoint) }
        #expect(
            error
                == .unknownArchitecture(
                    modelType: "perceptron", known: Architectures.all.map(\.modelType)))
        #expect(error?.description.contains("perceptron") == true)
        #expect(error?.description.contains("llama") == true)
        withExtendedLifetime(scratch) {}
    }

    @Test(
        "every needed key of config.json is missed by its name",
        arguments: [
            "model_type", "hidden_size", "intermediate_size", "num_hidden_layers",
            "num_attention_heads", "vocab_size",
        ])
    func missingKey(key: String) throws {
        let (scratch, checkpoint) = try Self.altered("llama-tied-yarn") {
            $0.set(key, to: JSONValue?.none)
        }
        let error = #expect(throws: ConfigError.self) { try Model(checkpoint) }
        #expect(error?.description.contains(key) == true)
        withExtendedLifetime(scratch) {}
    }

    @Test("what this build does not compute is refused by key and value")
    func unsupported() throws {
        let changes: [(String, JSONValue)] = [
            ("hidden_act", .string("quick_gelu")), ("num_key_value_heads", .integer(4)),
        ]
        for (key, value) in changes {
            let (scratch, checkpoint) = try Self.altered("llama-tied-yarn") {
                $0.set(key, to: value)
            }
            let error = #expect(throws: ModelError.self) { try Model(checkpoint) }
            #expect(error?.description.contains(key) == true)
            withExtendedLifetime(scratch) {}
        }
        let (scratch, checkpoint) = try Self.altered("llama-tied-yarn") {
            $0.set("hidden_size", to: -1)
        }
        #expect(throws: ConfigError.self) { try Model(checkpoint) }
        withExtendedLifetime(scratch) {}
    }

    @Test("tensors that nothing reads are told, not an error")
    func unread() throws {
        let source = try Checkpoint(ArchitectureFixtures.folder.appending("llama-tied-yarn"))
        let scratch = try CheckpointScratch()
        let extra = "model.layers.0.self_attn.rotary_emb.inv_freq"
        let tensors =
            try source.tensorNames.map { OutputTensor.copy(try source.tensor($0), as: $0) }
            + [.bytes(extra, .f32, [4], [UInt8](repeating: 0, count: 16))]
        _ = try CheckpointWriter(folder: scratch.path).write(tensors, config: source.config)
        #expect(try Model(try Checkpoint(scratch.path)).unread == [extra])
    }

    @Test(
        "a token outside the vocabulary is told with the vocabulary's size",
        arguments: [
            Int32(33), -1, .max, .min,
        ])
    func tokenOutside(token: Int32) throws {
        let model = try ArchitectureFixtures.model("llama-tied-yarn")
        let forward = ForwardPass(weights: model.weights, mode: .float32)
        #expect(
            throws: ModelError.tokenOutsideVocabulary(token: Int(token), vocabularySize: 33)
        ) {
            _ = try forward.run(PackedSequences([[0, token]]), observer: SilentObserver())
        }
    }

    @Test("every error says what to do in words of its own")
    func descriptions() {
        let errors: [ModelError] = [
            .unknownArchitecture(modelType: "a", known: ["b"]),
            .missingTensor(name: "t", expectedShape: [2]),
            .wrongShape(name: "t", expected: [1], found: [2]),
            .unsupported(key: "k", found: "v", advice: "a"),
            .layerPattern(kind: "attention", layers: [1]),
            .tokenOutsideVocabulary(token: 9, vocabularySize: 8),
        ]
        #expect(Set(errors.map(\.description)).count == errors.count)
        #expect(errors.allSatisfy { $0.description.count > 20 })
    }
}
