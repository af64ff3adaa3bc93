// Derivatives of single layers and of the head, of every architecture that is committed, against
// central differences; and of whole models against torch autograd
// (Scripts/make_gradient_goldens.py).

import Checkpoint
import EngineTestSupport
import Foundation
import Model
import SystemPackage
import TensorMath
import TestSupport
import Testing

@testable import Compression

@Suite struct BlockGradientTests {
    /// A function of a matrix whose values are moved, and its derivative there.
    private struct Slope {
        let value: (MatrixView) throws -> Double
        let at: MatrixView
        let gradient: MatrixView
        /// Of the rounding of `value`.
        let noise: Double
        /// As a share of the values' root mean square.
        var step = 0.005
        var tolerance = 2e-3

        /// The error of the derivative along the gradient and across it at once, as a share of what
        /// is allowed: along the gradient alone, what it lacks would not be seen. Where a norm of
        /// something small bends the function, a shorter step sees its derivative.
        func error(seed: UInt64) throws -> Double {
            let steps = [step, step / 4, step / 16]
            for shorter in steps {
                let found = try error(seed: seed, step: shorter)
                if found < 1 { return found }
            }
            return try error(seed: seed, step: step)
        }

        private func error(seed: UInt64, step: Double) throws -> Double {
            var generator = SeededGenerator(seed: seed)
            let count = at.rows * at.columns
            func unit(_ values: [Float]) -> [Float] {
                let length = values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
                return values.map { length > 0 ? $0 / Float(length) : 0 }
            }
            let own = unit(gradient.values())
            let other = unit((0..<count).map { _ in Float(2 * generator.uniform() - 1) })
            let size = max(0.01, (at.sumOfSquares / Double(count)).squareRoot())
            let direction = MatrixView(
                rows: at.rows, columns: at.columns,
                values: unit(zip(own, other).map { $0 + $1 }).map {
                    $0 * Float(size * Double(count).squareRoot())
                })
            // (8 (L(x + h) - L(x - h)) - (L(x + 2h) - L(x - 2h))) / 12h
            let sides = try [step, -step, 2 * step, -2 * step].map { move in
                let moved = direction.copy()
                RowKernels.scale(moved, by: Float(move))
                RowKernels.add(moved, at)
                return try value(moved)
            }
            let difference = (8 * (sides[0] - sides[1]) - (sides[2] - sides[3])) / (12 * step)
            let length = (gradient.sumOfSquares * direction.sumOfSquares).squareRoot()
            let found = gradient.dot(direction)
            let allowed = tolerance * length + noise / step
            let error = abs(difference - found) / max(allowed, .leastNormalMagnitude)
            return error.isFinite ? error : .infinity
        }
    }

    private static func batch(_ model: Model) -> PackedSequences {
        // Longer than a tile of scores, and than all windows.
        let length = min(140, model.blueprint.positions.map { $0.rows - $0.offset } ?? 140)
        return PackedSequences(ArchitectureFixtures.tokens([length, 1, 7], of: model))
    }

    /// How far weights are moved, as a share of their size, and how near differences come then.
    private static func accuracy(_ layer: LayerBlueprint) -> (step: Double, tolerance: Double) {
        let isKinked = layer.perceptrons.contains {
            [.relu, .clampedSwish].contains($0.activation)
        }
        if isKinked { return (0.001, 0.02) }
        if case .experts = layer.feedForward { return (0.002, 2e-3) }
        return (0.005, 2e-3)
    }

    /// Whether a small change is no small change: heads whose mean is taken off may nearly vanish,
    /// clips have a kink at most numbers, and there are many ties to choose experts by. Such layers
    /// are held against torch.
    private static func jumps(_ layer: LayerBlueprint) -> Bool {
        if case .attention(let attention) = layer.mixer {
            if attention.clip != nil || attention.queryNorm?.isCentred == true { return true }
        }
        guard case .experts(let experts) = layer.feedForward else { return false }
        return experts.routing.scores == .sigmoid || experts.routing.correction != nil
    }

    /// Tokens whose experts a small change would swap weigh nothing: no derivative knows of that.
    private static func leaveOutTies(
        _ routes: ExpertsBlueprint.Routes, _ layer: LayerBlueprint, _ weights: MatrixView
    ) {
        guard case .experts(let experts) = layer.feedForward,
            experts.expertsPerToken < experts.experts.count
        else { return }
        for token in 0..<weights.rows {
            let sorted = routes.scores.row(token).sorted(by: >)
            let (last, next) = (
                sorted[experts.expertsPerToken - 1], sorted[experts.expertsPerToken]
            )
            if last < 1.2 * next { weights.rows(token..<token + 1).fill(0) }
        }
    }

