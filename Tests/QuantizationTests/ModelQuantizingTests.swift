// Whole models a layer at a time: what becomes of them, and that what should change nothing does.

import Catalogue
import Checkpoint
import EngineTestSupport
import Model
import Schemes
import SystemPackage
import TensorMath
import Testing

@testable import Quantization

@Suite struct ModelQuantizingTests {
    /// Of models that are not refused.
    private static let names = ArchitectureFixtures.folders.filter { folder in
        (try? QuantizableWeights(Model(Checkpoint(folder)).blueprint).obstacle == nil) ?? false
    }.map { $0.lastComponent?.string ?? "" }

    private static func model(_ name: String) throws -> Model {
        let folder = ArchitectureFixtures.folders.first { $0.lastComponent?.string == name }
        return try Model(try Checkpoint(try #require(folder)))
    }

    private static func batch(_ model: Model) -> PackedSequences {
        PackedSequences(ArchitectureFixtures.tokens([9, 12, 7, 16, 3, 11], of: model, seed: 2))
    }

    @Test("a tensor that no longer fits is no end for the original alone")
    func cure() {
        let text = "\(CalibrationFault.overflow(tensor: "norm", format: .f16))"
        #expect(text.contains("dtype: bfloat16") && text.contains("`original: true`"), "\(text)")
    }

    @Test("what a method divides is declared as its recipe has it")
    func divided() {
        for method in QuantizationMethod.all {
            let parameters = Parameters().completed(with: method.declaration.parameters)
            let scheme = QuantizationScheme(
                weights: WeightScheme(kind: .int, bits: 4, group: nil), activations: .none)
            let expected: DividedInputs =
                switch method.recipe(scheme, parameters)?.scaling {
                case nil, .some(.none): .nothing
                case .activationAware: .normsAndProjections
                case .smoothing: .norms
                }
            #expect(method.declaration.divides == expected, "\(method.declaration.name)")
        }
    }

    private static func recipe(
        _ model: Model, _ rounding: QuantizationRecipe.Rounding,
        _ scaling: QuantizationRecipe.Scaling = .none
    ) throws -> QuantizationRecipe {
        QuantizationRecipe(
            scheme: WeightScheme(kind: .int, bits: 4, group: nil),
            scaling: scaling, rounding: rounding)
    }

    private static func layers(
        _ model: Model, _ recipe: QuantizationRecipe,
        recall: some QuantizationRecall = NoRecall()
    ) throws -> [QuantizedLayer] {
        var layers: [QuantizedLayer] = []
        try ModelQuantizing(
            model.weights, mode: .float32, batch: batch(model), recipe: recipe
        ).run(recall: recall, observer: SilentObserver()) { layers.append($0) }
        return layers
    }

    private static func feedback(
        _ target: QuantizationRecipe.Target
    ) -> QuantizationRecipe.Rounding {
        var feedback = QuantizationRecipe.Feedback()
        feedback.target = target
        return .feedback(feedback)
    }

    private static let recipes: [(QuantizationRecipe.Rounding, QuantizationRecipe.Scaling)] = [
        (.nearest(clips: false), .none), (feedback(.own), .none), (feedback(.original), .none),
        (.nearest(clips: true), .activationAware),
        (.nearest(clips: false), .smoothing(strength: 0.5)),
        (feedback(.own), .smoothing(strength: 0.5)),
    ]

    // MARK: Scales

    @Test("what is divided and multiplied leaves what a layer gives", arguments: names)
    func folding(name: String) throws {
        let model = try Self.model(name)
        let format = try model.weights.source.weight(model.blueprint.embedding).format
        let tolerance: Float = format == .f32 ? 1e-5 : 2e-2
        let batch = Self.batch(model)
        let waves = try CalibrationWaves(
            batch, holdsBack: false, waveTokens: 64, blueprint: model.blueprint)
        var generator = SeededGenerator(seed: 9)
        let product = try MatrixProduct(mode: .float32)
        for index in model.blueprint.layers.indices {
            let draft = LayerDraft(model.weights, layer: index, product: product)
            let pairs =
                ScalingPair.ofMixer(draft.layer, includingProjections: true)
                + ScalingPair.ofFeedForward(draft.layer, includingProjections: true)
            for pair in pairs {
                try draft.scale(
                    pair,
                    by: (0..<pair.scaleCount).map { _ in Float(0.5 + 1.5 * generator.uniform()) })
            }
            let stream = MatrixView(
                rows: batch.tokens.count, columns: model.blueprint.hiddenWidth,
                values: (0..<batch.tokens.count * model.blueprint.hiddenWidth).map { _ in
                    Float(generator.uniform() - 0.5)
                })
            let plain = MatrixView(rows: stream.rows, columns: stream.columns)
            plain.assign(stream)
            let original = LayerReader(
                layer: draft.layer,
                context: BlockContext(product: product, weights: model.weights))
            for wave in waves.all {
                for (reader, matrix) in [(draft.reader, stream), (original, plain)] {
                    let rows = matrix.rows(wave.tokens)
                    try reader.passMixer(rows, layout: wave.layout)
                    try reader.passFeedForward(rows)
                }
            }
            let error = relativeError(stream.values(), plain.values())
            #expect(error < tolerance, "layer \(index)")
        }
    }

    @Test(
        "what sees inside a larger model is left alone, and its head by its whole name",
        arguments: [
            ("gemma3-seeing", ["re:.*vision_tower.*", "re:.*multi_modal_projector.*"]),
            ("mistral3-seeing", ["re:.*vision_tower.*", "language_model.lm_head"]),
            ("qwen3-vl-seeing", ["re:.*visual.*"]),
        ])
    func largerModels(name: String, patterns: [String]) throws {
        let ignored = QuantizableWeights(try Self.model(name).blueprint).ignore
        #expect(Set(patterns).isSubset(of: ignored), "\(ignored)")
        #expect(Set(ignored).count == ignored.count)
    }

    @Test("query heads that share a key-value head share scales")
    func groupedQueries() throws {
        let model = try Self.model("llama-tied-yarn")
        let layer = model.blueprint.layers[0]
        let pair = try #require(
            ScalingPair.ofMixer(layer, includingProjections: true).dropFirst().first)
        // Six heads of eight inputs, three for each key-value head.
        #expect(pair.scaleCount == 16)
        #expect(pair.scaleOfInput[0..<24] == pair.scaleOfInput[0..<8] + pair.scaleOfInput[0..<16])
        #expect(pair.scaleOfInput[24] == 8 && pair.scaleOfInput[47] == 15)
        let means = pair.pooled((0..<48).map { Double($0) })
        #expect(means[0] == 8 && means[15] == 39)
    }

    // MARK: Models

    @Test("every projection of every layer is rounded, nothing else is", arguments: names)
    func projections(name: String) throws {
        let model = try Self.model(name)
        for (rounding, scaling) in Self.recipes {
            let recipe = try Self.recipe(model, rounding, scaling)
            let layers = try Self.layers(model, recipe)
            #expect(layers.map(\.layer) == Array(model.blueprint.layers.indices))
            for (layer, blueprint) in zip(layers, model.blueprint.layers) {
                let wanted = Set(blueprint.projections.map(\.tensor.module))
                #expect(Set(layer.matrices.keys) == wanted)
                for projection in blueprint.projections {
                    let matrix = try #require(layer.matrices[projection.tensor.module])
                    #expect(matrix.rows == projection.totalRows)
                    #expect(matrix.columns == projection.inputs)
                    #expect(matrix.scales.allSatisfy { $0 > 0 && $0.isFinite })
                }
                let tensors = Set(blueprint.tensors.map(\.name))
                #expect(layer.dense.keys.allSatisfy { tensors.contains($0) })
                #expect(scaling != .none || layer.dense.isEmpty)
            }
        }
    }

    @Test("layers that an earlier run left are taken, and those behind them come out the same")
    func recall() throws {
        final class Kept: QuantizationRecall {
            var layers: [Int: QuantizedLayer] = [:]
            var made: [Int] = []
            func layer(_ index: Int) -> QuantizedLayer? { layers[index] }
            func keep(_ layer: QuantizedLayer) {
                layers[layer.layer] = layer
                made.append(layer.layer)
            }
        }
        let model = try Self.model("llama-tied-yarn")
        let recipe = try Self.recipe(model, Self.feedback(.original))
        let kept = Kept()
        let first = try Self.layers(model, recipe, recall: kept)
        #expect(kept.made == Array(first.indices))
        let last = first.count - 1
        kept.layers[last] = nil
        kept.made = []
        let second = try Self.layers(model, recipe, recall: kept)
        #expect(kept.made == [last])
        #expect(second.map(\.matrices) == first.map(\.matrices))
    }

    @Test("experts that no token chooses are rounded to nearest, and that is told")
    func unseenExperts() throws {
        let model = try Self.model("jamba-odd")
        // One token leaves most experts without any.
        var layers: [QuantizedLayer] = []
        try ModelQuantizing(
            model.weights, mode: .float32, batch: PackedSequences([[1]]),
            recipe: try Self.recipe(model, Self.feedback(.own))
        ).run(recall: NoRecall(), observer: SilentObserver()) { layers.append($0) }
        let notes = layers.map(\.notes).joined().filter { $0.contains("no token") }
        #expect(!notes.isEmpty)
        for (layer, blueprint) in zip(layers, model.blueprint.layers) {
            for projection in blueprint.projections {
                let module = projection.tensor.module
                guard layer.notes.contains(where: { $0.hasPrefix(module + ":") }) else { continue }
                let weight = try model.weights.source.weight(projection.tensor).floats()
                let matrix = try #require(layer.matrices[module])
                #expect(
                    matrix
                        == Grid(matrix.scheme, scaleFormat: .f32).nearest(weight))
            }
        }
    }

    @Test("too few tokens are told of by their number")
    func fewTokens() throws {
        let model = try Self.model("llama-tied-yarn")
        func doubt(_ tokens: Int) throws -> String? {
            ModelQuantizing(
                model.weights, mode: .float32,
                batch: PackedSequences([[Int32](repeating: 1, count: tokens)]),
                recipe: try Self.recipe(model, Self.feedback(.own))
            ).doubt
        }
        #expect(try doubt(48) == nil)
        #expect(try #require(try doubt(47)).hasPrefix("47 calibration tokens"))
    }
}
