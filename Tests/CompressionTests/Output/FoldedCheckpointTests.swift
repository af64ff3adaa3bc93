// Folded checkpoints on disk: reopened, recomputed in double, tampered with.

import Checkpoint
import EngineTestSupport
import Foundation
import Model
import SystemPackage
import TensorMath
import Testing

@testable import Compression

@Suite struct FoldedCheckpointTests {
    /// The first two layers of one kind that config.json lets fold; a copy where none are.
    static func fold(_ model: Model, foldsNorms: Bool = true) throws -> FoldedCheckpoint {
        let layers = model.blueprint.layers
        for first in layers.indices {
            for second in layers.indices
            where second > first && layers[first].kind == layers[second].kind {
                var plan = FoldPlan.keeping(
                    layers.indices.filter { $0 != second }, of: layers.count)
                plan.layers[first].from = [
                    LayerShare(layer: first, weight: 0.3), LayerShare(layer: second, weight: 0.7),
                ]
                plan.foldsNorms = foldsNorms
                if let folded = try? FoldedCheckpoint(model: model, plan: plan) { return folded }
            }
        }
        let kept = Array(layers.indices.dropLast())
        return try FoldedCheckpoint(model: model, plan: .keeping(kept, of: layers.count))
    }

    static func write(
        _ folded: FoldedCheckpoint, shardBytes: Int? = nil
    ) throws -> (CheckpointScratch, Checkpoint) {
        let scratch = try CheckpointScratch()
        _ = try folded.write(
            to: scratch.path, shardByteLimit: shardBytes, observer: SilentObserver())
        return (scratch, try Checkpoint(scratch.path))
    }

    /// What storing in a format may change: half a unit in the last place; f32 also rounds the
    /// two products, the two weights and the sum.
    static func storageError(_ format: FloatFormat) -> Double {
        switch format {
        case .f32: 5 * 0x1p-24
        case .f16: 0x1p-11 + 5 * 0x1p-24
        case .bf16: 0x1p-8 + 5 * 0x1p-24
        }
    }

    @Test(
        "folded tensors are lambda a + (1 - lambda) b, all others are copied byte for byte",
        arguments: ArchitectureFixtures.folders)
    func recomputed(folder: FilePath) throws {
        let model = try Model(try Checkpoint(folder))
        for foldsNorms in [true, false] {
            let folded = try Self.fold(model, foldsNorms: foldsNorms)
            let isOdd = folder.lastComponent?.string == "jamba-odd"
            #expect(folded.recipes.contains { !$0.isCopy } != isOdd)
            let (scratch, written) = try Self.write(folded)
            for recipe in folded.recipes {
                let tensor = try written.tensor(recipe.name)
                let sources = try recipe.from.map { try model.checkpoint.tensor($0.name) }
                #expect(tensor.dtype == sources[0].dtype && tensor.shape == sources[0].shape)
                if recipe.isCopy {
                    #expect(tensor.allBytes == sources[0].allBytes, "\(recipe.name)")
                    continue
                }
                let bound = Self.storageError(try tensor.floatFormat())
                let (a, b) = (try sources[0].floats(), try sources[1].floats())
                for (index, found) in try tensor.floats().enumerated() {
                    let x = recipe.from[0].weight * Double(a[index])
                    let y = recipe.from[1].weight * Double(b[index])
                    let error = abs(Double(found) - x - y)
                    // f16's subnormals have a fixed distance of 2^-24.
                    #expect(error <= bound * (abs(x) + abs(y)) + 0x1p-25, "\(recipe.name)")
                }
            }
            #expect(written.tensorNames == folded.recipes.map(\.name).sorted())
            #expect(try folded.verify(written) <= 1)
            #expect(try folded.parameterCount() == written.parameterCount)
            try runs(written, layers: folded.plan.layers.count)
            withExtendedLifetime(scratch) {}
        }
    }

    /// The new model opens and computes numbers.
    private func runs(_ checkpoint: Checkpoint, layers: Int) throws {
        let model = try Model(checkpoint)
        #expect(model.blueprint.layers.count == layers && model.unread == [])
        #expect(model.leftOut == [])
        let forward = ForwardPass(weights: model.weights, mode: .float32)
        let stream = try forward.run(
            PackedSequences([[1, 2, 3], [4]]), observer: SilentObserver())
        #expect(try OutputHead(forward).logits(stream).values().allSatisfy { $0.isFinite })
    }

