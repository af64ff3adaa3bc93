// Drops one stretch; weights by BlockReplacement.

import Catalogue
import Model

extension Method {
    static let replaceme = Method(
        .replaceme, requires: { _ in Requirements(similarity: true, weights: fitted) }
    ) { input in
        // What replaces the stretch goes into the layer before it.
        RedundantLayers.contiguous(try input.needed(), removing: try input.removed(), from: 1)
    }

    @Sendable private static func fitted(
        _ input: MethodInput, _ goal: WeightGoal
    ) -> WeightWork {
        WeightWork(
            parameters: ["lambda"],
            peakByteCount: BlockReplacement.peakByteCount(
                input.weights.blueprint, tokens: input.batch, mode: input.mode, space: input.space),
            work: BlockReplacement.work(input.weights.blueprint, tokens: input.batch)
        ) { observer, _, give in
            let replacement = BlockReplacement(
                input.weights, mode: input.mode, batch: input.batch,
                lambda: input.parameters.number("lambda"), space: input.space)
            try give(try replacement.run(keeping: goal.kept, observer: observer))
        }
    }
}
