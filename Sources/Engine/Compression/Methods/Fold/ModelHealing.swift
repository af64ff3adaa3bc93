// The pass itself: forwards from the first folded layer, the divergence of the logits, and back
// layer by layer. Inner values are computed again from each layer's input; a layer's tensors move
// as soon as its gradients are there, so that no more than one layer's gradients live.

import Failures
import Foundation
import Model
import TensorMath

/// A model of kept layers whose tensors move; streams are [tokens, hidden].
final class ModelHealing {
    private let healing: HealingPass
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
    /// Of each layer that moves.
    private let tensors: [[TunedTensor]]
    /// What the pass began with.
    private let computed: any ComputedTensors
    private var looks: [HealingLook]
    /// Values of the best look, where that is neither the start nor the present.
    private var best: [[MatrixView]]?
    private let meter: FoldMeter
    private let work: HealingWork

    /// - Parameters:
    ///   - computed: tensors of the new model, with which the first step begins.
    ///   - state: where a pass before came to; nil to begin.
    init(
        _ healing: HealingPass, _ input: MethodInput, keeping kept: [Int],
        computed: any ComputedTensors, from state: HealingState?, observer: some WorkObserver
    ) throws {
        let blueprint = input.weights.blueprint
        let (fitted, held) = FoldSettings().split(input.batch)
        guard let held, let first = HealingPass.first(kept, input),
            let work = HealingWork(healing, input, kept: kept)
        else { preconditionFailure("an obstacle is asked for before") }
        self.healing = healing
        self.first = first
        self.work = work
        self.computed = computed
        looks = state?.looks ?? []
        let original = input.weights
        let layers = input.layers(keeping: kept)
        self.layers = layers
        blocks = try zip(layers, kept).dropFirst(first).map {
            try BlockGradient($0, index: $1)
        }
        source = FloatWeights(original.source)
        context = BlockContext(
            product: try MatrixProduct(mode: input.mode),
            weights: ModelWeights(blueprint: blueprint, source: source))
        head = try LossHead(original, original: original, mode: input.mode)
        // What was done before takes no time: it would tell a wrong rate.
        meter = FoldMeter(
            total: looks.last.map { work.streams + work.behind($0.step) } ?? work.total,
            observer: observer)
        meter.begin("streams of the original", share: work.streams)
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
        waves = try fitted.waves(limit: HealingPass.waveTokens).map {
            try ForwardPass.Wave($0, fitted, blueprint)
        }
        // In f32, whatever the checkpoint's format is: what was computed is not rounded twice.
        tensors = try layers.indices.dropFirst(first).map { index in
            let known = computed.tensors(ofLayer: index)
            return try layers[index].tensors.map { tensor in
                let value =
                    try known[layers[index].localName(tensor.name)]?().copy()
                    ?? original.source.weight(tensor.name).floats()
                return TunedTensor(tensor.name, value)
            }
        }
        if let state { try take(state) }
        tensors.joined().forEach(publish)
        meter.end()
    }

    /// The tensors that diverged least on what is held back, of all looks.
    func run(
        recall: any HealingRecall, observer: some WorkObserver
    ) throws -> (tensors: any ComputedTensors, looks: [HealingLook]) {
        if looks.isEmpty {
            meter.begin("the start", share: work.look)
            looks = [HealingLook(step: 0, heldBack: try heldBack(observer))]
            meter.end()
        }
        for end in healing.looks {
            guard let reached = looks.last?.step, end > reached, !isSpent else { continue }
            let steps = reached..<end
            meter.begin(
                "steps \(steps.lowerBound + 1) to \(steps.upperBound) of \(healing.steps)",
                share: work.segment(steps.count))
            // The present is the best so far: it moves on, so that it is put aside.
            if reached > 0, isPresentBest { putAside() }
            for tensor in tensors.joined() { tensor.forget() }
            let fitted = try run(steps: steps)
            looks.append(
                HealingLook(
                    step: steps.upperBound, fitted: fitted, heldBack: try heldBack(observer)))
            meter.end()
            try recall.keep(
                HealingState(
                    looks: looks, tensors: live(tensors.map { $0.map(\.values) }),
                    best: isPresentBest ? nil : best.map(live)),
                behind: steps.upperBound)
        }
        return (chosen, looks)
    }

    private var bestStep: Int { HealingLook.best(of: looks)?.step ?? 0 }
    private var isPresentBest: Bool { bestStep == looks.last?.step }

    /// Twice in a row no better than the best: more steps learn the tokens by heart.
    private var isSpent: Bool {
        looks.count > 2 && looks.suffix(2).allSatisfy { $0.step > bestStep }
    }

    // MARK: Tensors

    private var chosen: any ComputedTensors {
        if bestStep == 0 { return computed }
        if isPresentBest { return live(tensors.map { $0.map(\.values) }) }
        return best.map(live) ?? computed
    }

    private func take(_ state: HealingState) throws {
        func assign(_ known: any ComputedTensors, to values: [[MatrixView]]) throws {
            for (place, matrices) in values.enumerated() {
                let layer = layers[first + place]
                let found = known.tensors(ofLayer: first + place)
                for (tensor, matrix) in zip(layer.tensors, matrices) {
                    guard let value = try found[layer.localName(tensor.name)]?() else {
                        throw HealingError.lost(tensor: tensor.name)
                    }
                    matrix.assign(value)
                }
            }
        }
        try assign(state.tensors, to: tensors.map { $0.map(\.values) })
        if let known = state.best {
            putAside()
            try assign(known, to: best ?? [])
        }
    }

    /// Into the same memory every time.
    private func putAside() {
        let values = tensors.map { $0.map(\.values) }
        guard let best else {
            best = values.map { $0.map { $0.copy() } }
            return
        }
        for (old, new) in zip(best.joined(), values.joined()) { old.assign(new) }
    }

    private func live(_ values: [[MatrixView]]) -> any ComputedTensors {
        var patch = WeightPatch()
        for (place, matrices) in values.enumerated() {
            let layer = layers[first + place]
            var part = LayerPatch()
            for (tensor, matrix) in zip(layer.tensors, matrices) {
                part[layer.localName(tensor.name)] = matrix
            }
            patch[first + place] = part
        }
        return patch
    }

    /// Products of bf16 round what they read: rounded once here, it is not rounded again by each.
    private func publish(_ tensor: TunedTensor) {
        source.set(
            tensor.name, tensor.values,
            as: context.product.mode == .bfloat16 && tensor.values.rows > 1 ? .bf16 : .f32)
    }

    private func heldBack(_ observer: some WorkObserver) throws -> Double {
        let found = try judge.divergence(of: layers, source, observer: observer)
        try meter.add(work.look)
        return found
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
            try meter.add(work.step)
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

/// Why a pass cannot go on.
enum HealingError: ClassifiedFailure, Equatable, CustomStringConvertible {

    var failureClass: FailureClass { .bug }

    case lost(tensor: String)

    var description: String {
        switch self {
        case .lost(let tensor):
            "the pass that was stopped left no `\(tensor)`, although it was found a moment ago"
        }
    }
}