    /// Every layer of a model that has a derivative, on the stream that it gets.
    private static func check(_ model: Model) throws -> Int {
        let (blueprint, batch) = (model.blueprint, batch(model))
        let forward = ForwardPass(weights: model.weights, mode: .float32)
        let wave = try ForwardPass.Wave(batch.ranges.indices, batch, blueprint)
        let source = FloatWeights(model.weights.source)
        let context = BlockContext(
            product: try MatrixProduct(mode: .float32),
            weights: ModelWeights(blueprint: blueprint, source: source))
        let stream = try forward.embed(batch)
        var generator = SeededGenerator(seed: 7)
        var count = 0
        for (index, layer) in blueprint.layers.enumerated() {
            defer { count += 1 }
            guard let block = BlockGradient(layer), !jumps(layer) else {
                try layer.run(stream, layout: wave.layout, context: context)
                continue
            }
            let input = stream.copy()
            let weights = MatrixView(
                rows: input.rows, columns: input.columns,
                values: (0..<input.rows * input.columns).map { _ in
                    Float(2 * generator.uniform() - 1)
                })
            func value(_ input: MatrixView) throws -> Double {
                let output = input.copy()
                try layer.run(output, layout: wave.layout, context: context)
                return output.dot(weights)
            }
            let (output, trace) = try block.run(input, layout: wave.layout, context: context)
            if let routes = trace.routes { leaveOutTies(routes, layer, weights) }
            let noise = 1e-6 * output.sumOfSquares.squareRoot()
            // The same layer, by the same products.
            try layer.run(stream, layout: wave.layout, context: context)
            #expect(relativeError(output.values(), stream.values()) < 1e-5, "layer \(index)")

            let gradient = weights.copy()
            var tensors: TensorGradients? = TensorGradients()
            try block.pull(
                gradient, through: trace, layout: wave.layout, context: context,
                tensors: &tensors)
            let (step, tolerance) = accuracy(layer)
            let error = try Slope(
                value: value, at: input, gradient: gradient, noise: noise, step: step,
                tolerance: tolerance
            ).error(seed: UInt64(index))
            #expect(error < 1, "input of layer \(index)")
            for tensor in layer.tensors {
                let start = try model.weights.source.weight(tensor.name).floats()
                let slope = try #require(tensors?.matrices[tensor.name], "\(tensor.name)")
                let error = try Slope(
                    value: { moved in
                        source.set(tensor.name, moved)
                        return try value(input)
                    }, at: start, gradient: slope, noise: noise, step: step, tolerance: tolerance
                ).error(seed: UInt64(index))
                source.set(tensor.name, start)
                #expect(error < 1, "\(tensor.name)")
            }
        }
        return count
    }

    @Test("layers' derivatives are central differences", arguments: ArchitectureFixtures.names)
    func layers(name: String) throws {
        let model = try ArchitectureFixtures.model(name)
        #expect(try Self.check(model) == model.blueprint.layers.count)
    }

    @Test("what has no derivative is a mixer that is no attention, and says so")
    func obstacles() throws {
        for name in ArchitectureFixtures.names {
            for layer in try ArchitectureFixtures.model(name).blueprint.layers {
                let what = BlockGradient.obstacle(layer)
                #expect((BlockGradient(layer) == nil) == (what != nil))
                switch layer.mixer {
                case .attention, .absent: #expect(what == nil, "\(name)")
                default: #expect(what?.hasSuffix(layer.mixer.words) == true, "\(name)")
                }
            }
        }
    }

    @Test("so is the head's, through caps, scales and norms", arguments: ArchitectureFixtures.names)
    func head(name: String) throws {
        let model = try ArchitectureFixtures.model(name)
        for cap in [model.blueprint.finalSoftCap, 2] {
            var blueprint = model.blueprint
            blueprint.finalSoftCap = cap
            let weights = ModelWeights(blueprint: blueprint, source: model.weights.source)
            let batch = PackedSequences(ArchitectureFixtures.tokens([12, 5], of: model))
            let stream = try ForwardPass(weights: weights, mode: .float32).run(
                batch, observer: SilentObserver())
            var generator = SeededGenerator(seed: 3)
            let teacher = stream.copy()
            for row in 0..<teacher.rows {
                for column in 0..<teacher.columns {
                    teacher[row, column] *= Float(0.8 + 0.4 * generator.uniform())
                }
            }
            let rows = Array(0..<stream.rows)
            for isDivergence in [false, true] {
                let head = try LossHead(
                    weights, original: isDivergence ? weights : nil, mode: .float32)
                func value(_ stream: MatrixView, _ gradient: MatrixView?) throws -> Double {
                    try head.evaluate(
                        stream, teacher: isDivergence ? teacher : nil, rows: rows,
                        targets: batch.tokens, gradient: gradient)
                }
                let gradient = MatrixView(rows: stream.rows, columns: stream.columns)
                let loss = try value(stream, gradient)
                let error = try Slope(
                    value: { try value($0, nil) }, at: stream, gradient: gradient,
                    noise: 1e-6 * (loss + 1)
                ).error(seed: 5)
                #expect(error < 1, "cap \(cap ?? 0), divergence \(isDivergence)")
            }
        }
    }

