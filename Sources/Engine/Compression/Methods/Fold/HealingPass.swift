// What a last pass through a whole new model is, told before it runs: KL(original || model) goes
// down through all layers at once, where what folds them looks at one layer after the other.
//
// Only layers behind the first that others went into move; those before it are the original's, and
// their streams, like the original's last one, are computed once.

import Catalogue
import Model
import TensorMath

/// A pass of steps down the divergence; see `ModelHealing`.
struct HealingPass: Sendable {
    /// Waves of some 2,048 tokens that are learnt from, one a step.
    let steps: Int
    /// Longest step, as a share of a tensor's root mean square.
    let rate: Double

    /// Steps between two looks at sequences held back. Adam begins afresh behind each, so that a
    /// pass that was stopped goes on from there to the same bytes.
    var segment = 48
    static let waveTokens = 2048

    /// nil where none is asked for.
    init?(_ parameters: Parameters) {
        steps = parameters.integer("heal_steps")
        rate = parameters.number("heal_rate")
        if steps == 0 { return nil }
    }

    var requirement: Healing {
        Healing(
            parameters: ["heal_rate", "heal_steps"], detail: "\(steps) steps",
            obstacle: obstacle, peakByteCount: peakByteCount, scratchByteCount: scratchByteCount,
            work: work,
            run: { input, kept, computed, recall, observer in
                let state = try furthest(recall)
                return try ModelHealing(
                    self, input, keeping: kept, computed: computed, from: state, observer: observer
                ).run(recall: recall, observer: observer)
            })
    }

    /// Steps behind which is looked: multiples of `segment`, and the last.
    var looks: [Int] {
        Array(stride(from: segment, to: steps, by: segment)) + (steps > 0 ? [steps] : [])
    }

    /// Where a pass before came to; nil where nothing is kept.
    private func furthest(_ recall: any HealingRecall) throws -> HealingState? {
        for look in looks.reversed() {
            if let state = try recall.state(behind: look) { return state }
        }
        return nil
    }

    /// Why there can be no such pass; nil where there can.
    func obstacle(_ input: MethodInput, _ kept: [Int]) -> String? {
        let blueprint = input.weights.blueprint
        guard let first = Self.first(kept, input) else { return "no layer is folded" }
        if FoldSettings().split(input.batch).held == nil {
            return "one in \(FoldSettings().heldBack) calibration sequences is held back to judge "
                + "by, and there are \(input.batch.ranges.count); raise `samples`"
        }
        for layer in kept[first...] {
            if let what = BlockGradient.obstacle(blueprint.layers[layer]) {
                return "no gradient is computed through a layer with \(what): \(layer)"
            }
        }
        return nil
    }

    /// The first new layer that is none of the original's: others went into it, or neurons went.
    static func first(_ kept: [Int], _ input: MethodInput) -> Int? {
        FoldedStretch.ranges(keeping: kept, of: input.weights.blueprint.layers.count)
            .firstIndex { $0.count > 1 || input.mlpWidth != nil }
    }

    /// Bytes held beside the mapped weights: of every tensor that moves its value, as products read
    /// it, two moments and the best value so far; the gradients of a layer, and one as it is
    /// stored; streams; of a wave the inputs of all layers, one of them with its inner values, and
    /// logits.
    func peakByteCount(_ input: MethodInput, _ kept: [Int]) -> Int {
        let blueprint = input.weights.blueprint
        guard let first = Self.first(kept, input) else { return 0 }
        let layers = input.layers(keeping: Array(kept[first...]))
        let counts = layers.map { $0.tensors.reduce(0) { $0 + $1.shape.reduce(1, *) } }
        let wave = max(Self.waveTokens, input.batch.longest)
        let inner =
            layers.map { LayerTuning.floatCount($0, wave: wave, longest: input.batch.longest) }
            .max() ?? 0
        let width = blueprint.hiddenWidth
        let (fitted, held) = FoldSettings().split(input.batch)
        let judged = (held ?? fitted).tokens.count
        let streams =
            2 * input.space.memoryBytes(4 * width * fitted.tokens.count)
            + 4 * input.space.memoryBytes(4 * width * judged)
        return streams
            + 4 * (5 * counts.reduce(0, +) + 3 * (counts.max() ?? 0) + inner)
            + 4 * wave * width * (layers.count + 2)
            + 4 * LayerTuning.headFloatCount(blueprint, wave: wave)
            + 8 * min(OutputHead.chunkFloats, blueprint.vocabularySize * judged)
    }

    /// Bytes of files that streams lie in.
    func scratchByteCount(_ input: MethodInput) -> Int {
        let (fitted, held) = FoldSettings().split(input.batch)
        let width = input.weights.blueprint.hiddenWidth
        return 2 * input.space.diskBytes(4 * width * fitted.tokens.count)
            + 4 * input.space.diskBytes(4 * width * (held ?? fitted).tokens.count)
    }

    func work(_ input: MethodInput, _ kept: [Int]) -> Work {
        guard let parts = HealingWork(self, input, kept: kept) else { return .none }
        return Work(operations: parts.total, written: parts.written)
    }
}
