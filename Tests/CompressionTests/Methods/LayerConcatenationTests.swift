// `come`: channels of two layers in one compute what they computed, each key-value group with the
// query heads that read it.

import Checkpoint
import EngineTestSupport
import Foundation
import Model
import SystemPackage
import TensorMath
import TestSupport
import Testing

@testable import Compression

@Suite struct LayerConcatenationTests {
    private static func demo() throws -> Model {
        try Model(try Checkpoint(FilePath(Places.demoModel.path)))
    }

    private static func batch() -> PackedSequences {
        PackedSequences(
            (0..<3).map { sequence in
                (0..<48).map { Int32((sequence * 977 + $0 * 31) % 4096) }
            })
    }

    private static func stream(_ weights: ModelWeights, layers: [LayerBlueprint]) throws
        -> MatrixView
    {
        var blueprint = weights.blueprint
        blueprint.layers = layers
        return try ForwardPass(
            weights: ModelWeights(blueprint: blueprint, source: weights.source), mode: .float32
        ).run(batch(), observer: SilentObserver())
    }

    /// `matrix` with all columns but some as zero.
    private static func keeping(_ columns: [Range<Int>], of matrix: MatrixView) -> MatrixView {
        let result = MatrixView(rows: matrix.rows, columns: matrix.columns)
        for range in columns { result.columns(range).assign(matrix.columns(range)) }
        return result
    }

    @Test("live channels of two layers that read alike become one layer that computes both")
    func pairing() throws {
        let model = try Self.demo()
        let layers = Array(model.blueprint.layers[7...8])
        let read = { try model.weights.source.weight($0).floats() }
        var patch = WeightPatch()
        for local in layers[0].localTensors.map(\.name) {
            patch[1][local] = try read(layers[0].fullName(local))
        }
        // One of four groups (two of eight heads) and an eighth of the neurons live in each.
        let outputs = [
            ("self_attn.o_proj.weight", [128..<192], [0..<64]),
            ("mlp.down_proj.weight", [100..<180], [600..<680]),
        ]
        var both = WeightPatch()
        for (local, first, second) in outputs {
            let whole = try read(layers[0].fullName(local))
            patch[0][local] = Self.keeping(first, of: whole)
            // Twice as much, so that both layers turn the stream by about as much, and each has a
            // share of the four groups.
            let doubled = try read(layers[0].fullName(local))
            RowKernels.scale(doubled, by: 2)
            patch[1][local] = Self.keeping(second, of: doubled)
            let sum = Self.keeping(first, of: whole)
            RowKernels.add(sum, Self.keeping(second, of: doubled))
            both[0][local] = sum
        }
        let source = PatchedWeights(model.weights.source)
        source.apply(patch, to: layers)
        var blueprint = model.blueprint
        blueprint.layers = layers
        let result = try LayerConcatenation(
            ModelWeights(blueprint: blueprint, source: source), mode: .float32, batch: Self.batch()
        ).run(removing: 1, observer: SilentObserver())
        try result.plan.validate()
        #expect(result.plan.layers[0].from.map(\.layer) == [0, 1])
        #expect(result.plan.layers[0].from.allSatisfy { $0.weight > 0.25 })
        func made(_ patch: WeightPatch) throws -> MatrixView {
            let source = PatchedWeights(model.weights.source)
            source.apply(patch, to: layers)
            return try Self.stream(
                ModelWeights(blueprint: model.blueprint, source: source), layers: [layers[0]])
        }
        let found = try made(result.patch).values()
        let wanted = try made(both).values()
        let nothing = try Self.stream(model.weights, layers: []).values()
        let size = zip(wanted, nothing).reduce(0) { max($0, abs($1.0 - $1.1)) }
        let error = zip(found, wanted).reduce(0) { max($0, abs($1.0 - $1.1)) }
        // Sums in another order, in f32.
        #expect(
            error < 1e-4 * size && size > 0.1,
            "\(error) of \(size), shares \(result.plan.layers[0].from)")
    }

    @Test("norms are averaged with their biases, and no tensor is left as it was")
    func norms() throws {
        let model = try ArchitectureFixtures.model("stablelm-bias")
        let layers = Array(model.blueprint.layers[0...1])
        let norms = [layers[0].inputNorm, layers[0].feedForwardNorm].compactMap { $0 }
        let biases = norms.compactMap(\.bias).map(layers[0].localName)
        #expect(biases.count == 2)
        // The second layer is the first but for the biases of its norms.
        var twin = LayerPatch()
        for local in layers[0].localTensors.map(\.name) where !biases.contains(local) {
            twin[local] = try model.weights.source.weight(layers[0].fullName(local)).floats()
        }
        let source = PatchedWeights(model.weights.source)
        source.apply(twin, to: layers[1])
        let weights = ModelWeights(blueprint: model.blueprint, source: source)
        let parts = layers.compactMap { ConcatenatedPart($0) }
        let patch = try ConcatenatedLayer(
            layers: layers, parts: parts,
            context: BlockContext(product: try MatrixProduct(mode: .float32), weights: weights)
        ).patch(neurons: [Array(0..<10), Array(10..<21)], groups: [[0], [1, 2]])
        #expect(Set(patch.names) == Set(layers[0].localTensors.map(\.name)))
        for bias in biases {
            let both = try layers.map { try weights.vector($0.fullName(bias)).values() }
            #expect(both[0] != both[1])
            let mean = zip(both[0], both[1]).map { ($0 + $1) * 0.5 }
            #expect(try #require(patch[bias]).values() == mean, "\(bias)")
        }
        for gain in norms.map({ layers[0].localName($0.tensor) }) {
            let own = try weights.vector(layers[0].fullName(gain)).values()
            #expect(try #require(patch[gain]).values() == own, "\(gain)")
        }
    }

    @Test("a folded model has the shares of its plan, is written, verified and runs")
    func writes() throws {
        let model = try Self.demo()
        let result = try LayerConcatenation(model.weights, mode: .float32, batch: Self.batch())
            .run(removing: 4, observer: SilentObserver())
        try result.plan.validate()
        #expect(result.plan.layers.count == 12)
        #expect(
            result.plan.layers.flatMap { $0.from.map(\.layer) } == Array(0..<16))
        let folded = try FoldedCheckpoint(model: model, plan: result.plan, computed: result.patch)
        let scratch = try CheckpointScratch()
        _ = try folded.write(to: scratch.path, shardByteLimit: nil, observer: SilentObserver())
        let written = try Checkpoint(scratch.path)
        #expect(try folded.verify(written) <= 1)
        let folds = try Model(written)
        #expect(folds.blueprint.layers.count == 12)
        let stream = try Self.stream(folds.weights, layers: folds.blueprint.layers)
        #expect(stream.values().allSatisfy { $0.isFinite })
    }

    @Test("layers that cannot stand side by side are not merged")
    func refusals() throws {
        let model = try ArchitectureFixtures.model("jamba-odd")
        let error = #expect(throws: PlanError.self) {
            try LayerConcatenation(
                model.weights, mode: .float32, batch: PackedSequences([[1, 2, 3]])
            ).run(removing: 1, observer: SilentObserver())
        }
        // Not "none is left": some are, of a kind that this method does not join.
        #expect("\(try #require(error))".contains("removed 0 of 1 layers at most: it joins"))
    }
}
