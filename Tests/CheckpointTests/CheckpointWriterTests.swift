// Writing checkpoints: what comes back, what Python writes for the same, what errors leave behind.

import DurableIO
import EngineTestSupport
import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import Checkpoint

@Suite struct CheckpointWriterTests {
    // MARK: Against the files of the reference

    @Test("a file of every dtype is written byte for byte as Python's safetensors writes it")
    func everyDType() throws {
        let golden = CheckpointScratch.goldens.appending("every-dtype.safetensors")
        let source = try SafetensorsFile(golden)
        #expect(source.header.metadata == ["format": "pt"])
        let scratch = try CheckpointScratch()
        // The given order must not matter: reverse it.
        let tensors = try source.tensors.reversed().map {
            OutputTensor.copy(try source.tensor($0.name), as: $0.name)
        }
        let written = try CheckpointWriter(folder: scratch.path).write(tensors)
        let bytes = try CheckpointScratch.bytes(scratch.path.appending("model.safetensors"))
        #expect(bytes == (try CheckpointScratch.bytes(golden)))
        #expect(written.files == [WrittenFile(name: "model.safetensors", byteCount: bytes.count)])
    }

    @Test("names that differ only in their Unicode spelling stay two tensors")
    func exactNames() throws {
        let golden = CheckpointScratch.goldens.appending("every-dtype.safetensors")
        let source = try SafetensorsFile(golden)
        let decomposed = "e\u{301} is not \u{e9}"
        #expect(source.header.tensor(decomposed) != nil)
        #expect(source.header.tensor("\u{e9} is not \u{e9}") == nil)
    }

    @Test("shards and index are written byte for byte as huggingface_hub splits them")
    func shards() throws {
        let golden = CheckpointScratch.goldens.appending("sharded")
        let source = try Checkpoint(golden)
        #expect(source.warnings == [])
        #expect(source.files.count == 4)
        let scratch = try CheckpointScratch()
        var writer = CheckpointWriter(folder: scratch.path)
        writer.shardByteLimit = 150
        let tensors = try source.tensorNames.map {
            OutputTensor.copy(try source.tensor($0), as: $0)
        }
        let written = try writer.write(tensors, config: source.config)
        #expect(written.tensorByteCount == 950)
        #expect(written.parameterCount == 239)
        let names = try FileManager.default.contentsOfDirectory(atPath: golden.string).sorted()
        #expect(try scratch.names == names)
        #expect(written.files.map(\.name).sorted() == names)
        for name in names {
            let bytes = try CheckpointScratch.bytes(scratch.path.appending(name))
            #expect(bytes == (try CheckpointScratch.bytes(golden.appending(name))), "\(name)")
        }
    }

