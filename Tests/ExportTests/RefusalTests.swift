// What is not written, by name and with the way out.

import Checkpoint
import DurableIO
import EngineTestSupport
import Foundation
import JSON
import Model
import SystemPackage
import TestSupport
import Testing
import Tokenizer

@testable import Export

@Suite struct RefusalTests {
    /// A fixture with another config and another tokenizer.json.
    private static func changed(
        _ name: String, config change: (inout ModelConfig) -> Void = { _ in },
        tokenizer: (String) -> String = { $0 }
    ) throws -> (scratch: CheckpointScratch, model: Model) {
        let source = try Checkpoint(GGUFFixtures.folder.appending(name))
        let scratch = try CheckpointScratch()
        var config = source.config
        change(&config)
        _ = try CheckpointWriter(folder: scratch.path).write(
            try source.tensorNames.map { .copy(try source.tensor($0), as: $0) }, config: config)
        let text = String(
            decoding: try CheckpointScratch.bytes(
                GGUFFixtures.folder.appending(name).appending("tokenizer.json")), as: UTF8.self)
        try scratch.write(Array(tokenizer(text).utf8), "tokenizer.json")
        return (scratch, try Model(try Checkpoint(scratch.path)))
    }

    /// Of a model whose folder goes with the last use of it.
    private static func refusal(
        of changed: (scratch: CheckpointScratch, model: Model)
    ) -> String {
        withExtendedLifetime(changed.scratch) { refusal(changed.model) }
    }

    private static func refusal(
        _ model: Model, _ type: ExportType = .q8
    ) -> String {
        do {
            _ = try GGUFExport(model, type: type, name: "x")
            return "written"
        } catch { return "\(error)" }
    }

    @Test func `a family that llama.cpp is not given is named, and what is known`() throws {
        let text = Self.refusal(try ArchitectureFixtures.model("jamba-odd"))
        #expect(text.contains("a jamba model") && text.contains("known are gemma2, llama"))
        #expect(text.contains("take the entry out of `export`"))
    }

    @Test func `a scaling of positions that the loader lacks is refused`() throws {
        let dynamic = Self.refusal(try ArchitectureFixtures.model("qwen2-dynamic-window"))
        #expect(dynamic.contains("tokenizer") || dynamic.contains("dynamic"))
        let model = try Self.changed("qwen2") {
            $0.set(
                "rope_parameters",
                to: ["rope_type": "dynamic", "factor": 2.0, "rope_theta": 10000.0])
        }
        #expect(Self.refusal(of: model).contains("no dynamic scaling"))
        let other = try Self.changed("qwen3") {
            $0.set(
                "rope_parameters",
                to: [
                    "rope_type": "llama3", "factor": 8.0, "rope_theta": 10000.0,
                    "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                    "original_max_position_embeddings": 32,
                ])
        }
        #expect(Self.refusal(of: other).contains("has no `llama3`"))
    }

    @Test func `an activation that the loader does not compute is refused`() throws {
        let model = try Self.changed("llama") {
            $0.set("hidden_act", to: "gelu_pytorch_tanh")
        }
        #expect(Self.refusal(of: model).contains("the activation silu, and this is geluTanh"))
    }

    @Test func `a soft cap that Gemma's loader would put in is refused`() throws {
        let model = try Self.changed("gemma2") {
            $0.set("final_logit_softcapping", to: JSONValue.null)
        }
        #expect(Self.refusal(of: model).contains("both soft caps"))
    }

    @Test func `a tokenizer that cuts or joins otherwise is refused`() throws {
        let cuts = try Self.changed("llama") { _ in
        } tokenizer: {
            $0.replacing("{1,3}", with: "{1,2}")
        }
        #expect(Self.refusal(of: cuts).contains("no name for the way its pre-tokenizer"))
        let normalises = try Self.changed("qwen2") { _ in
        } tokenizer: {
            $0.replacing("\"NFC\"", with: "\"Lowercase\"")
        }
        #expect(Self.refusal(of: normalises).contains("changes no text before it cuts it"))
        // A way to make a token that the list lacks.
        let joins = try Self.changed("mistral") { _ in
        } tokenizer: { text in
            guard let start = text.range(of: "\"merges\": [")?.upperBound,
                let end = text[start...].range(of: ", ")?.upperBound
            else { return text }
            return text.replacingCharacters(in: start..<end, with: "")
        }
        #expect(Self.refusal(of: joins).contains("not those of a SentencePiece model"))
    }

    @Test func `a tokenizer with more ids than the embedding has rows is refused`() throws {
        let folder = GGUFFixtures.folder.appending("llama")
        let document = try TokenizerDocument(SideFiles(folder))
        #expect(throws: ExportRefusal.self) { try Vocabulary(document, size: 499) }
        #expect(try Vocabulary(document, size: 500).caveats == [])
    }

    @Test func `a model in fewer bits is refused before anything else`() throws {
        let folder = FilePath(Places.fixtures.path).appending("quantised/fp8")
        let model = try Model(try Checkpoint(folder, keepsCodes: true))
        #expect(Self.refusal(model).contains("codes of compressed-tensors"))
    }

    @Test func `a model without a tokenizer is refused`() throws {
        let text = Self.refusal(try ArchitectureFixtures.model("llama-tied-yarn"))
        #expect(text.contains("expected a tokenizer.json, found none"))
    }

