// Whole files of every family, held against those of llama.cpp's converter.

import Checkpoint
import EngineTestSupport
import JSON
import Model
import Store
import Testing

@testable import Export

@Suite struct ExportedModelTests {
    private static let types: [ExportType: [String: UInt32]] = [
        .bf16: ["BF16": 30, "F32": 0], .q8: ["Q8_0": 8, "F32": 0],
    ]

    @Test(arguments: GGUFFixtures.families, [ExportType.bf16, .q8])
    func `every tensor is that of the converter`(name: String, type: ExportType) throws {
        let expected = try #require(try GGUFFixtures.expected(name, type)["tensors"])
        guard case .object(let tensors) = expected else { return #expect(Bool(false), "no object") }
        let found = try GGUFFixtures.written(try GGUFFixtures.model(name), type)
        #expect(Set(found.tensors.map(\.name)) == Set(tensors.keys))
        for (key, value) in tensors {
            guard let tensor = found.tensor(key), let entry = value.elements({ $0 }) else {
                continue
            }
            #expect(entry[0].string.flatMap { Self.types[type]?[$0] } == tensor.type, "\(key)")
            #expect(entry[1].elements { $0.integer } == tensor.shape, "\(key)")
            let info = TensorInfo(
                name: key, type: try #require(TensorType(rawValue: tensor.type)),
                shape: tensor.shape)
            let data = Array(tensor.padded.prefix(info.byteCount))
            #expect(entry[2].string == Digest(of: data).hex, "\(key)")
            #expect(tensor.padded.dropFirst(info.byteCount).allSatisfy { $0 == 0 })
        }
    }

    @Test(arguments: GGUFFixtures.families)
    func `every number and word is that of the converter`(name: String) throws {
        let expected = try #require(try GGUFFixtures.expected(name, .q8)["metadata"])
        guard case .object(let metadata) = expected else { return }
        let found = try GGUFFixtures.written(try GGUFFixtures.model(name), .q8)
        // The file's own, and what the converter takes from config.json though no tokenizer names
        // it; lists are compared below.
        let passed = [
            "general.name", "general.size_label", "tokenizer.ggml.padding_token_id",
            "tokenizer.ggml.scores", "tokenizer.ggml.tokens", "tokenizer.ggml.merges",
            "tokenizer.ggml.token_type", "phi3.attention.sliding_window",
        ]
        for (key, value) in metadata where !passed.contains(key) {
            switch (value, found[key]) {
            case (.bool(let flag), .flag(let own)): #expect(flag == own, "\(key)")
            case (.string(let text), .text(let own)):
                #expect(text == String(decoding: own, as: UTF8.self), "\(key)")
            case (.number(let number), .number(let own)):
                #expect(abs(number.double - own) <= 1e-7 * abs(own), "\(key)")
            case (_, let own): #expect(Bool(false), "\(key): \(value.shown), \(own as Any)")
            }
        }
    }

    @Test(arguments: GGUFFixtures.families)
    func `tokens, kinds and merges are those of the converter`(name: String) throws {
        let metadata = try #require(try GGUFFixtures.expected(name, .q8)["metadata"])
        let found = try GGUFFixtures.written(try GGUFFixtures.model(name), .q8)
        for key in ["tokens", "merges", "token_type"] {
            let key = "tokenizer.ggml.\(key)"
            // Phi-3's converter calls the unknown token a control token.
            if name == "phi3", key.hasSuffix("type") { continue }
            guard let digest = metadata[key]?.string else { continue }
            let values = try #require(found[key]?.list).map { value -> JSONValue in
                value.text.map(JSONValue.string) ?? .integer(Int(value.number ?? 0))
            }
            let text = "[" + values.map(\.spelled).joined(separator: ", ") + "]"
            #expect(Digest(of: Array(text.utf8)).hex == digest, "\(key)")
        }
    }
}

extension JSONValue {
    /// As Python's json.dumps spells it.
    fileprivate var spelled: String {
        if let integer { return "\(integer)" }
        return JSONStringStyle.utf8.literal(string ?? "")
    }
}
