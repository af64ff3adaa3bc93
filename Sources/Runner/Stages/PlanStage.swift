// Stage `plan`: from method, ratio and similarity to a fold plan. The ratio enters a key here and
// nowhere before.

import Catalogue
import Compression
import Foundation
import JSON
import Jobs
import Model
import Store

/// One entry of `compress` at one ratio.
struct PlanRequest {
    let method: String
    /// nil where the method takes none.
    let ratio: Double?
    let parameters: Parameters
    /// What results and report call it.
    let label: String?

    var name: String { label ?? method }
    var measure: String? {
        Offer.method(method)?.ownMeasure ?? parameters.values["measure"]?.text
    }

    init(_ entry: JobDescription.Compression, ratio: Double?) {
        method = entry.method
        self.ratio = ratio
        parameters = entry.parameters
        label = entry.label
    }
}

/// The plan with the digest of its bytes.
struct IdentifiedPlan {
    let plan: FoldPlan
    let digest: Digest
}

struct PlanStage {
    let cache: StageCache

    func make(
        _ request: PlanRequest, model: Model,
        similarity: IdentifiedSimilarity?, removals: IdentifiedRemovals?,
        searched: SearchedPlan? = nil
    ) throws -> IdentifiedPlan {
        let blueprint = model.blueprint
        let kinds = blueprint.layers.map(\.kind)
        var params: [String: KeyJSON] = [
            "architecture": .string(blueprint.modelType),
            "kinds": .array(kinds.map { .string($0) }), "method": .string(request.method),
            "parameters": request.parameters.canonical(),
        ]
        if let ratio = request.ratio { params["ratio"] = .decimal(ratio) }
        let inputs =
            [
                similarity.map { (role: "similarity", digest: $0.digest) },
                removals.map { (role: "removals", digest: $0.digest) },
                searched.map { (role: "search", digest: $0.digest) },
            ].compactMap { $0 }
        let stage = StageRequest(
            name: "plan", version: 2, inputs: inputs, params: .object(params),
            detail: request.ratio.map { "\(request.method), ratio \($0)" } ?? request.method)
        let result = try cache.run(stage) { outputs in
            let plan = try Planner.plan(
                method: request.method, ratio: request.ratio, parameters: request.parameters,
                kinds: kinds, similarity: similarity?.matrix, removals: removals?.order,
                found: searched?.plan,
                patterns: model.architecture.patterns(of: blueprint))
            try outputs.put("plan", json: plan)
        }
        let bytes = try cache.bytes(result, "plan", stage: "plan")
        let plan = try SortedJSON.value(FoldPlan.self, bytes)
        return IdentifiedPlan(plan: plan, digest: Digest(of: bytes))
    }
}
