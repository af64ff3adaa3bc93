// A model written in fewer bits and read back: which tensors it has, what they hold, what is
// refused.

import Catalogue
import Checkpoint
import DurableIO
import EngineTestSupport
import JSON
import Model
import Quantization
import Schemes
import TensorMath
import TestSupport
import Testing

@Suite struct QuantizedCheckpointTests {
    private func written(
        _ name: String, _ scheme: QuantizationScheme
    ) throws -> (scratch: CheckpointScratch, source: Model, model: Model) {
        try written(try ArchitectureFixtures.model(name), scheme)
    }

    private func written(
        _ source: Model, _ scheme: QuantizationScheme
    ) throws -> (scratch: CheckpointScratch, source: Model, model: Model) {
        let scratch = try CheckpointScratch()
        let checkpoint = try QuantizedCheckpoint(
            source, scheme,
            tensors: RoundedTensors(source.weights.source, scheme.weights))
        let planned = try checkpoint.byteCount(shardByteLimit: nil)
        let result = try checkpoint.write(
            to: scratch.path, shardByteLimit: nil, observer: Hearer())
        let weights = result.files.filter { $0.name.hasSuffix(".safetensors") }
        #expect(
            planned - source.checkpoint.companionByteCount
                == weights.reduce(0) { $0 + $1.byteCount })
        return (
            scratch, source, try Model(try Checkpoint(scratch.path, keepsCodes: true))
        )
    }

    static let schemes = [
        QuantizationScheme(
            weights: WeightScheme(kind: .int, bits: 4, group: nil), activations: .none),
        QuantizationScheme(
            weights: WeightScheme(kind: .int, bits: 8, group: nil), activations: .none),
        QuantizationScheme(
            weights: WeightScheme(kind: .int, bits: 8, group: nil), activations: .int8Token),
        QuantizationScheme(
            weights: WeightScheme(kind: .float, bits: 8, group: nil), activations: .fp8Token),
    ]

    @Test(arguments: ["llama-tied-yarn", "phi3-longrope-partial", "qwen2-dynamic-window"], schemes)
    func whatIsReadIsWhatWasRounded(_ name: String, _ scheme: QuantizationScheme) throws {
        let (_, source, model) = try written(name, scheme)
        #expect(model.quantization?.scheme == scheme)
        #expect(model.unread.isEmpty && model.parameterCount == source.parameterCount)
        let weights = QuantizableWeights(source.blueprint)
        for tensor in source.blueprint.tensors {
            let before = try source.checkpoint.tensor(tensor.name)
            guard weights.contains(tensor.name) else {
                let after = try model.checkpoint.tensor(tensor.name)
                #expect(after.hasContents(of: before), "\(tensor.name)")
                continue
            }
            let format = try before.floatFormat()
            let expected = try QuantizedMatrix(
                rounding: try before.weight().floats(), scheme.weights, scalesIn: format)
            #expect(try model.quantization?.matrix(tensor.name) == expected, "\(tensor.name)")
            let found = try model.weights.source.weight(tensor.name)
            let read = scheme.activations == .none ? format : .f32
            #expect(found.floats().values() == expected.dequantized(in: read).values())
        }
        let config = model.checkpoint.config.value(QuantizationConfig.key)
        #expect(config == QuantizationConfig(scheme, ignore: ["lm_head"]).json)
    }

    @Test(arguments: schemes[..<2])
    func expertsComeBackAndMambaStays(_ scheme: QuantizationScheme) throws {
        let (_, source, model) = try written("jamba-odd", scheme)
        let weights = QuantizableWeights(source.blueprint)
        #expect(weights.tensors.contains { $0.name.contains("experts") })
        for tensor in source.blueprint.tensors {
            #expect(model.quantization?.holds(tensor.name) == weights.contains(tensor.name))
        }
        let config = model.checkpoint.config.value(QuantizationConfig.key)
        #expect(config == QuantizationConfig(scheme, ignore: weights.ignore).json)
        let tokens = PackedSequences(ArchitectureFixtures.tokens([9, 20], of: model))
        let stream = try ForwardPass(weights: model.weights, mode: .float32).run(
            tokens, observer: SilentObserver())
        #expect(stream.values().count { !$0.isFinite } == 0)
    }

    @Test func aHeadOfItsOwnStaysOne() throws {
        let (kept, checkpoint) = try ArchitectureFixtures.changed(
            "llama-tied-yarn",
            adding: { source in
                let tensor = try source.tensor("model.embed_tokens.weight")
                return [
                    .bytes(
                        "lm_head.weight", tensor.dtype, tensor.shape, tensor.allBytes.reversed())
                ]
            })
        let (_, source, model) = try written(try Model(checkpoint), Self.schemes[0])
        #expect(!source.blueprint.isTied && !model.blueprint.isTied)
        #expect(try model.checkpoint.config.bool("tie_word_embeddings") == false)
        withExtendedLifetime(kept) {}
    }

    @Test func groupsAreStoredColumnByColumn() throws {
        let scheme = QuantizationScheme(
            weights: WeightScheme(kind: .int, bits: 4, group: 8), activations: .none)
        let (_, source, model) = try written("qwen2-dynamic-window", scheme)
        let name = try #require(source.blueprint.layers.first?.projections.first).tensor
        let shape = try source.checkpoint.tensor(name).shape
        #expect(
            try model.checkpoint.tensor(name + "_scale").shape == [shape[0], shape[1] / 8])
        #expect(
            try model.checkpoint.tensor(name + "_packed").shape == [shape[0], shape[1] / 8])
        #expect(try model.checkpoint.tensor(name + "_shape").dtype == .i64)
    }

    @Test func onlyWhatLoadersTakeIsQuantised() throws {
        let jamba = QuantizableWeights(try ArchitectureFixtures.model("jamba-odd").blueprint)
        #expect(jamba.ignore.contains("re:.*mamba.*") && jamba.ignore.contains("lm_head"))
        #expect(jamba.ignore.contains("re:.*feed_forward.router$"))
        #expect(jamba.tensors.allSatisfy { !$0.name.contains("mamba") })
        #expect(throws: QuantizationRefusal.expertsWithActivations(scheme: "W8A8")) {
            try jamba.check(Self.schemes[2])
        }
        try jamba.check(Self.schemes[0])
    }

    @Test func groupsThatDoNotFitSayWhatDoes() throws {
        let weights = QuantizableWeights(
            try ArchitectureFixtures.model("qwen2-dynamic-window").blueprint)
        let first = try #require(weights.tensors.first { $0.shape[1] % 16 != 0 })
        #expect(try GroupChoice.columns(8).group(of: weights) == 8)
        #expect(try GroupChoice.channel.group(of: weights) == nil)
        #expect(
            throws: QuantizationRefusal.group(
                16, tensor: first.name, columns: first.shape[1], works: nil)
        ) { try GroupChoice.columns(16).group(of: weights) }
        let any = try #require(weights.tensors.first)
        #expect(
            throws: QuantizationRefusal.noGroup(tensor: any.name, columns: any.shape[1])
        ) { try GroupChoice.auto.group(of: weights) }
    }

    @Test func methodsAreThoseThatAreOffered() {
        #expect(
            QuantizationMethod.all.map(\.declaration.name) == Offer.quantizations.map(\.name))
    }

    @Test func activationsAreRoundedOnTheWay() throws {
        let (_, source, model) = try written("llama-odd-linear", Self.schemes[3])
        let name = try #require(source.blueprint.layers.first?.projections.first).tensor
        #expect(model.weights.source.activations(name) == .fp8Token)
        #expect(model.weights.source.activations(source.blueprint.embedding) == .none)
        #expect(source.weights.source.activations(name) == .none)
    }
}
