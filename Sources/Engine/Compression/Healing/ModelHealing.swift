// The pass itself: forwards from the first folded layer, the divergence of the logits, and back
// layer by layer. Inner values are computed again from each layer's input; a layer's tensors move as
// soon as its gradients are there, so that no more than one layer's gradients live.

import Foundation
import Model
import TensorMath

/// A model of kept layers whose tensors move; streams are [tokens, hidden].
final class ModelHealing {
    private let healing: Healing
    private let original: ModelWeights
    /// Layers of the new model, and the first of them that moves.
    private let layers: [LayerBlueprint]
    private let first: Int
    private let blocks: [BlockGradient]
    private let source: FloatWeights
    private let context: BlockContext
    private let head: LossHead
    private let judge: FoldJudge
    private let waves: [ForwardPass.Wave]
    /// Of the fitted sequences before `first`, and behind the original's last layer.
    private let prefix: MatrixView
    private let teacher: MatrixView
    /// Of each layer that moves, by local names in a fixed order.
    private var tensors: [[TunedTensor]] = []
    private let meter: FoldMeter
    private let stepOperations: Double

    init(
        _ healing: Healing, _ input: MethodInput, keeping kept: [Int],
        computed: any ComputedTensors, observer: some WorkObserver
    ) throws {
        let blueprint = input.weights.blueprint
        let (fitted, held) = FoldSettings().split(input.batch)
        guard let held, let first = Healing.first(kept, of: blueprint) else {
            preconditionFailure("an obstacle is asked for before")
        }
        self.healing = healing
        self.first = first
        original = input.weights
        layers = kept.map { blueprint.layers[$0] }
        blocks = try kept[first...].map { try BlockGradient(blueprint.layers[$0], index: $0) }
        let patched = PatchedWeights(original.source)
        patched.apply(computed, to: layers)
        source = FloatWeights(patched)
        context = BlockContext(
            product: try MatrixProduct(mode: input.mode),
            weights: ModelWeights(blueprint: blueprint, source: source))
        head = try LossHead(original, original: original, mode: input.mode)
        meter = FoldMeter(
            total: healing.work(input, kept: kept).operations, observer: observer)
        meter.begin("streams", share: blueprint.operations(TokenLoad(fitted)))
        let forward = ForwardPass(weights: original, mode: input.mode, space: input.space)
        let teacher = try forward.embed(fitted)
        let all = blueprint.layers.indices
        try forward.run(
            layers: all.prefix(first), stream: teacher, fitted, observer: Quiet(observer))
        prefix = try input.space.copy(teacher)
        try forward.run(
            layers: all.dropFirst(first), stream: teacher, fitted, observer: Quiet(observer))
        self.teacher = teacher
        judge = try FoldJudge(original, mode: input.mode, batch: held, space: input.space)
        meter.end()
        waves = try fitted.waves(limit: Healing.waveTokens).map {
            try ForwardPass.Wave($0, fitted, blueprint)
        }
        let load = TokenLoad(fitted)
        stepOperations = healing.operations(
            ofStep: load * (Double(Healing.waveTokens) / max(1, load.tokens)), blueprint,
            kept[first...])
    }

    /// The tensors that diverged least on what is held back, of all looks.
    func run(
        recall: some HealingRecall, observer: some WorkObserver
    ) throws -> (tensors: WeightPatch, looks: [HealingLook]) {
        try start(nil)
        var looks = [HealingLook(step: 0, heldBack: try heldBack(observer))]
        var best = patch()
        for (segment, end) in healing.looks.enumerated() {
            let begin = segment == 0 ? 0 : healing.looks[segment - 1]
            meter.begin(
                "steps \(begin + 1) to \(end) of \(healing.steps)",
                share: stepOperations * Double(end - begin))
            if let known = try recall.state(behind: end) {
                try start(known.tensors)
                looks = known.looks
            } else {
                try start(patch())
                let fitted = try run(steps: begin..<end)
                looks.append(
                    HealingLook(step: end, fitted: fitted, heldBack: try heldBack(observer)))
                try recall.keep(patch(), looks, behind: end)
            }
            meter.end()
            if looks.last?.heldBack == looks.map(\.heldBack).min() { best = patch() }
            // Twice in a row no better than the best: more steps learn the tokens by heart.
            if looks.suffix(2).allSatisfy({ $0.heldBack > looks.map(\.heldBack).min() ?? 0 }) {
                break
            }
        }
        return (best, looks)
    }

