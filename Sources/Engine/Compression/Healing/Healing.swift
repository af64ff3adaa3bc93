// What a last pass through a whole new model is, told before it runs: KL(original || model) goes
// down through all layers at once, where what folds them looks at one layer after the other.
//
// Only layers behind the first that others went into move; those before it are the original's, and
// their streams, like the original's last one, are computed once.

package import Model
import TensorMath

/// A pass of steps down the divergence; see `ModelHealing`.
package struct Healing: Sendable, Equatable {
    /// Raised whenever the same inputs give other weights than before.
    package static let version = 1

    /// Waves of some 2,048 tokens that are learnt from, one a step.
    package let steps: Int
    /// Longest step, as a share of a tensor's root mean square.
    package let rate: Double

    /// Steps between two looks at sequences held back. Adam begins afresh behind each, so that a
    /// pass that was stopped goes on from there to the same bytes.
    static let segment = 48
    static let waveTokens = 2048

    init(steps: Int, rate: Double) {
        self.steps = steps
        self.rate = rate
    }

    /// Steps behind which is looked: multiples of `segment`, and the last.
    var looks: [Int] {
        Array(stride(from: Self.segment, to: steps, by: Self.segment)) + (steps > 0 ? [steps] : [])
    }

    /// Why there can be no such pass; nil where there can.
    package func obstacle(_ input: MethodInput, kept: [Int]) -> String? {
        let blueprint = input.weights.blueprint
        guard let first = Self.first(kept, of: blueprint) else { return "no layer is folded" }
        if FoldSettings().split(input.batch).held == nil {
            return "one in \(FoldSettings().heldBack) calibration sequences is held back to judge "
                + "by, and there are \(input.batch.ranges.count); raise `samples`"
        }
        if blueprint.finalSoftCap != nil { return "the logits are capped" }
        for layer in kept[first...] {
            if let what = BlockGradient.obstacle(blueprint.layers[layer]) {
                return "no gradient is computed through a layer with \(what): \(layer)"
            }
        }
        return nil
    }

    /// The first new layer that others went into.
    static func first(_ kept: [Int], of blueprint: ModelBlueprint) -> Int? {
        FoldedStretch.ranges(keeping: kept, of: blueprint.layers.count)
            .firstIndex { $0.count > 1 }
    }

    /// Bytes held beside the mapped weights: of every tensor that moves its value, as products read
    /// it, two moments and the best value so far; the gradients of a layer; streams; of a wave the
    /// inputs of all layers, one of them with its inner values, and logits.
    package func peakByteCount(_ input: MethodInput, kept: [Int]) -> Int {
        let blueprint = input.weights.blueprint
        guard let first = Self.first(kept, of: blueprint),
            let layers = try? kept[first...].map({
                try FoldableLayer(blueprint.layers[$0], index: $0)
            })
        else { return 0 }
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
        return streams + 4 * (5 * counts.reduce(0, +) + inner + wave * width * (layers.count + 2))
            + 4 * LayerTuning.headFloatCount(blueprint, wave: wave)
            + 8 * min(OutputHead.chunkFloats, blueprint.vocabularySize * judged)
    }

    /// Bytes of files that streams lie in.
    package func scratchByteCount(_ input: MethodInput) -> Int {
        let (fitted, held) = FoldSettings().split(input.batch)
        let width = input.weights.blueprint.hiddenWidth
        return 2 * input.space.diskBytes(4 * width * fitted.tokens.count)
            + 4 * input.space.diskBytes(4 * width * (held ?? fitted).tokens.count)
    }

    package func work(_ input: MethodInput, kept: [Int]) -> Work {
        let blueprint = input.weights.blueprint
        guard let first = Self.first(kept, of: blueprint) else { return .none }
        let (fitted, held) = FoldSettings().split(input.batch)
        let judged = TokenLoad(held ?? fitted)
        let load = TokenLoad(fitted)
        let step = load * (Double(Self.waveTokens) / max(1, load.tokens))
        let look =
            kept.reduce(0) { $0 + blueprint.layers[$1].operations(judged) }
            + 2 * blueprint.headOperations(judged.tokens)
        let written = kept[first...].reduce(0) { sum, layer in
            sum + 4 * blueprint.layers[layer].tensors.reduce(0) { $0 + $1.shape.reduce(1, *) }
        }
        return Work(
            operations: blueprint.operations(load) + blueprint.operations(judged)
                + operations(ofStep: step, blueprint, kept[first...]) * Double(steps)
                + look * Double(looks.count + 1), written: Double(written))
    }

    /// Forwards, again on the way back, and twice as much backwards; the head of both models.
    func operations(
        ofStep load: TokenLoad, _ blueprint: ModelBlueprint, _ layers: ArraySlice<Int>
    ) -> Double {
        4 * layers.reduce(0) { $0 + blueprint.layers[$1].operations(load) }
            + 3 * blueprint.headOperations(load.tokens)
    }

    package func run(
        _ input: MethodInput, kept: [Int], computed: any ComputedTensors,
        recall: some HealingRecall, observer: some WorkObserver
    ) throws -> (tensors: WeightPatch, looks: [HealingLook]) {
        try ModelHealing(self, input, keeping: kept, computed: computed, observer: observer)
            .run(recall: recall, observer: observer)
    }
}

/// Mean KL(original || model) in nats a token, before the first step or behind one.
package struct HealingLook: Sendable, Equatable, Codable {
    package var step: Int
    /// Over the waves that were learnt from since the last look, before each of their steps; nil
    /// before the first.
    package var fitted: Double?
    /// On the sequences held back.
    package var heldBack: Double
}

/// What passes before left behind.
package protocol HealingRecall {
    /// The tensors behind a step, and what was seen until then.
    func state(behind step: Int) throws -> (tensors: WeightPatch, looks: [HealingLook])?
    func keep(_ tensors: WeightPatch, _ looks: [HealingLook], behind step: Int) throws
}