    // MARK: torch

    private static let folder = FilePath(Places.fixtures.path).appending("gradients")

    private static func golden(_ path: FilePath) throws -> TensorArchive {
        try TensorArchive(parsing: try CheckpointScratch.bytes(path))
    }

    static let goldens = ["gemma2", "olmo2", "qwen2_moe", "qwen3"]

    @Test("loss and gradients of whole models are torch's", arguments: goldens)
    func torch(name: String) throws {
        let model = try Model(try Checkpoint(Self.folder.appending(name)))
        let golden = try Self.golden(Self.folder.appending(name + ".safetensors"))
        let batch = PackedSequences(ArchitectureFixtures.tokens([33, 1, 20], of: model))
        let wave = try ForwardPass.Wave(batch.ranges.indices, batch, model.blueprint)
        let context = BlockContext(
            product: try MatrixProduct(mode: .float32), weights: model.weights)
        let blocks = try model.blueprint.layers.enumerated().map {
            try BlockGradient($1, index: $0)
        }
        var stream = try ForwardPass(weights: model.weights, mode: .float32).embed(batch)
        var inputs: [MatrixView] = []
        for block in blocks {
            inputs.append(stream)
            stream = try block.run(stream, layout: wave.layout, context: context).output.copy()
        }
        let rows = wave.layout.sequences.flatMap { $0.dropLast() }
        let gradient = MatrixView(rows: stream.rows, columns: stream.columns)
        let loss = try LossHead(model.weights, original: nil, mode: .float32).evaluate(
            stream, teacher: nil, rows: rows, targets: rows.map { batch.tokens[$0 + 1] },
            gradient: gradient)
        let wanted = try #require(golden.matrix("loss"))
        #expect(abs(loss - Double(wanted[0, 0])) < 1e-5 * loss)
        var compared = 0
        for (block, input) in zip(blocks, inputs).reversed() {
            var tensors: TensorGradients? = TensorGradients()
            let (_, trace) = try block.run(input, layout: wave.layout, context: context)
            try block.pull(
                gradient, through: trace, layout: wave.layout, context: context,
                tensors: &tensors)
            for tensor in block.layer.tensors {
                let slope = try #require(tensors?.matrices[tensor.name])
                let expected = try #require(golden.matrix(tensor.name))
                let error = relativeError(slope.values(), expected.values())
                #expect(error < 2e-4, "\(tensor.name)")
                compared += 1
            }
        }
        #expect(compared == golden.entries.count - 1)
    }
    /// Layers of committed checkpoints: norms inside heads that take the mean off, clips, gates
    /// behind heads, sinks, experts by sigmoids, in groups or by corrected scores.
    static let layerGoldens = [
        ("cohere-norms", 0), ("phi-norms", 1), ("olmoe-clipped", 1), ("qwen3_next-types", 3),
        ("gpt-oss-odd", 0), ("glm4_moe-norms", 2), ("ernie4_5_moe-biased", 1),
    ]

    @Test("so are those of layers that bend or jump", arguments: layerGoldens)
    func torch(name: String, index: Int) throws {
        let model = try ArchitectureFixtures.model(name)
        let golden = try Self.golden(
            Self.folder.appending("layers").appending("\(name)-\(index).safetensors"))
        let input = try #require(golden.matrix("input"))
        let batch = PackedSequences([[Int32](repeating: 0, count: input.rows)])
        let wave = try ForwardPass.Wave(0..<1, batch, model.blueprint)
        let context = BlockContext(
            product: try MatrixProduct(mode: .float32), weights: model.weights)
        let block = try BlockGradient(model.blueprint.layers[index], index: index)
        let (_, trace) = try block.run(input, layout: wave.layout, context: context)
        let gradient = try #require(golden.matrix("weights")).copy()
        var tensors: TensorGradients? = TensorGradients()
        try block.pull(
            gradient, through: trace, layout: wave.layout, context: context, tensors: &tensors)
        let wanted = try #require(golden.matrix("slopes"))
        #expect(relativeError(gradient.values(), wanted.values()) < 5e-4, "input")
        for tensor in block.layer.tensors {
            let slope = try #require(tensors?.matrices[tensor.name], "\(tensor.name)")
            let expected = try #require(golden.matrix(tensor.name), "\(tensor.name)")
            let largest = expected.values().map { abs($0) }.max() ?? 0
            if largest == 0 {
                #expect(slope.values().allSatisfy { $0 == 0 }, "\(tensor.name)")
            } else {
                #expect(
                    relativeError(slope.values(), expected.values()) < 5e-4, "\(tensor.name)")
            }
        }
    }
}
