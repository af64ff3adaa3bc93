// `replaceme` against its definition: what the map must satisfy, and what it must leave alone.
// Scripts/compare_methods_with_python.py compares it with an independent implementation.

import EngineTestSupport
import Model
import TensorMath
import Testing

@testable import Compression

@Suite struct BlockReplacementTests {
    private static func batch(_ model: Model, sequences: Int = 30) -> PackedSequences {
        var generator = SeededGenerator(seed: 5)
        return PackedSequences(
            (0..<sequences).map { _ in
                (0..<20).map { _ in
                    Int32(generator.index(below: model.blueprint.vocabularySize))
                }
            })
    }

    private static func patch(
        _ weights: ModelWeights, removing removed: Range<Int>, _ batch: PackedSequences,
        lambda: Double = 1e-6
    ) throws -> WeightPatch {
        let kept = weights.blueprint.layers.indices.filter { !removed.contains($0) }
        return try BlockReplacement(weights, mode: .float32, batch: batch, lambda: lambda)
            .run(keeping: kept, observer: SilentObserver())
    }

    /// The stream behind layer `end - 1` of a model with other weights.
    private static func stream(
        _ weights: ModelWeights, _ patch: WeightPatch, layers: Range<Int>, _ batch: PackedSequences
    ) throws -> MatrixView {
        let source = PatchedWeights(weights.source)
        source.apply(patch, to: weights.blueprint.layers)
        let forward = ForwardPass(
            weights: ModelWeights(blueprint: weights.blueprint, source: source), mode: .float32)
        let stream = try forward.embed(batch)
        try forward.run(layers: layers, stream: stream, batch, observer: SilentObserver())
        return stream
    }

    private static func squares(_ left: MatrixView, _ right: MatrixView) -> Double {
        zip(left.values(), right.values()).reduce(0) {
            $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1)
        }
    }

    @Test(
        "the map brings the stream nearer to the one behind the run, by one projection only",
        arguments: ["llama-odd-linear", "llama-tied-yarn", "phi3-longrope-partial"])
    func approaches(name: String) throws {
        let model = try ArchitectureFixtures.model(name)
        let batch = Self.batch(model)
        let count = model.blueprint.layers.count
        for start in 1..<count {
            let patch = try Self.patch(model.weights, removing: start..<count, batch)
            #expect(Array(patch.layers.keys) == [start - 1])
            let part = "mlp.down_proj."
            #expect(
                patch[start - 1].names.allSatisfy {
                    [part + "weight", part + "bias"].contains($0)
                })
            let wanted = try Self.stream(model.weights, WeightPatch(), layers: 0..<count, batch)
            let dropped = try Self.stream(model.weights, WeightPatch(), layers: 0..<start, batch)
            let mapped = try Self.stream(model.weights, patch, layers: 0..<start, batch)
            #expect(Self.squares(mapped, wanted) < Self.squares(dropped, wanted))
        }
    }

    @Test("no weight near the fitted one does better: the normal equations hold")
    func stationary() throws {
        let model = try ArchitectureFixtures.model("llama-odd-linear")
        let batch = Self.batch(model)
        let count = model.blueprint.layers.count
        let patch = try Self.patch(model.weights, removing: 1..<count, batch)
        let wanted = try Self.stream(model.weights, WeightPatch(), layers: 0..<count, batch)
        func error(_ patch: WeightPatch) throws -> Double {
            Self.squares(try Self.stream(model.weights, patch, layers: 0..<1, batch), wanted)
        }
        let least = try error(patch)
        var generator = SeededGenerator(seed: 7)
        let width = model.blueprint.hiddenWidth
        for _ in 0..<20 {
            // (I + R)'T' W and (I + R)'T' b: other maps of the same output.
            let step = DoubleMatrix(
                rows: width, columns: width,
                values: (0..<width * width).map { _ in 0.02 * (generator.uniform() - 0.5) })
            var moved = WeightPatch()
            for name in patch[0].names {
                let fitted = try #require(patch[0][name])
                let isBias = fitted.rows == 1
                let doubles = fitted.transposedDoubles
                let change = DoubleMatrix.product(
                    step, isBias ? doubles : doubles.transposed, transposingLeft: true)
                moved[0][name] = MatrixView(isBias ? change.transposed : change)
                RowKernels.add(try #require(moved[0][name]), fitted)
            }
            #expect(try error(moved) > least)
        }
    }

    @Test("layers that add nothing are replaced by nothing")
    func identity() throws {
        let model = try ArchitectureFixtures.model("llama-odd-linear")
        let batch = Self.batch(model)
        let count = model.blueprint.layers.count
        var silence = WeightPatch()
        for (index, layer) in model.blueprint.layers.enumerated().dropFirst() {
            for name in layer.localTensors.map(\.name)
            where name.contains("o_proj") || name.contains("down_proj") {
                let weight = try model.weights.source.weight(layer.fullName(name))
                silence[index][name] = MatrixView(rows: weight.rows, columns: weight.columns)
            }
        }
        let source = PatchedWeights(model.weights.source)
        source.apply(silence, to: model.blueprint.layers)
        let silent = ModelWeights(blueprint: model.blueprint, source: source)
        let patch = try Self.patch(silent, removing: 1..<count, batch)
        let before = try Self.stream(silent, WeightPatch(), layers: 0..<1, batch)
        let after = try Self.stream(silent, patch, layers: 0..<1, batch)
        // T = I where M varies, but for the ridge and the rounding of sums of f32 products.
        #expect(Self.squares(after, before) < 1e-10 * Self.squares(before, .init(before)))
    }

    @Test("without a ridge fewer tokens than features are refused, with one they are not")
    func tokens() throws {
        let model = try ArchitectureFixtures.model("llama-odd-linear")
        let batch = Self.batch(model, sequences: 1)
        let width = model.blueprint.hiddenWidth
        #expect(
            throws: MethodError.tooFewTokens(method: "replaceme", tokens: 20, features: width)
        ) { try Self.patch(model.weights, removing: 1..<2, batch, lambda: 0) }
        let patch = try Self.patch(model.weights, removing: 1..<2, batch, lambda: 0.01)
        #expect(!patch.layers.isEmpty)
    }

    @Test("an MLP of experts and a norm behind the MLP are refused by layer and reason")
    func refusals() throws {
        let model = try ArchitectureFixtures.model("llama-odd-linear")
        let batch = Self.batch(model)
        var blueprint = model.blueprint
        blueprint.layers[0].postFeedForwardNorm = blueprint.layers[0].inputNorm
        let error = #expect(throws: MethodError.self) {
            try Self.patch(
                ModelWeights(blueprint: blueprint, source: model.weights.source),
                removing: 1..<2, batch)
        }
        #expect(error?.description.contains("method replaceme cannot compute layer 0") == true)
    }
}

extension MatrixView {
    /// Zeros of the same shape.
    fileprivate init(_ other: MatrixView) { self.init(rows: other.rows, columns: other.columns) }
}
