// Runs the greedy concatenation; its weights come with the plan.

import Catalogue

extension Method {
    static let come = Method(.come, search: concatenate) { try $0.searched() }

    private static let concatenate = PlanSearch(
        peakByteCount: {
            LayerConcatenation.peakByteCount(
                $0.weights.blueprint, removing: $0.removing, tokens: $0.batch, mode: $0.mode)
        },
        run: { input, observer in
            let found = try LayerConcatenation(input.weights, mode: input.mode, batch: input.batch)
                .run(removing: input.removing, observer: observer)
            return FoundPlan(plan: found.plan, computed: found.patch)
        })
}
