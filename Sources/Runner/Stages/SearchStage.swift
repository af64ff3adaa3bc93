// Stage `search`: methods that look for their plan on the model itself. What they computed on the
// way is kept beside the plan.

import Catalogue
import Compression
import Foundation
import JSON
import Model
import Store

/// A plan that was searched for, and the weights that came with it.
struct SearchedPlan {
    let plan: FoldPlan
    let digest: Digest
    let weights: IdentifiedWeights?
}

extension MeasuringStages {
    /// What the model itself is asked for a plan; nil where analysis alone makes it.
    func found(
        _ request: PlanRequest, _ removals: IdentifiedRemovals?, _ original: IdentifiedModel,
        tokens: TokenisedSet?
    ) throws -> SearchedPlan? {
        if Planning(request).search { return try search(request, original, tokens: tokens) }
        if request.parameters.values["select"]?.text == "divergence" {
            return try cheapestRuns(request, original, tokens: tokens)
        }
        guard let removals, request.parameters.values["exchange"]?.flag == true else { return nil }
        return try exchange(request, removals, original, tokens: tokens)
    }

    private func search(
        _ request: PlanRequest, _ original: IdentifiedModel, tokens: TokenisedSet?
    ) throws -> SearchedPlan {
        let tokens = try required(tokens, request)
        let blueprint = original.model.blueprint
        let target = try layersRemoved(ratio: request.ratio ?? 0, of: blueprint.layers.count)
        let batch =
            request.parameters.values["search_samples"]?.integer.map {
                Self.spread(tokens.batch, $0)
            } ?? tokens.batch
        guard let search = Method.named(request.method).search else {
            preconditionFailure("method \(request.method) declares a search and has none")
        }
        let input = MethodInput(
            parameters: request.parameters, weights: original.model.weights, batch: batch,
            mode: numerics.mode)
        let stage = StageRequest(
            name: "search", version: 2, inputs: inputs(original, tokens),
            params: [
                "method": .string(request.method), "numerics": numerics.key,
                "parameters": request.parameters.canonical(), "removed": .integer(target),
            ],
            detail: "\(request.method), \(target) of \(blueprint.layers.count) layers on "
                + "\(batch.tokens.count) tokens",
            plannedPeakBytes: search.peakByteCount(input, target))
        let result = try cache.run(stage) { outputs in
            let found = try search.run(input, target, progress)
            let plan = found.plan
            if let computed = found.computed {
                try outputs.putTensors { give in try give(computed) }
            }
            try outputs.put("plan", json: plan)
        }
        let bytes = try cache.bytes(result, "plan", stage: stage.name)
        return SearchedPlan(
            plan: try SortedJSON.value(FoldPlan.self, bytes),
            digest: Digest(of: bytes),
            weights: result.outputs[PatchIndex.role] == nil
                ? nil : try IdentifiedWeights(cache, result, stage: stage.name))
    }

    /// Stage `exchange`: layers that go by measured loss, improved for one ratio.
    private func exchange(
        _ request: PlanRequest, _ removals: IdentifiedRemovals, _ original: IdentifiedModel,
        tokens: TokenisedSet?
    ) throws -> SearchedPlan {
        let tokens = try required(tokens, request)
        let model = original.model
        let layers = model.blueprint.layers.count
        let batch = Self.spread(tokens.batch, request.parameters.integer("search_samples"))
        let removed = try layersRemoved(ratio: request.ratio ?? 0, of: layers)
        let first = removals.order.kept(removing: removed, of: layers)
        let stage = StageRequest(
            name: "exchange", inputs: inputs(original, tokens),
            params: [
                "kept": .array(first.map { .integer($0) }), "numerics": numerics.key,
                "samples": .integer(batch.ranges.count),
            ],
            detail: "\(removed) of \(layers) layers by loss on \(batch.tokens.count) tokens",
            plannedPeakBytes: searchPeakBytes(model, batch))
        let result = try cache.run(stage) { outputs in
            let found = try LossSearch(
                weights: model.weights, mode: numerics.mode, batch: batch
            ).exchanged(first, observer: progress)
            try outputs.put("plan", json: FoldPlan.keeping(found.kept, of: layers))
        }
        let bytes = try cache.bytes(result, "plan", stage: stage.name)
        return SearchedPlan(
            plan: try SortedJSON.value(FoldPlan.self, bytes),
            digest: Digest(of: bytes), weights: nil)
    }
}
