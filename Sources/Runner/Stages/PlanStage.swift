// Stage `plan`: from method, ratio and what was found out to a fold plan. The ratio enters a key
// here and nowhere before.

import Catalogue
import Compression
import JSON
import Jobs
import Model
import Store

/// One entry of `compress` at one ratio.
struct PlanRequest {
    let method: String
    /// nil where the method takes none.
    let ratio: Double?
    /// Neurons of every MLP; nil: as many as the original's have.
    let mlpWidth: Int?
    /// What the ratio comes from, in words, where the manifest has a budget.
    let budget: String?
    let parameters: Parameters
    /// What results and report call the entry, where the manifest says it.
    let label: String?
    /// The folder of its model, and the model's name in the report.
    let folder: String

    var name: String { label ?? method }
    var measure: String? {
        Offer.method(method)?.ownMeasure ?? parameters.values["measure"]?.text
    }

    /// How many layers go.
    /// - Throws: `PlanError`, where the ratio is of no number of them.
    func removed(of layers: Int) throws -> Int {
        // Narrower MLPs may be all that is done.
        if mlpWidth != nil, ratio == 0 { return 0 }
        return try layersRemoved(ratio: ratio ?? 0, of: layers)
    }

    /// What has to be found out and done for it.
    var requirements: Requirements { Method.named(method).requirements(parameters) }

    init(_ candidate: JobDescription.Candidate) {
        method = candidate.method
        ratio = candidate.ratio
        mlpWidth = candidate.mlpWidth
        budget = candidate.budget?.description
        parameters = candidate.parameters
        label = candidate.label
        folder = candidate.folder
    }
}

/// The plan with the digest of its bytes.
struct IdentifiedPlan {
    let plan: FoldPlan
    let digest: Digest

    init(_ plan: FoldPlan, digest: Digest) {
        self.plan = plan
        self.digest = digest
    }

    /// From the output `plan` of a stage.
    init(_ stored: StageResult) throws {
        let bytes = try stored.bytes("plan")
        plan = try SortedJSON.value(FoldPlan.self, bytes)
        digest = Digest(of: bytes)
    }

    /// Original layers that stay, in their order in the new model.
    var kept: [Int] { plan.layers.map { $0.from[0].layer } }
}

/// What the plan is made from, as far as it was found out.
struct PlanGround {
    var similarity: IdentifiedSimilarity?
    var removals: IdentifiedRemovals?
    var searched: SearchedPlan?
}

struct PlanStage: Stage {
    let name = "plan"
    let version = Planner.version
    let request: PlanRequest
    let model: Model
    let ground: PlanGround

    private var kinds: [String] { model.blueprint.layers.map(\.kind) }

    var inputs: StageInputs {
        [
            ground.similarity.map { (role: "similarity", digest: $0.digest) },
            ground.removals.map { (role: "removals", digest: $0.digest) },
            ground.searched.map { (role: "search", digest: $0.digest) },
        ].compactMap { $0 }
    }

    var params: KeyJSON {
        var params: [String: KeyJSON] = [
            "architecture": .string(model.blueprint.modelType),
            "kinds": .array(kinds.map { .string($0) }), "method": .string(request.method),
            "parameters": request.parameters.canonical(),
        ]
        if let ratio = request.ratio { params["ratio"] = .decimal(ratio) }
        if let width = request.mlpWidth { params["mlp_width"] = .integer(width) }
        return .object(params)
    }

    var detail: String {
        (request.ratio.map { "\(request.method), ratio \($0)" } ?? request.method)
            + (request.mlpWidth.map { ", MLPs of \($0)" } ?? "")
    }

    let isForeseen = true
    var work: Work { .none }

    func compute(_ outputs: inout StageOutputs, _ cache: StageCache) throws {
        try outputs.put("plan", json: try plan(cache.progress))
    }

    private func plan(_ observer: any WorkObserver = SilentObserver()) throws -> FoldPlan {
        var plan = try Planner.plan(
            method: request.method, ratio: request.ratio, parameters: request.parameters,
            kinds: kinds, similarity: ground.similarity?.matrix, removals: ground.removals?.order,
            searchedPlan: ground.searched?.plan,
            patterns: model.architecture.patterns(of: model.blueprint),
            period: PeriodicKinds(model.architecture.loaderPeriod, of: model.blueprint),
            keepsPeriod: model.architecture.loaderPeriod?.isDefault ?? false, observer: observer)
        plan.mlpWidth = request.mlpWidth
        return plan
    }

    func decode(_ stored: StageResult) throws -> IdentifiedPlan {
        try IdentifiedPlan(stored)
    }

    func assumed(_ unknown: StageResult) throws -> IdentifiedPlan {
        let plan = try plan()
        return IdentifiedPlan(plan, digest: try plan.digest)
    }
}

extension FoldPlan {
    /// Of its bytes as the stage stores them.
    var digest: Digest {
        get throws { Digest(of: try SortedJSON.bytes(self)) }
    }
}
