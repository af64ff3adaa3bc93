// Keeps all layers; weights by SparsePruning.

import Catalogue
import Model

extension Method {
    static let sparsegpt = Method(
        .sparsegpt, requires: { _ in Requirements(weights: zeroed) }
    ) { input in
        let ratio = input.ratio ?? 0
        guard input.parameters.text("pattern") != "2:4" || ratio == 0.5 else {
            throw PlanError.malformed(
                "pattern 2:4 zeroes half of the weights: ratio 0.5, not \(ratio)")
        }
        var plan = FoldPlan.keeping(Array(0..<input.count), of: input.count)
        plan.notes = [
            "no layer was removed and the files are not smaller: zeros are stored like other "
                + "numbers, and gain something only in a runtime that knows sparse weights"
        ]
        return plan
    }

    @Sendable private static func zeroed(
        _ input: MethodInput, _ goal: WeightGoal
    ) -> WeightWork {
        var regression = SparseRegression(
            pattern: input.parameters.text("pattern") == "2:4"
                ? .twoOfFour : .unstructured(share: goal.ratio))
        regression.damping = input.parameters.number("damping")
        return WeightWork(
            parameters: ["damping", "pattern"], dependsOnRatio: true,
            peakByteCount: SparsePruning.peakByteCount(
                input.weights.blueprint, tokens: input.batch, mode: input.mode),
            work: SparsePruning.work(input.weights.blueprint, tokens: input.batch)
        ) { [regression] observer, _, give in
            try SparsePruning(
                input.weights, mode: input.mode, batch: input.batch, regression: regression
            ).run(observer: observer, give: give)
        }
    }
}
