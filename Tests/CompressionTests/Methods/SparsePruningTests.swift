// SparseGPT against an independent implementation (Scripts/make_sparse_goldens.py), against what it
// promises, and on a whole model.

import Checkpoint
import EngineTestSupport
import Foundation
import Model
import SystemPackage
import TensorMath
import TestSupport
import Testing

@testable import Compression

@Suite struct SparsePruningTests {
    private static func golden() throws -> TensorArchive {
        let file = Places.fixtures.appending(path: "fold/sparse.safetensors")
        return try TensorArchive(parsing: [UInt8](try Data(contentsOf: file)))
    }

    private static func matrix(_ archive: TensorArchive, _ name: String) throws -> DoubleMatrix {
        let shape = try #require(archive.entry(name)?.shape)
        return DoubleMatrix(
            rows: shape[0], columns: shape[1], values: try #require(archive.doubles(name)))
    }

    private static func error(_ weight: DoubleMatrix, _ other: DoubleMatrix, _ inputs: DoubleMatrix)
        -> Double
    {
        let left = DoubleMatrix.product(inputs, weight, transposingRight: true)
        let right = DoubleMatrix.product(inputs, other, transposingRight: true)
        return zip(left.values, right.values).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    }

    @Test(
        "weights are those of the independent implementation",
        arguments: ["even", "few", "odd"], ["0.25", "0.5", "2of4"])
    func goldens(problem: String, pattern: String) throws {
        let archive = try Self.golden()
        let inputs = try Self.matrix(archive, problem + ".inputs")
        let share = Double(pattern)
        var regression = SparseRegression(
            pattern: share.map { .unstructured(share: $0) } ?? .twoOfFour)
        regression.block = 16
        let found = try regression.prune(
            try Self.matrix(archive, problem + ".weight"),
            gram: .product(inputs, inputs, transposingLeft: true))
        let wanted = try Self.matrix(archive, "\(problem).\(pattern)")
        // Doubles throughout; the Hessians' condition numbers are below 1e4.
        #expect(deviation(found.values, wanted.values) < 1e-9)
        #expect(found.values.map { $0 == 0 } == wanted.values.map { $0 == 0 })
    }

    @Test("inputs that do not correlate leave magnitude pruning, and the rest as it was")
    func orthogonal() throws {
        var generator = SeededGenerator(seed: 3)
        let weight = DoubleMatrix(
            rows: 8, columns: 16, values: (0..<128).map { _ in generator.uniform() - 0.5 })
        var gram = DoubleMatrix(rows: 16, columns: 16)
        for index in 0..<16 { gram[index, index] = 3 }
        let found = try SparseRegression(pattern: .unstructured(share: 0.5)).prune(
            weight, gram: gram)
        let median = weight.values.map { abs($0) }.sorted()[64]
        for (value, old) in zip(found.values, weight.values) {
            #expect(abs(value - (abs(old) < median ? 0 : old)) < 1e-12)
        }
    }

    @Test("the outputs change less than by zeroing the same weights without making up for them")
    func makesUp() throws {
        let archive = try Self.golden()
        let inputs = try Self.matrix(archive, "even.inputs")
        let weight = try Self.matrix(archive, "even.weight")
        for pattern in [SparsityPattern.unstructured(share: 0.5), .twoOfFour] {
            let found = try SparseRegression(pattern: pattern).prune(
                weight, gram: .product(inputs, inputs, transposingLeft: true))
            var zeroed = weight
            zeroed.values = zip(weight.values, found.values).map { $1 == 0 ? 0 : $0 }
            #expect(
                Self.error(found, weight, inputs) < 0.8 * Self.error(zeroed, weight, inputs))
        }
    }

    @Test("without any input nothing is divided by zero")
    func noInputs() throws {
        let weight = DoubleMatrix(rows: 1, columns: 4, values: [1, 2, 3, 4])
        let found = try SparseRegression(pattern: .twoOfFour).prune(
            weight, gram: DoubleMatrix(rows: 4, columns: 4))
        // An input that is always zero loses all its weights.
        #expect(found.values.allSatisfy { $0 == 0 })
    }

    @Test(
        "all projections of a model lose their share, nothing else changes, and it still runs",
        arguments: ["llama-odd-linear", "llama-tied-yarn", "phi3-longrope-partial"])
    func models(name: String) throws {
        let model = try ArchitectureFixtures.model(name)
        var generator = SeededGenerator(seed: 5)
        let batch = PackedSequences(
            (0..<20).map { _ in
                (0..<16).map { _ in Int32(generator.index(below: model.blueprint.vocabularySize)) }
            })
        let patch = try WeightPatch { give in
            try SparsePruning(
                model.weights, mode: .float32, batch: batch,
                regression: SparseRegression(pattern: .unstructured(share: 0.3))
            ).run(observer: SilentObserver(), give: give)
        }
        let projections = model.blueprint.layers.flatMap(\.tensors).filter { $0.shape.count == 2 }
        let pruned = patch.named(in: model.blueprint.layers)
        #expect(Set(pruned.keys) == Set(projections.map(\.name)))
        for tensor in projections {
            let made = try pruned[tensor.name]?()
            let zeros = try #require(made).values().filter { $0 == 0 }.count
            let share = Double(zeros) / Double(tensor.shape[0] * tensor.shape[1])
            // Each projection of a fused tensor rounds its count.
            #expect(abs(share - 0.3) < 0.01, "\(tensor.name)")
        }
        let count = model.blueprint.layers.count
        let folded = try FoldedCheckpoint(
            model: model, plan: .keeping(Array(0..<count), of: count), computed: patch)
        let scratch = try CheckpointScratch()
        _ = try folded.write(to: scratch.path, shardByteLimit: nil, observer: SilentObserver())
        let written = try Checkpoint(scratch.path)
        #expect(try folded.verify(written) <= 1)
        let stream = try ForwardPass(weights: try Model(written).weights, mode: .float32).run(
            batch, observer: SilentObserver())
        #expect(stream.values().allSatisfy { $0.isFinite })
    }

    @Test("experts and mixers that are not attention are refused by layer and reason")
    func refusals() throws {
        let model = try ArchitectureFixtures.model("jamba-odd")
        let error = #expect(throws: MethodError.self) {
            try SparsePruning(
                model.weights, mode: .float32, batch: PackedSequences([[1, 2, 3]]),
                regression: SparseRegression(pattern: .twoOfFour)
            ).run(observer: SilentObserver()) { _ in }
        }
        #expect(error?.description.contains("method sparsegpt cannot compute layer 0") == true)
    }
}