    @Test func `windows that the loader leaves out are told, with the length they matter from`()
        throws
    {
        let export = try GGUFExport(try GGUFFixtures.model("mistral"), type: .bf16, name: "x")
        #expect(export.caveats.contains { $0.contains("no attention windows") })
        #expect(export.caveats.contains { $0.contains("more than 16 tokens") })
        #expect(
            try GGUFExport(try GGUFFixtures.model("gemma2"), type: .bf16, name: "x").caveats == [])
    }

    @Test func `llama.cpp reads into a name only what the tokenizer has`() throws {
        func name(_ text: String, _ type: String, _ words: [String]) throws -> String {
            let vocabulary = words.enumerated().map { "\"\($1)\": \($0)" }
                .joined(separator: ", ")
            let json = """
                {"version": "1.0", "model": {"type": "BPE", "vocab": {\(vocabulary)}, "merges": []}}
                """
            return NameRule.name(
                text, modelType: type, try Tokenizer(json: Array(json.utf8)))
        }
        let whole = ["<unk>", "<s>", "</s>", "<|endoftext|>"]
        #expect(try name("Phi-3-mini", "phi3", whole) == "Phi-3-mini")
        #expect(try name("mine", "phi3", whole) == "mine (Phi-3)")
        #expect(try name("phi3", "phi3", ["<s>"]) == "model")
        #expect(try name("mine", "llama", whole) == "mine")
    }

    @Test func `Gemma's windows stand in the file as they are after layers went`() throws {
        let model = try Self.changed("gemma2") {
            $0.set("layer_types", to: ["full_attention", "sliding_attention"])
        }
        let found = try GGUFFixtures.written(model.model, .bf16)
        #expect(
            found["gemma2.attention.sliding_window_pattern"]
                == .list([.flag(false), .flag(true)]))
        let export = try GGUFExport(model.model, type: .bf16, name: "x")
        #expect(export.caveats.contains { $0.contains("an older llama.cpp derives") })
        withExtendedLifetime(model.scratch) {}
    }

    @Test func `a number that the type cannot hold ends the write and leaves nothing`() throws {
        // 1e30 in bf16.
        let (scratch, model) = try Self.changed(number: [0x4A, 0x71])
        let out = try scratch.folder("out")
        for type in [ExportType.f16, .q8, .q4] {
            let export = try GGUFExport(model, type: type, name: "x")
            #expect(throws: ExportRefusal.self) {
                try export.write(to: out, as: "x.gguf", observer: Hearer())
            }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: out.string) == [])
        _ = try GGUFExport(model, type: .bf16, name: "x").write(
            to: out, as: "x.gguf", observer: Hearer())
        #expect(try FileManager.default.contentsOfDirectory(atPath: out.string) == ["x.gguf"])
        withExtendedLifetime(scratch) {}
    }

    /// The last number of each `down_proj` is another; in float32 with four bytes.
    private static func changed(
        number: [UInt8]
    ) throws -> (scratch: CheckpointScratch, model: Model) {
        let source = try Checkpoint(GGUFFixtures.folder.appending("qwen2"))
        let scratch = try CheckpointScratch()
        let folder = try scratch.folder("model")
        _ = try CheckpointWriter(folder: folder).write(
            try source.tensorNames.map { name in
                let tensor = try source.tensor(name)
                guard name.hasSuffix("down_proj.weight") else { return .copy(tensor, as: name) }
                #expect(tensor.dtype == .bf16)
                var bytes = tensor.allBytes
                if number.count == 4 {
                    bytes = stride(from: 0, to: bytes.count, by: 2).flatMap {
                        [0, 0, bytes[$0], bytes[$0 + 1]]
                    }
                }
                bytes.replaceSubrange(bytes.count - number.count..<bytes.count, with: number)
                return .bytes(name, number.count == 4 ? .f32 : .bf16, tensor.shape, bytes)
            }, config: source.config)
        let text = try CheckpointScratch.bytes(source.folder.appending("tokenizer.json"))
        try scratch.write(text, "model/tokenizer.json")
        return (scratch, try Model(try Checkpoint(folder)))
    }

    private static func fault(
        writing model: Model, _ type: ExportType, to folder: FilePath
    ) throws -> ExportRefusal? {
        let export = try GGUFExport(model, type: type, name: "x")
        let error = #expect(throws: ExportRefusal.self) {
            try export.write(to: folder, as: "x.gguf", observer: Hearer())
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.string) == [])
        return error
    }

    @Test(
        "what is no number is written in no type, be it as it is stored",
        arguments: [[0xC0, 0x7F], [0x80, 0xFF]] as [[UInt8]], [ExportType.bf16, .f16])
    func notFinite(number: [UInt8], type: ExportType) throws {
        let (scratch, model) = try Self.changed(number: number)
        let error = try Self.fault(writing: model, type, to: try scratch.folder("out"))
        withExtendedLifetime(scratch) {}
        #expect(error?.description.contains("1 of its numbers are NaN or infinite") == true)
    }

    @Test func `a number that no type holds is not sent on to another type`() throws {
        // The largest of float32.
        let (scratch, model) = try Self.changed(number: [0xFF, 0xFF, 0x7F, 0x7F])
        let out = try scratch.folder("out")
        for type in [ExportType.bf16, .f16, .q8] {
            let text = try Self.fault(writing: model, type, to: out)?.description ?? ""
            #expect(text.contains("any type of weights in this format"), "\(text)")
            #expect(!text.contains("ask for the type"), "\(text)")
        }
        // 1e30.
        let (other, smaller) = try Self.changed(number: [0xCA, 0xF2, 0x49, 0x71])
        let error = try Self.fault(writing: smaller, .f16, to: try other.folder("out"))
        #expect(error?.description.contains("ask for the type bf16") == true)
        withExtendedLifetime((scratch, other)) {}
    }
}