    @Test("shards, another dtype and companions come out whole")
    func shardsAndTypes() throws {
        let model = try ArchitectureFixtures.model("llama-odd-linear")
        let plain = try Self.write(try Self.fold(model))
        for dtype in [nil, DType.bf16, .f16] {
            let folded = try FoldedCheckpoint(
                model: model, plan: try Self.fold(model).plan, dtype: dtype)
            let (scratch, written) = try Self.write(
                folded, shardBytes: dtype == nil ? 10_000 : 5000)
            #expect(written.files.count > 2)
            #expect(try folded.verify(written) <= 1)
            // Among them: a total_size in the index that is not the tensors' sum.
            #expect(written.warnings.isEmpty)
            for name in written.tensorNames {
                let tensor = try written.tensor(name)
                #expect(tensor.dtype == dtype ?? .f32)
                let format = try tensor.floatFormat()
                let expected = try plain.1.tensor(name).floats().map {
                    Conversion.rounded($0, to: format)
                }
                #expect(try tensor.floats() == expected)
            }
            let word = try written.config.stringIfPresent("dtype")
            #expect(word == dtype?.configName ?? "float32")
            withExtendedLifetime(scratch) {}
        }
        withExtendedLifetime(plain.0) {}
    }

    /// Overwrites a byte of the file that is being written whenever it hears of progress.
    private struct Tamperer: WorkObserver {
        let path: String
        let place: UInt64

        func checkpoint() throws {}
        func progress(done: Int, total: Int, unit: String, detail: String) {
            guard let file = FileHandle(forUpdatingAtPath: path) else { return }
            try? file.seek(toOffset: place)
            try? file.write(contentsOf: Data([0xFF]))
            try? file.close()
        }
    }

