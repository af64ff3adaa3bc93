// Whole checkpoint folders, as they should be and as they hardly ever are.

import EngineTestSupport
import Foundation
import SystemPackage
import Testing

@testable import Checkpoint

@Suite struct CheckpointTests {
    @Test(
        "the shared checkpoints open, every tensor's bytes are there, config.json comes back",
        .enabled(if: SharedCheckpoints.areThere, "../shared is not beside this checkout"),
        arguments: SharedCheckpoints.architectures + [SharedCheckpoints.demo])
    func opensShared(folder: FilePath) throws {
        let checkpoint = try Checkpoint(folder)
        // The goldens beside it, which are no part of it.
        let goldens = CheckpointWarning.leftBehind(.weights, files: ["expected.safetensors"])
        #expect(checkpoint.warnings.allSatisfy { $0 == goldens })
        #expect(checkpoint.tensorCount > 10)
        for name in checkpoint.tensorNames {
            let floats = try checkpoint.tensor(name).floats()
            #expect(floats.contains { $0 != 0 } && floats.allSatisfy(\.isFinite))
        }
        let original = try CheckpointScratch.bytes(folder.appending("config.json"))
        #expect(Array(checkpoint.config.text.utf8) == original)
        try checkpoint.verifyUnchanged()
    }

    static let goldenShards = CheckpointScratch.goldens.appending("sharded")

