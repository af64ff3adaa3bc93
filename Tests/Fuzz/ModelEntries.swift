// Models as the fuzzer sees them: configs of every architecture, and files of GGUF.

import Checkpoint
import Foundation
import JSON
import Model
import SystemPackage

extension Entry {
    static let models = [
        Entry(
            "config",
            Seeds.files(below: "Tests/Fixtures", ending: "/config.json", bytesMax: 1 << 14),
            Seeds.configWords, accepts: config),
        Entry(
            "gguf", Seeds.files(below: "Tests/Fixtures/fuzz", ending: ".gguf", bytesMax: 1 << 16),
            Seeds.ggufWords, accepts: gguf),
    ]

    /// A config is refused, or has a blueprint whose tensors can be listed.
    private static func config(_ bytes: [UInt8]) -> Bool {
        do {
            let config = try ModelConfig.parse(bytes.span, file: "config.json")
            let blueprint = try Architectures.find(config).blueprint(config)
            promise(blueprint.tensors.allSatisfy { !$0.name.isEmpty }, "tensors have names")
            return true
        } catch { return refused(error) }
    }

    /// What is opened can be read: every tensor has the numbers that its shape says.
    private static func gguf(_ bytes: [UInt8]) -> Bool {
        let path = FilePath(
            FileManager.default.temporaryDirectory.path
                + "/layerfold-fuzz-\(ProcessInfo.processInfo.processIdentifier).gguf")
        defer { try? FileManager.default.removeItem(atPath: path.string) }
        do {
            try Data(bytes).write(to: URL(filePath: path.string))
            let checkpoint = try Checkpoint(path)
            for tensor in checkpoint.codedTensors {
                guard let coding = tensor.coding else { continue }
                let lines = tensor.lineCount
                var values = [Float](repeating: 0, count: lines * tensor.lineWidth)
                var span = values.mutableSpan
                coding.decode(0..<lines, into: &span)
            }
            // Its names and shapes may still be no model's.
            _ = try Model(checkpoint)
            return true
        } catch { return refused(error) }
    }
}

extension Seeds {
    fileprivate static let configWords =
        jsonWords + [
            #""num_hidden_layers":"#, #""layer_types":["#, #""text_config":{"#, "null", "[]", "-1",
            "0", "4097", "1e9", "9223372036854775807", "0.5", "true",
            #""sliding_attention""#, #""full_attention""#, #""linear_attention""#,
            #""rope_parameters":{"rope_type":"yarn","factor":0},"#,
        ]
    fileprivate static let ggufWords = [
        "GGUF", "\0\0\0\0\0\0\0\0", "\u{FF}", "general.architecture", "llama", "gemma3", "qwen3",
        ".block_count", ".attention.head_count", "blk.0.attn_q.weight", "token_embd.weight",
        "tokenizer.ggml.model",
    ]
}