    @Test("a tensor that is not what its recipe says keeps all files from their names")
    func tamperedWhileWritten() throws {
        let model = try ArchitectureFixtures.model("llama-odd-linear")
        let folded = try Self.fold(model)
        let name = try #require(folded.recipes.first { !$0.isCopy }).name
        let (whole, written) = try Self.write(folded)
        let place = try written.tensor(name).entry.byteRange.lowerBound + 43
        let scratch = try CheckpointScratch()
        let partial = scratch.path.appending(".model.safetensors.partial").string
        let error = #expect(throws: FoldCheckError.self) {
            _ = try folded.write(
                to: scratch.path, shardByteLimit: nil,
                observer: Tamperer(path: partial, place: UInt64(place)))
        }
        guard case .differs(name, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try scratch.names == [])
        withExtendedLifetime(whole) {}
    }

    @Test(
        "a tampered tensor is found by name: another number, or one that is none",
        arguments: [
            // An exponent, half of one as any weight may be, NaN, infinity.
            [UInt8(0xFF)], [0, 0, 0, 0x3F], [0, 0, 0xC0, 0x7F], [0, 0, 0x80, 0x7F],
        ])
    func tampered(bytes: [UInt8]) throws {
        let model = try ArchitectureFixtures.model("llama-odd-linear")
        let folded = try Self.fold(model)
        let name = try #require(folded.recipes.first { !$0.isCopy }).name
        let (scratch, written) = try Self.write(folded)
        let place = try written.tensor(name).entry.byteRange.lowerBound + 40
        // One changed byte is the high byte of a float; four are a whole float.
        let start = bytes.count == 1 ? place + 3 : place
        let path = scratch.path.appending("model.safetensors")
        let file = try FileHandle(forUpdating: URL(filePath: path.string))
        try file.seek(toOffset: UInt64(start))
        try file.write(contentsOf: Data(bytes))
        try file.close()
        let error = #expect(throws: FoldCheckError.self) {
            _ = try folded.verify(try Checkpoint(scratch.path))
        }
        guard case .differs(let tensor, _) = error else { return }
        #expect(tensor == name && error?.description.contains(name) == true)
    }

    @Test("a plan that is not one is refused before anything is read")
    func refusals() throws {
        let model = try ArchitectureFixtures.model("llama-odd-linear")
        for plan in [
            FoldPlan.keeping([], of: 2), .keeping([0, 7], of: 2), .keeping([0, 1, 1], of: 2),
        ] {
            #expect(throws: PlanError.self) { _ = try FoldedCheckpoint(model: model, plan: plan) }
        }
    }

    @Test("a head of its own stays, and config.json says so; names come out as they came in")
    func storedAsTheyCame() throws {
        let (scratch, checkpoint) = try ArchitectureFixtures.changed(
            "llama-tied-yarn", named: { $0.hasPrefix("model.") ? String($0.dropFirst(6)) : $0 },
            adding: { source in
                let tensor = try source.tensor("model.embed_tokens.weight")
                return [
                    .bytes(
                        "lm_head.weight", tensor.dtype, tensor.shape,
                        tensor.allBytes.reversed())
                ]
            })
        let model = try Model(checkpoint)
        let all = Array(model.blueprint.layers.indices)
        let (target, written) = try Self.write(
            try FoldedCheckpoint(model: model, plan: .keeping(all, of: all.count)))
        #expect(written.tensorNames == checkpoint.tensorNames)
        #expect(try written.config.bool("tie_word_embeddings") == false)
        #expect(
            try written.tensor("lm_head.weight").allBytes
                == checkpoint.tensor("lm_head.weight").allBytes)
        #expect(try Model(written).blueprint.readings.isEmpty)
        withExtendedLifetime((scratch, target)) {}
    }

    /// A fixture with one value of one tensor replaced.
    private static func spoilt(
        _ name: String, by value: Float
    ) throws -> (scratch: CheckpointScratch, model: Model) {
        let (scratch, checkpoint) = try ArchitectureFixtures.changed(
            "llama-odd-linear", named: { $0 == name ? nil : $0 },
            adding: { source in
                let tensor = try source.tensor(name)
                var values = try tensor.floats()
                values[5] = value
                return [
                    .produce(name, .f32, tensor.shape) { try $0.write(floats: values.span) }
                ]
            })
        return (scratch, try Model(checkpoint))
    }

    @Test(
        "a number beyond the output's format is refused by tensor and value, copied or folded",
        arguments: [
            (DType.f16, Float(1e5)), (.f16, -65_520), (.bf16, .greatestFiniteMagnitude),
        ], ["model.layers.0.mlp.up_proj.weight", "model.norm.weight"])
    func overflow(output: (dtype: DType, value: Float), name: String) throws {
        let (scratch, model) = try Self.spoilt(name, by: output.value)
        var plan = try Self.fold(model).plan
        plan.layers[0].from = [LayerShare(layer: 0, weight: 1)]
        let folded = try FoldedCheckpoint(model: model, plan: plan, dtype: output.dtype)
        let target = try CheckpointScratch()
        let error = #expect(throws: TensorOverflow.self) {
            try folded.write(to: target.path, shardByteLimit: nil, observer: SilentObserver())
        }
        #expect(error?.tensor == name && error?.largest == output.value.magnitude)
        #expect(error?.description.contains("dtype: ") == true)
        #expect(try target.names == [])
        withExtendedLifetime(scratch) {}
    }

    @Test("the largest number that the format holds is written", arguments: [DType.f16, .bf16])
    func noOverflow(dtype: DType) throws {
        let largest = try #require(dtype.floatFormat).largest
        let (scratch, model) = try Self.spoilt("model.norm.weight", by: largest)
        let folded = try FoldedCheckpoint(model: model, plan: Self.fold(model).plan, dtype: dtype)
        let (target, written) = try Self.write(folded)
        #expect(try folded.verify(written) <= 1)
        withExtendedLifetime((scratch, target)) {}
    }

    @Test("what a method computed and is no number is refused, and what overflows too")
    func computed() throws {
        let model = try ArchitectureFixtures.model("llama-odd-linear")
        let name = "model.layers.0.mlp.up_proj.weight"
        for (value, dtype) in [(Float.nan, DType?.none), (.infinity, nil), (1e5, .f16)] {
            var patch = WeightPatch()
            let matrix = try MappedWeights(model.checkpoint).weight(name).floats()
            matrix[1, 1] = value
            patch[0]["mlp.up_proj.weight"] = matrix
            let folded = try FoldedCheckpoint(
                model: model, plan: Self.fold(model).plan, computed: patch, dtype: dtype)
            let target = try CheckpointScratch()
            let error = #expect(throws: (any Error).self) {
                try folded.write(to: target.path, shardByteLimit: nil, observer: SilentObserver())
            }
            #expect("\(error.map { "\($0)" } ?? "")".contains(name))
            #expect(try target.names == [])
        }
    }

    private struct Stopped: Error {}

    private struct StoppingObserver: WorkObserver {
        func checkpoint() throws { throw Stopped() }
        func progress(done: Int, total: Int, unit: String, detail: String) {}
    }

    @Test("a stopped write leaves an empty folder")
    func stopped() throws {
        let folded = try Self.fold(try ArchitectureFixtures.model("llama-odd-linear"))
        let scratch = try CheckpointScratch()
        #expect(throws: Stopped.self) {
            _ = try folded.write(
                to: scratch.path, shardByteLimit: nil, observer: StoppingObserver())
        }
        #expect(try scratch.names == [])
    }
}

extension FoldedCheckpoint {
    /// Of all tensors.
    func verify(_ written: Checkpoint) throws -> Double {
        try verify(written.tensorNames.map { try written.tensor($0) })
    }
}