    // MARK: Tensors

    /// Takes tensors, or the model's own, without any moments.
    private func start(_ known: WeightPatch?) throws {
        tensors = try layers.indices.dropFirst(first).map { index in
            try layers[index].tensors.map { tensor in
                let local = layers[index].localName(tensor.name)
                let values =
                    try known?[index][local]?.copy() ?? source.weight(tensor.name).floats()
                return TunedTensor(tensor.name, values)
            }
        }
        for tensor in tensors.joined() { publish(tensor) }
    }

    /// Products of bf16 round what they read: rounded once here, it is not rounded again by each.
    private func publish(_ tensor: TunedTensor) {
        source.set(
            tensor.name, tensor.values,
            as: context.product.mode == .bfloat16 && tensor.values.rows > 1 ? .bf16 : .f32)
    }

    private func patch() -> WeightPatch {
        var patch = WeightPatch()
        for (place, tensors) in tensors.enumerated() {
            var layer = LayerPatch()
            for tensor in tensors {
                layer[layers[first + place].localName(tensor.name)] = tensor.values.copy()
            }
            patch[first + place] = layer
        }
        return patch
    }

    private func heldBack(_ observer: some WorkObserver) throws -> Double {
        try judge.divergence(of: layers, source, observer: observer)
    }

    // MARK: Steps

    /// - Returns: the mean divergence of the waves, in nats a token.
    private func run(steps: Range<Int>) throws -> Double {
        // Every segment has an order of its own, which depends on nothing before.
        var generator = SeededGenerator(seed: UInt64(steps.lowerBound + 1))
        var order: [Int] = []
        var (sum, tokens) = (0.0, 0)
        for (number, step) in steps.enumerated() {
            if order.isEmpty { order = waves.indices.shuffled(using: &generator) }
            let wave = waves[order.removeLast()]
            let progress = Double(step) / Double(healing.steps)
            // The first steps know little of the moments.
            let warm = min(1, Double(number + 1) / 8)
            let rate = healing.rate * warm * (0.05 + 0.95 * (1 + cos(.pi * progress)) / 2)
            sum += try self.step(wave, number: number + 1, rate: rate)
            tokens += wave.tokens.count
            try meter.add(stepOperations)
        }
        return sum / Double(max(1, tokens))
    }

    private func step(
        _ wave: ForwardPass.Wave, number: Int, rate: Double
    ) throws -> Double {
        let scratch = context.scratch
        let stream = scratch.copy(prefix.rows(wave.tokens))
        var inputs: [MatrixView] = []
        for layer in layers[first...] {
            inputs.append(scratch.copy(stream))
            try layer.run(stream, layout: wave.layout, context: context)
        }
        let slopes = scratch.zeros(rows: stream.rows, columns: stream.columns)
        let divergence = try head.evaluate(
            stream, teacher: teacher.rows(wave.tokens), rows: Array(0..<stream.rows), targets: [],
            gradient: slopes)
        RowKernels.scale(slopes, by: 1 / Float(max(1, stream.rows)))
        for (place, block) in blocks.enumerated().reversed() {
            let (_, trace) = try block.run(
                inputs.removeLast(), layout: wave.layout, context: context)
            var found: TensorGradients? = TensorGradients()
            try block.pull(
                slopes, through: trace, layout: wave.layout, context: context, tensors: &found)
            for tensor in tensors[place] {
                guard let gradient = found?.matrices[tensor.name] else { continue }
                tensor.step(gradient, rate: rate, number: number)
                publish(tensor)
            }
        }
        return divergence
    }
}
