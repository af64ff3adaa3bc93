// What a pass has to do, part by part: told before it begins, and as it is done.

import Model

struct HealingWork {
    /// The original on all tokens.
    let streams: Double
    /// A step on a whole wave.
    let step: Double
    /// The new model on what is held back, and the logits of both.
    let look: Double
    /// Bytes of the result.
    let written: Double
    private let healing: HealingPass

    /// nil where no layer is folded.
    init?(_ healing: HealingPass, _ input: MethodInput, kept: [Int]) {
        let blueprint = input.weights.blueprint
        guard let first = HealingPass.first(kept, input) else { return nil }
        self.healing = healing
        let (fitted, held) = FoldSettings().split(input.batch)
        let (load, judged) = (TokenLoad(fitted), TokenLoad(held ?? fitted))
        let wave = load * (Double(HealingPass.waveTokens) / max(1, load.tokens))
        let layers = input.layers(keeping: kept)
        let moving = layers[first...]
        // Forwards, again on the way back, and twice as much backwards; the head of both models.
        step =
            4 * moving.reduce(0) { $0 + $1.operations(wave) }
            + 3 * blueprint.headOperations(wave.tokens)
        streams = blueprint.operations(load) + blueprint.operations(judged)
        look =
            layers.reduce(0) { $0 + $1.operations(judged) }
            + FoldJudge.headOperations(blueprint, judged)
        written = Double(
            moving.reduce(0) { sum, layer in
                sum + 4 * layer.tensors.reduce(0) { $0 + $1.shape.reduce(1, *) }
            })
    }

    func segment(_ steps: Int) -> Double { Double(steps) * step + look }

    var total: Double { streams + look + behind(0) }

    /// Of all steps behind one that was looked behind.
    func behind(_ step: Int) -> Double {
        Double(healing.steps - step) * self.step
            + Double(healing.looks.count { $0 > step }) * look
    }
}
