// Models that were written as GGUF, read back as checkpoints: tensors, config.json, tokenizer.

import Checkpoint
import DurableIO
import EngineTestSupport
import JSON
import Model
import SystemPackage
import TensorMath
import Testing
import Tokenizer

@testable import Export

@Suite struct GGUFInputTests {
    static let families = ["llama", "mixtral", "qwen2", "qwen3", "gemma2"]

    private static func written(
        _ name: String, _ type: ExportType
    ) throws -> (scratch: CheckpointScratch, path: FilePath, source: Model) {
        let scratch = try CheckpointScratch()
        let source = try GGUFFixtures.model(name)
        let export = try GGUFExport(source, type: type, name: "tiny")
        let file = try export.write(to: scratch.path, as: "tiny.gguf", observer: Hearer())
        return (scratch, scratch.path.appending(file.name), source)
    }

    private static func logits(_ model: Model) throws -> [Float] {
        let tokens = ArchitectureFixtures.tokens([20, 5], of: model)
        let forward = ForwardPass(weights: model.weights, mode: .float32)
        let stream = try forward.run(PackedSequences(tokens), observer: Hearer())
        return try OutputHead(forward).logits(stream).values()
    }

    @Test(arguments: families)
    func `what was written in bf16 comes back bit for bit`(name: String) throws {
        let (kept, path, source) = try Self.written(name, .bf16)
        let model = try Model(try Checkpoint(path))
        #expect(model.unread.isEmpty && model.quantization == nil)
        #expect(model.checkpoint.decodedFormat == "GGUF, BF16, F32")
        #expect(
            Set(model.blueprint.tensors.map(\.name)) == Set(source.blueprint.tensors.map(\.name)))
        for tensor in model.blueprint.tensors {
            let found = try model.checkpoint.tensor(tensor.name).floats()
            let expected = try source.checkpoint.tensor(tensor.name).floats()
            #expect(found == expected, "\(tensor.name)")
        }
        #expect(relativeError(try Self.logits(model), try Self.logits(source)) < 1e-6)
        withExtendedLifetime(kept) {}
    }

    /// The blueprint has all that computes: scales, windows, rotations.
    @Test(arguments: families)
    func `config.json computes what the original's does`(name: String) throws {
        let (kept, path, source) = try Self.written(name, .bf16)
        var found = try Model(try Checkpoint(path)).blueprint
        var expected = source.blueprint
        found.readings = []
        expected.readings = []
        // Written as q's own factor; see `Loader.scale`.
        if name == "gemma2" {
            #expect(found.layers.count == expected.layers.count)
        } else {
            #expect(found == expected)
        }
        withExtendedLifetime(kept) {}
    }

    @Test(arguments: families, [ExportType.q8, .q4, .f16])
    func `blocks are shown in bf16, once rounded`(name: String, type: ExportType) throws {
        let (kept, path, source) = try Self.written(name, type)
        let model = try Model(try Checkpoint(path))
        var coded = 0
        for tensor in model.blueprint.tensors {
            let found = try model.checkpoint.tensor(tensor.name)
            let original = try source.checkpoint.tensor(tensor.name).floats()
            let values = try found.floats()
            let largest = original.map { abs($0) }.max() ?? 0
            let step: Float = ["Q8_0": 1 / 127, "Q4_0": 1 / 7][found.storedType] ?? 0x1p-8
            let error = zip(values, original).map { abs($0 - $1) }.max() ?? 0
            #expect(error <= largest * step, "\(tensor.name) \(found.storedType)")
            guard found.storedType.hasPrefix("Q") else { continue }
            coded += 1
            #expect(found.dtype == .bf16)
            #expect(values == values.map { Conversion.rounded($0, to: .bf16) })
        }
        #expect(type == .f16 ? coded == 0 : coded > 0)
        #expect(try Self.logits(model).allSatisfy { $0.isFinite })
        withExtendedLifetime(kept) {}
    }

    @Test(arguments: ["llama", "qwen2", "qwen3"])
    func `byte-level tokenizers give the same ids`(name: String) throws {
        let (kept, path, source) = try Self.written(name, .bf16)
        let checkpoint = try Checkpoint(path)
        #expect(checkpoint.warnings.isEmpty)
        let (found, expected) = (
            try TokenizerFolder.load(checkpoint.sideFiles),
            try TokenizerFolder.load(source.checkpoint.folder)
        )
        for text in [
            "Hello, world! It's 2026, isn't it?", "  spaces\n\n\tand 12345 tabs", "naïve café 東京 🙂",
            "<|begin_of_text|>x<|endoftext|>", "",
        ] {
            #expect(try found.encode(text) == expected.encode(text), "\(text)")
            let ids = try found.encode(text)
            #expect(try found.decode(ids) == expected.decode(ids))
        }
        withExtendedLifetime(kept) {}
    }

    @Test func `a SentencePiece vocabulary needs its own file beside it`() throws {
        let (kept, path, source) = try Self.written("mistral", .bf16)
        let checkpoint = try Checkpoint(path)
        let text = try #require(checkpoint.warnings.first).description
        #expect(text.contains("`llama`") && text.contains("tokenizer.json beside the file"))
        #expect(throws: TokenizerError.self) { try TokenizerFolder.load(checkpoint.sideFiles) }
        let own = try CheckpointScratch.bytes(source.checkpoint.folder.appending("tokenizer.json"))
        try kept.write(own, "tokenizer.json")
        let again = try Checkpoint(path)
        #expect(again.warnings.isEmpty)
        let ids = try TokenizerFolder.load(again.sideFiles).encode("Hello")
        #expect(try ids == TokenizerFolder.load(source.checkpoint.folder).encode("Hello"))
    }

    @Test func `a vocabulary of which no tokenizer can be made is told with its fault`() throws {
        let (kept, path, _) = try Self.written("llama", .bf16)
        var bytes = try CheckpointScratch.bytes(path)
        let key = try #require(bytes.firstRange(of: Array("tokenizer.ggml.merges".utf8)))
        bytes[key.upperBound - 1] = UInt8(ascii: "z")
        let damaged = try kept.write(bytes, "damaged.gguf")
        let files = try Checkpoint(damaged).sideFiles
        let error = #expect(throws: TokenizerError.self) { try TokenizerFolder.load(files) }
        let text = error?.description ?? ""
        #expect(text.hasPrefix("\(damaged.string): key `tokenizer.ggml."), "\(text)")
        #expect(text.contains("expected tokens and merges"), "\(text)")
    }

    @Test func `the files of a result are made`() throws {
        let (kept, path, source) = try Self.written("llama", .q8)
        let checkpoint = try Checkpoint(path)
        let scratch = try CheckpointScratch()
        let model = try Model(checkpoint)
        _ = try CheckpointWriter(folder: scratch.path).write(
            try model.blueprint.tensors.map {
                .copy(try checkpoint.tensor($0.name), as: $0.name)
            }, config: checkpoint.config, companionsOf: checkpoint)
        #expect(
            try scratch.names == [
                "config.json", "generation_config.json", "model.safetensors", "tokenizer.json",
                "tokenizer_config.json",
            ])
        let result = try Model(try Checkpoint(scratch.path))
        #expect(try Self.logits(result) == Self.logits(model))
        #expect(result.blueprint.layers.count == source.blueprint.layers.count)
        withExtendedLifetime(kept) {}
    }

    @Test func `identical files have one digest of contents, whatever they are called`() throws {
        let (kept, path, _) = try Self.written("qwen3", .q8)
        let (other, second, _) = try Self.written("qwen3", .q8)
        let (a, b) = (try Checkpoint(path), try Checkpoint(second))
        #expect(a.config.object == b.config.object)
        #expect(a.storedTensors.map(\.name) == b.storedTensors.map(\.name))
        for (x, y) in zip(a.storedTensors, b.storedTensors) {
            #expect(x.hasContents(of: y) && x.storedType == y.storedType)
        }
        withExtendedLifetime((kept, other)) {}
    }
}
