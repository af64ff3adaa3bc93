// What a job names is looked for before it is queued.

import DurableIO
import Foundation
import Glibc
import Jobs
import SystemPackage
import TestSupport
import Testing

@testable import Locations

@Suite struct PreflightTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder("preflight")
        let model = folder.url.appending(path: "m")
        try FileManager.default.createDirectory(at: model, withIntermediateDirectories: true)
        try FileManager.default.createDirectory(
            at: folder.url.appending(path: "empty"), withIntermediateDirectories: true)
        try Data("{}".utf8).write(to: model.appending(path: "config.json"))
        try Data("text".utf8).write(to: folder.url.appending(path: "t.txt"))
        // Sparse: as large as it says, and nothing on disk.
        try Data().write(to: model.appending(path: "model.safetensors"))
        try resize(1 << 43)
    }

    private func resize(_ byteCount: UInt64) throws {
        let weights = folder.url.appending(path: "m/model.safetensors")
        let handle = try FileHandle(forWritingTo: weights)
        try handle.truncate(atOffset: byteCount)
        try handle.close()
    }

    private func check(
        model: String = "m", path: String = "t.txt", amount: String = "ratios: [0.9]"
    ) throws {
        let text = """
            version: 1
            model: \(model)
            calibration: {dataset: text, path: \(path)}
            compress: [{method: mka, \(amount)}]
            evaluate: [{task: perplexity, path: layerfold:heldout.txt}]
            """
        let base = FilePath(folder.path)
        try Preflight(
            models: ModelLocator(from: base, environment: ["HF_HOME": folder.path]),
            data: .anywhere(from: base), results: base
        ).check(try ManifestParser.parse(bytes: Data(text.utf8), name: "x"))
    }

    @Test func whatIsMissingIsNamed() throws {
        #expect(throws: ModelNotFound.self) { try check(model: "no") }
        #expect(throws: PathError.self) { try check(path: "no.txt") }
        let error = #expect(throws: PreflightError.self) { try check(model: "empty") }
        guard case .noConfig = try #require(error) else { throw try #require(error) }
        let file = #expect(throws: PreflightError.self) { try check(model: "t.txt") }
        guard case .noFolder = try #require(file) else { throw try #require(file) }
    }

    @Test func roomForTheModelsIsLookedFor() throws {
        let error = #expect(throws: PreflightError.self) { try check() }
        guard case .diskFull(_, let needed, let free) = try #require(error) else {
            throw try #require(error)
        }
        #expect(needed == Int((1 - 0.9) * Double(1 << 43)))
        #expect(free < needed)
        for amount in ["size: 4TiB", "size: 0.5"] {
            let error = #expect(throws: PreflightError.self) { try check(amount: amount) }
            guard case .diskFull(_, (1 << 42) - (1 << 40), _) = try #require(error) else {
                throw try #require(error)
            }
        }
        // Only the tensors tell what these come to.
        try check(amount: "kv: 0.5")
        try check(amount: "parameters: 1T")
        try resize(1 << 20)
        try check()
    }

    @Test(arguments: [
        ("{method: passthrough, layers: [0, 1]}", "keep", 0),
        ("{method: reverse, ratios: [0.25]}", "keep", 768),
        ("{method: reverse, ratios: [0.25]}", "float32", 768),
        ("{method: reverse, ratios: [0.25]}", "bfloat16", 384),
        ("{method: reverse, ratios: [0.25]}, {method: reverse, ratios: [0.5]}", "float16", 640),
        ("{method: reverse, size: 0.5}", "bfloat16", 256 - 128),
        ("{method: reverse, size: 768B}", "bfloat16", 512 - 128),
        ("{method: sparsegpt, ratios: [0.5]}", "keep", 1024),
    ])
    func noMoreRoomIsAskedForThanIsNeeded(_ entries: String, _ dtype: String, _ bytes: Int) throws {
        let text = """
            version: 1
            model: m
            calibration: {dataset: text, path: t.txt}
            compress: [\(entries)]
            output: {dtype: \(dtype)}
            """
        let job = try ManifestParser.parse(bytes: Data(text.utf8), name: "x")
        #expect(job.resultBytes(ofWeights: 1024) == bytes)
    }

    /// All submissions are looked at one after the other, by one thread of the daemon.
    @Test func anIndexThatIsAPipeIsNotWaitedFor() throws {
        let model = folder.url.appending(path: "m")
        try FileManager.default.removeItem(at: model.appending(path: "model.safetensors"))
        let index = model.appending(path: "model.safetensors.index.json").path
        try #require(unsafe mkfifo(index, 0o600) == 0)
        // Nobody writes: were it waited for, the test would not end.
        try check()
    }

    /// Files named by an index, as loaders take them: of the model's folder, each once.
    @Test func weightsElsewhereAreNotMeasured() throws {
        let model = folder.url.appending(path: "m")
        let manager = FileManager.default
        try manager.moveItem(
            at: model.appending(path: "model.safetensors"),
            to: folder.url.appending(path: "empty/w.safetensors"))
        func write(_ names: [String]) throws {
            let map = Dictionary(
                uniqueKeysWithValues: names.enumerated().map { ("\($0.offset)", $0.element) })
            try JSONEncoder().encode(["weight_map": map])
                .write(to: model.appending(path: "model.safetensors.index.json"))
        }
        try write(["../empty/w.safetensors", "\(folder.path)/empty/w.safetensors", "w\0.x"])
        try check()
        for name in ["a", "b"] {
            try manager.createSymbolicLink(
                atPath: model.appending(path: "\(name).safetensors").path,
                withDestinationPath: "../empty/w.safetensors")
        }
        try write(["a.safetensors", "./a.safetensors", "b.safetensors", "../m/a.safetensors"])
        let error = #expect(throws: PreflightError.self) { try check() }
        guard case .diskFull(_, Int((1 - 0.9) * Double(1 << 43)), _) = try #require(error) else {
            throw try #require(error)
        }
    }

    @Test(arguments: [
        "{method: mka, ratios: [0.1, 0.2]}",
        "{method: mka, size: 0.99}, {method: mka, size: 0.98}",
        "{method: mka, ratios: [0.1]}, {method: mka, size: 0.99}",
    ])
    func noWeightsAreTooLargeToBeReckonedWith(_ entries: String) throws {
        let text = """
            version: 1
            model: m
            calibration: {dataset: text, path: t.txt}
            compress: [\(entries)]
            evaluate: [{task: perplexity, path: layerfold:heldout.txt}]
            """
        let job = try ManifestParser.parse(bytes: Data(text.utf8), name: "x")
        #expect(job.resultBytes(ofWeights: .max) == .max)
    }

    /// In memory files may be as large as a number says.
    private static let memory = FilePath("/dev/shm")

    @Test(.enabled(if: DiskSpace.isMemory(at: memory), "no file is as large as that on a disk"))
    func weightsThatSayTheyAreEndlessAreRefused() throws {
        let model = folder.url.appending(path: "m")
        try FileManager.default.removeItem(at: model.appending(path: "model.safetensors"))
        var map: [String] = []
        var made: [String] = []
        defer { for path in made { try? FileManager.default.removeItem(atPath: path) } }
        for shard in 1...2 {
            let path = Self.memory.appending("layerfold-\(UUID().uuidString)").string
            try Data().write(to: URL(filePath: path))
            made.append(path)
            let handle = try FileHandle(forWritingTo: URL(filePath: path))
            try handle.truncate(atOffset: UInt64(Int64.max))
            try handle.close()
            try FileManager.default.createSymbolicLink(
                atPath: model.appending(path: "\(shard).safetensors").path,
                withDestinationPath: path)
            map.append(#""\#(shard)": "\#(shard).safetensors""#)
        }
        try Data(#"{"weight_map": {\#(map.joined(separator: ", "))}}"#.utf8)
            .write(to: model.appending(path: "model.safetensors.index.json"))
        for (amount, needed) in [("ratios: [0.1, 0.2]", Int.max), ("size: 0.5", (3 << 60) + 1)] {
            let error = #expect(throws: PreflightError.self) { try check(amount: amount) }
            guard case .diskFull(_, needed, _) = try #require(error) else {
                throw try #require(error)
            }
        }
    }
}
