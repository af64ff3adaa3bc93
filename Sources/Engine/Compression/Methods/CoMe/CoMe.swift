// Runs the greedy concatenation; its weights come with the plan.

import Catalogue
import Model

extension Method {
    static let come = Method(
        .come, requires: { _ in Requirements(search: concatenate) }
    ) { try $0.searched() }

    private static let concatenate = PlanSearch(
        peakByteCount: { input, removing in
            LayerConcatenation.peakByteCount(
                input.weights.blueprint, removing: removing, tokens: input.batch, mode: input.mode)
        },
        work: { input, removing in
            LayerConcatenation.work(
                input.weights.blueprint, removing: removing, tokens: input.batch)
        },
        run: { input, removing, observer in
            let found = try LayerConcatenation(input.weights, mode: input.mode, batch: input.batch)
                .run(removing: removing, observer: observer)
            return FoundPlan(plan: found.plan, computed: found.patch)
        })
}