    @Test(
        "rewriting a shared checkpoint gives the same bytes in every file",
        .enabled(if: SharedCheckpoints.areThere, "../shared is not beside this checkout"),
        arguments: SharedCheckpoints.architectures + [SharedCheckpoints.demo])
    func rewritesShared(folder: FilePath) throws {
        let source = try Checkpoint(folder)
        let scratch = try CheckpointScratch()
        let tensors = try source.tensorNames.map {
            OutputTensor.copy(try source.tensor($0), as: $0)
        }
        let written = try CheckpointWriter(folder: scratch.path).write(
            tensors, config: source.config, companionsOf: source)
        for file in written.files {
            let bytes = try CheckpointScratch.bytes(scratch.path.appending(file.name))
            #expect(bytes.count == file.byteCount)
            #expect(bytes == (try CheckpointScratch.bytes(folder.appending(file.name))))
        }
        let names = try scratch.names
        #expect(names == written.files.map(\.name).sorted())
        if folder == SharedCheckpoints.demo {
            #expect(
                names == [
                    "calibration.txt", "config.json", "generation_config.json", "heldout.txt",
                    "model.safetensors", "tokenizer.json", "tokenizer_config.json",
                ])
        }
    }

    // MARK: Round trips

    @Test("what is written is read back: names, dtypes, shapes, bytes", arguments: 0..<20)
    func roundTrip(seed: UInt64) throws {
        var random = SeededBytes(seed: seed)
        let scratch = try CheckpointScratch()
        var expected: [String: (DType, [Int], [UInt8])] = [:]
        var tensors: [OutputTensor] = []
        let dtypes: [DType] = [.f32, .f16, .bf16, .i64, .bool, .f64, .u8]
        for index in 0..<random.below(40) {
            let dtype = random.element(of: dtypes)
            let shape = (0..<random.below(4)).map { _ in random.below(7) }
            let byteCount = shape.reduce(1, *) * dtype.bitWidth / 8
            let bytes = random.bytes(byteCount)
            let name = "layer.\(index).\(random.element(of: ["w", "é", "\"", "\\", "名", "\u{1}"]))"
            expected[name] = (dtype, shape, bytes)
            tensors.append(
                .bytes(name, dtype, shape, bytes, pieceByteCount: 1 + random.below(100)))
        }
        var writer = CheckpointWriter(folder: scratch.path)
        if seed % 2 == 1 { writer.shardByteLimit = 1 + random.below(500) }
        writer.metadata = [("note", "a \"quoted\" word")]
        let config = try ModelConfig.parse(Array("{\"a\": 1.0}".utf8).span, file: "config.json")
        let written = try writer.write(tensors, config: config)

        let checkpoint = try Checkpoint(scratch.path)
        #expect(checkpoint.warnings == [])
        #expect(checkpoint.tensorNames.count == expected.count)
        #expect(checkpoint.tensorByteCount == written.tensorByteCount)
        #expect(checkpoint.parameterCount == written.parameterCount)
        #expect(checkpoint.config.object == config.object)
        for (name, (dtype, shape, bytes)) in expected {
            let tensor = try #require(checkpoint.storedTensors.first { $0.name == name })
            #expect(tensor.dtype == dtype && tensor.shape == shape && tensor.allBytes == bytes)
            #expect(try checkpoint.tensor(name).dtype == (dtype == .f64 ? .f32 : dtype))
        }
        for file in checkpoint.files {
            #expect(file.header.dataStart % 8 == 0)
            #expect(file.header.metadata == ["format": "pt", "note": "a \"quoted\" word"])
            // A tensor alone in its file may be larger than a shard.
            let dataByteCount = file.dataByteCount
            let limit = writer.shardByteLimit ?? .max
            #expect(dataByteCount <= limit || file.tensors.count == 1)
        }
    }

    @Test("floats are rounded to the tensor's dtype, over pieces of any length")
    func writesFloats() throws {
        let scratch = try CheckpointScratch()
        var random = SeededBytes(seed: 7)
        // More than two pieces of the sink's narrowing buffer, and not a multiple of it.
        let values = (0..<150_001).map { _ in Float.random(in: -9...9, using: &random) }
        let formats: [DType] = [.f32, .f16, .bf16]
        _ = try CheckpointWriter(folder: scratch.path).write(
            formats.map { dtype in
                .produce(dtype.rawValue, dtype, [values.count]) { sink in
                    try sink.write(floats: values.span.extracting(0..<1))
                    try sink.write(floats: values.span.extracting(1..<values.count))
                }
            })
        let file = try SafetensorsFile(scratch.path.appending("model.safetensors"))
        #expect(try file.tensor("F32").floats() == values)
        #expect(try file.tensor("F16").floats() == values.map { Float(Float16($0)) })
        let bf16 = try file.tensor("BF16").floats()
        #expect(zip(bf16, values).allSatisfy { abs($0 - $1) <= abs($1) / 256 })
    }

    @Test("Python's safetensors opens what is written, if there is a Python that has it")
    func pythonReads() throws {
        let python = ProcessInfo.processInfo.environment["LAYERFOLD_PYTHON"] ?? "python3"
        guard try Self.run(python, "import safetensors, numpy") == 0 else {
            try Test.cancel("\(python) has no safetensors; set LAYERFOLD_PYTHON to one that has")
        }
        let scratch = try CheckpointScratch()
        _ = try CheckpointWriter(folder: scratch.path).write([
            .bytes("b", .f32, [2, 2], [0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 64, 64, 0, 0, 128, 64]),
            .bytes("é", .u8, [3], [7, 8, 9]), .bytes("empty", .f16, [0, 4], []),
        ])
        let script = """
            import numpy as np, sys
            from safetensors import safe_open
            with safe_open(sys.argv[1], framework="np") as f:
                assert f.metadata() == {"format": "pt"}, f.metadata()
                assert set(f.keys()) == {"b", "é", "empty"}, f.keys()
                assert (f.get_tensor("b") == np.array([[1, 2], [3, 4]], np.float32)).all()
                assert f.get_tensor("é").tolist() == [7, 8, 9]
                assert f.get_tensor("empty").shape == (0, 4)
            """
        let file = scratch.path.appending("model.safetensors")
        #expect(try Self.run(python, script, file.string) == 0)
    }

    private static func run(_ python: String, _ script: String, _ argument: String = "") throws
        -> Int32
    {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [python, "-c", script, argument]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }
}
