// Tiny models of each family with a tokenizer, and what llama.cpp's converter makes of them
// (Scripts/make_gguf_goldens.py).

import Checkpoint
import DurableIO
import EngineTestSupport
import Foundation
import JSON
import Model
import SystemPackage
import TestSupport
import Testing

@testable import Export

enum GGUFFixtures {
    static let folder = FilePath(Places.fixtures.path).appending("gguf")
    static let families = ["gemma2", "llama", "mistral", "mixtral", "phi3", "qwen2", "qwen3"]

    static func model(_ name: String) throws -> Model {
        try Model(Checkpoint(folder.appending(name)))
    }

    /// By family and type.
    static func expected(_ name: String, _ type: ExportType) throws -> JSONValue {
        let bytes = try CheckpointScratch.bytes(folder.appending("expected.json"))
        let all = try JSONValue(parsing: bytes.span, limits: JSONLimits(bytes: 1 << 20))
        return all[name]?[type.rawValue] ?? .null
    }

    /// The file that is written of a model.
    static func written(_ model: Model, _ type: ExportType) throws -> FileReader {
        let scratch = try CheckpointScratch()
        let export = try GGUFExport(model, type: type, name: "tiny")
        let file = try export.write(to: scratch.path, as: "tiny.gguf", observer: Hearer())
        let found = try FileReader(scratch.path.appending(file.name))
        #expect(file.byteCount == export.byteCount)
        #expect(try scratch.names == ["tiny.gguf"])
        return found
    }
}