    @Test("tensors of a sharded checkpoint are found by name, in the right shard")
    func shardedTensors() throws {
        let checkpoint = try Checkpoint(Self.goldenShards)
        #expect(
            checkpoint.tensorNames == [
                "embed", "head", "layers.0.w", "layers.1.w", "layers.10.w", "layers.2.w", "norm",
            ])
        let norm = try checkpoint.tensor("norm")
        #expect(norm.dtype == .bf16 && norm.shape == [3] && norm.allBytes == [1, 2, 3, 4, 5, 6])
        #expect(checkpoint.contains("head") && !checkpoint.contains("hea"))
        let expected = CheckpointError.weight(
            tensor: "tail", path: Self.goldenShards.string, .missing)
        #expect(throws: expected) { try checkpoint.tensor("tail") }
    }

    @Test("a part of the rows is widened to the same floats as the whole")
    func rows() throws {
        let head = try Checkpoint(Self.goldenShards).tensor("head")
        let whole = try head.floats()
        #expect(head.entry.rowCount == 40 && head.entry.rowElementCount == 4)
        for first in 0..<40 {
            for end in first...40 {
                var part = [Float](repeating: .nan, count: (end - first) * 4)
                var span = part.mutableSpan
                try head.copyFloats(rows: first..<end, into: &span)
                #expect(part == Array(whole[first * 4..<end * 4]))
            }
        }
    }

    @Test("data that begins at an odd byte gives the same floats")
    func unalignedData() throws {
        let scratch = try CheckpointScratch()
        for padding in 0..<9 {
            var header = Array(
                """
                {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},\
                "b":{"dtype":"BF16","shape":[2],"data_offsets":[8,12]},\
                "c":{"dtype":"F16","shape":[2],"data_offsets":[12,16]}}
                """.utf8)
            header += [UInt8](repeating: UInt8(ascii: " "), count: padding)
            let data: [UInt8] = [
                0, 0, 128, 63, 0, 0, 0, 192, 128, 63, 0, 192, 0, 60, 0, 192,
            ]
            let length = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
            let path = try scratch.write(length + header + data, "\(padding).safetensors")
            let file = try SafetensorsFile(path)
            for name in ["a", "b", "c"] {
                #expect(try file.tensor(name).floats() == [1, -2])
            }
        }
    }

    @Test("integers are no weights: reading them as floats names tensor, dtype and file")
    func integersAreNoFloats() throws {
        let file = try SafetensorsFile(
            CheckpointScratch.goldens.appending("every-dtype.safetensors"))
        let error = CheckpointError.weight(
            tensor: "z.int64", path: file.path.string, .notAFloat(.i64))
        #expect(throws: error) { try file.tensor("z.int64").floats() }
    }

    // MARK: Warnings

    @Test("a wrong total_size and an unlisted tensor are warnings, not errors")
    func warnings() throws {
        let scratch = try CheckpointScratch()
        try Self.copyGoldenShards(to: scratch)
        let index = """
            {"metadata": {"total_size": 951.0}, "weight_map": {
              "embed": "model-00002-of-00004.safetensors",
              "head": "model-00001-of-00004.safetensors",
              "layers.0.w": "model-00002-of-00004.safetensors",
              "layers.1.w": "model-00003-of-00004.safetensors",
              "layers.2.w": "model-00004-of-00004.safetensors",
              "norm": "model-00004-of-00004.safetensors"}}
            """
        try scratch.write(Array(index.utf8), "model.safetensors.index.json")
        let checkpoint = try Checkpoint(scratch.path)
        #expect(
            checkpoint.warnings == [
                .unlistedTensor(
                    tensor: "layers.10.w", shard: "model-00003-of-00004.safetensors"),
                .totalSize(
                    file: "model.safetensors.index.json", stated: "951.0", actual: 950),
            ])
        #expect(checkpoint.contains("layers.10.w"))
    }

    @Test("model.safetensors is preferred to an index, with a warning")
    func singleFilePreferred() throws {
        let scratch = try CheckpointScratch()
        try Self.copyGoldenShards(to: scratch)
        _ = try CheckpointWriter(folder: scratch.path).write([.bytes("only", .u8, [1], [1])])
        let checkpoint = try Checkpoint(scratch.path)
        #expect(checkpoint.tensorNames == ["only"])
        #expect(
            checkpoint.warnings == [
                .indexIgnored(file: "model.safetensors.index.json"),
                .leftBehind(
                    .weights,
                    files: (1...4).map { "model-0000\($0)-of-00004.safetensors" }),
            ])
    }

    @Test("the files that travel with the weights are chosen by name")
    func companions() throws {
        let scratch = try CheckpointScratch()
        try Self.copyGoldenShards(to: scratch)
        let wanted = [
            "LICENSE", "LICENSE.txt", "NOTICE.txt", "additional_chat_templates/tool_use.jinja",
            "assets/images/of/model.png", "chat_template.jinja", "generation_config.json",
            "merges.txt", "modeling_own.py", "original/tokenizer.model",
            "processor_config.json", "special_tokens_map.json",
            "tekken.json", "tokenizer.json", "tokenizer.model", "tokenizer_config.json",
            "vocab.json",
        ]
        let left: [LeftBehind: [String]] = [
            .weights: [
                "a.gguf", "extra/data.pkl", "original/consolidated.00.pth", "pytorch_model.bin",
                "training_args.bin",
            ],
            .model: ["onnx/"], .stale: ["original/params.json", "params.json"],
            .number: ["a/b/c/d/e/"],
        ]
        _ = try ["a/b/c/d/e", "additional_chat_templates", "assets/images/of", "extra"]
            .map(scratch.folder)
        for name in ["onnx", "original", "out/partial", ".git"] { _ = try scratch.folder(name) }
        let files =
            wanted + left.values.flatMap { $0 }.filter { !$0.hasSuffix("/") }
            + [
                "README.md", ".gitattributes", ".git/HEAD", "a/b/c/d/e/f.txt", "onnx/config.json",
                "original/consolidated.00.pth", "original/tokenizer.model",
                "out/partial/report.json",
            ]
        for name in files { try scratch.write([1], name) }
        _ = try scratch.folder("tokenizer-training")
        try FileManager.default.createSymbolicLink(
            atPath: scratch.path.appending("tokenizer-link").string,
            withDestinationPath: "tokenizer-training")
        let checkpoint = try Checkpoint(
            scratch.path, excluding: [scratch.path.appending("out/partial")])
        #expect(checkpoint.companions == wanted)
        #expect(
            checkpoint.warnings
                == LeftBehind.allCases.compactMap { reason in
                    (reason == .link ? ["tokenizer-link"] : left[reason]).map {
                        .leftBehind(reason, files: $0)
                    }
                })
    }

    @Test(
        "a Git LFS pointer in any file's place says what to run",
        arguments: [
            "config.json", "model.safetensors.index.json", "tokenizer.json", "chat_template.jinja",
            "shard",
        ])
    func lfsPointers(name: String) throws {
        let scratch = try CheckpointScratch()
        try Self.copyGoldenShards(to: scratch)
        let shard = try #require(try scratch.names.first { $0.hasSuffix(".safetensors") })
        try scratch.write(
            Array("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n".utf8),
            name == "shard" ? shard : name)
        let error = #expect(throws: CheckpointError.self) { try Checkpoint(scratch.path) }
        #expect(error?.description.contains("git lfs pull") == true)
        #expect(error?.description.contains(name == "shard" ? shard : name) == true)
    }

    // MARK: What a folder can do besides holding files

    @Test("a folder that is missing, and a file in its place, are told apart")
    func noFolder() throws {
        let missing = Self.goldenShards.appending("missing")
        #expect(throws: CheckpointError.folder(path: missing.string, .missing)) {
            try Checkpoint(missing)
        }
        let file = Self.goldenShards.appending("config.json")
        #expect(throws: CheckpointError.folder(path: file.string, .notAFolder)) {
            try Checkpoint(file)
        }
    }

    @Test("weights that lead out of the root are refused; within it, links are followed")
    func symbolicLinks() throws {
        let scratch = try CheckpointScratch()
        let blobs = try scratch.folder("cache/blobs")
        let snapshot = try scratch.folder("cache/snapshot")
        let config = blobs.appending("c0ffee")
        try Data("{}".utf8).write(to: URL(fileURLWithPath: config.string))
        _ = try CheckpointWriter(folder: blobs).write([.bytes("a", .u8, [1], [1])])
        for (name, target) in [("config.json", "c0ffee"), ("model.safetensors", "")] {
            try FileManager.default.createSymbolicLink(
                atPath: snapshot.appending(name).string,
                withDestinationPath: "../blobs/\(target.isEmpty ? name : target)")
        }
        #expect(try Checkpoint(snapshot).tensorNames == ["a"])
        let cache = scratch.path.appending("cache")
        #expect(try Checkpoint(snapshot, within: cache).tensorNames == ["a"])
        let error = #expect(throws: CheckpointError.self) {
            try Checkpoint(snapshot, within: snapshot)
        }
        #expect("\(try #require(error))".contains("lies outside"))
    }

    @Test("a pipe in place of a file is refused at once, not waited for")
    func pipe() throws {
        let scratch = try CheckpointScratch()
        try scratch.write(Array("{}".utf8), "config.json")
        let pipe = scratch.path.appending("model.safetensors")
        let made = unsafe mkfifo(pipe.string, 0o600)
        try #require(made == 0)
        let error = #expect(throws: CheckpointError.self) { try Checkpoint(scratch.path) }
        #expect(
            "\(try #require(error))"
                == "\(pipe): expected a regular file, found a device, pipe or socket")
    }

    @Test("a file that changed is noticed")
    func verifyUnchanged() throws {
        let scratch = try CheckpointScratch()
        try Self.copyGoldenShards(to: scratch)
        let checkpoint = try Checkpoint(scratch.path)
        try checkpoint.verifyUnchanged()
        let handle = try FileHandle(
            forUpdating: URL(
                fileURLWithPath: scratch.path.appending("model-00001-of-00004.safetensors").string))
        try handle.truncate(atOffset: 100)
        try handle.close()
        let error = #expect(throws: CheckpointError.self) { try checkpoint.verifyUnchanged() }
        #expect("\(try #require(error))".contains("found 100 bytes, expected 744"))
    }

    private static func copyGoldenShards(to scratch: CheckpointScratch) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: goldenShards.string) {
            try FileManager.default.copyItem(
                atPath: goldenShards.appending(name).string,
                toPath: scratch.path.appending(name).string)
        }
    }
}
