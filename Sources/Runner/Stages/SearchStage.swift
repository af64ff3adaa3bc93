// Stage `search`: methods that look for their plan on the model itself. What they computed on the
// way is kept beside the plan.

import Catalogue
import Engine
import Foundation
import Store

/// A plan that was searched for, and the weights that came with it.
struct SearchedPlan {
    let plan: FoldPlan
    let digest: Digest
    let weights: IdentifiedWeights?
}

extension MeasuringStages {
    func search(
        _ request: PlanRequest, _ original: IdentifiedModel, tokens: TokenisedSet?
    ) throws -> SearchedPlan {
        let tokens = try required(tokens, request)
        let blueprint = original.model.blueprint
        let target = try layersRemoved(ratio: request.ratio ?? 0, of: blueprint.layers.count)
        let batch =
            request.parameters.values["search_samples"]?.integer.map {
                Self.spread(tokens.batch, $0)
            } ?? tokens.batch
        let stage = StageRequest(
            name: "search", inputs: inputs(original, tokens),
            params: [
                "method": .string(request.method), "numerics": numerics.key,
                "parameters": request.parameters.canonical(), "removed": .integer(target),
            ],
            detail: "\(request.method), \(target) of \(blueprint.layers.count) layers on "
                + "\(batch.tokens.count) tokens",
            plannedPeakBytes: request.method == "laco"
                ? LayerCollapse.peakByteCount(blueprint, tokens: batch, mode: numerics.mode)
                : LayerConcatenation.peakByteCount(
                    blueprint, removing: target, tokens: batch, mode: numerics.mode))
        let result = try cache.run(stage) { outputs in
            let weights = original.model.weights
            let plan: FoldPlan
            switch request.method {
            case "laco":
                plan = try LayerCollapse(
                    weights, mode: numerics.mode, batch: batch,
                    settings: CollapseSettings(request.parameters)
                ).plan(removing: target, observer: progress)
            case "come":
                let found = try LayerConcatenation(weights, mode: numerics.mode, batch: batch)
                    .run(removing: target, observer: progress)
                plan = found.plan
                try outputs.put("weights", found.patch.archive.bytes, elementBytes: 4)
            default: preconditionFailure("method \(request.method) is searched for by no type")
            }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys]
            try outputs.put("plan", [UInt8](try encoder.encode(plan)))
        }
        let bytes = try cache.bytes(result, "plan", stage: stage.name)
        return SearchedPlan(
            plan: try JSONDecoder().decode(FoldPlan.self, from: Data(bytes)),
            digest: Digest(of: bytes), weights: try weights(of: result, stage.name))
    }

    private func weights(of result: StageResult, _ stage: String) throws -> IdentifiedWeights? {
        guard let digest = result.outputs["weights"] else { return nil }
        guard let patch = WeightPatch(try cache.archive(result, "weights", stage: stage)) else {
            throw StageInputLost(stage: stage, role: "weights")
        }
        return IdentifiedWeights(patch: patch, digest: digest)
    }
}

extension CollapseSettings {
    init(_ parameters: Parameters) {
        self.init()
        layersPerMerge = parameters.integer("layers_per_merge")
        interval = parameters.integer("interval")
        let lowest = parameters.integer("lowest")
        range = lowest...max(lowest, parameters.values["highest"]?.integer ?? Int.max)
        threshold = parameters.values["threshold"]?.number
    }
}
