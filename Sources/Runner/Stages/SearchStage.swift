// Stage `search`: methods that look for their plan on the model itself. What they computed on the
// way is kept beside the plan.

import Catalogue
import Compression
import JSON
import Model
import Store

/// A plan that was searched for, and the weights that came with it.
struct SearchedPlan {
    let plan: FoldPlan
    let digest: Digest
    var weights: IdentifiedWeights?
    /// Sum of what its stretches cost, in nats per token; nil where it was not found by that.
    var cost: Double?

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
}

struct SearchStage: Stage {
    let name = "search"
    let version = FoundPlan.version
    let original: CalibratedModel
    private let search: PlanSearch
    private let request: PlanRequest
    private let input: MethodInput
    private let removed: Int
    private let numerics: Numerics

    init(
        _ original: CalibratedModel, _ search: PlanSearch, _ request: PlanRequest,
        removing removed: Int, numerics: Numerics
    ) throws {
        self.original = original
        self.search = search
        self.request = request
        self.removed = removed
        self.numerics = numerics
        input = MethodInput(
            parameters: request.parameters, weights: original.model.weights,
            batch: try search.samples.map { try original.spread($0) } ?? original.batch,
            mode: numerics.mode, space: original.space)
    }

    var inputs: StageInputs { original.inputs }

    var params: KeyJSON {
        [
            "method": .string(request.method), "numerics": numerics.key,
            "parameters": request.parameters.canonical(), "removed": .integer(removed),
        ]
    }

    private var layers: [LayerBlueprint] { original.model.blueprint.layers }

    var detail: String {
        "\(request.method), \(removed) of \(layers.count) layers on "
            + "\(input.batch.tokens.count) tokens"
    }

    var plannedPeak: Int? { search.peakByteCount(input, removed) }

    var kind: String { "\(name) \(request.method)" }
    var work: Work { search.work(input, removed) }

    func assumed(_ unknown: StageResult) -> SearchedPlan {
        let layers = original.model.blueprint.layers.count
        return SearchedPlan(.keeping(Array(0..<layers - removed), of: layers), digest: unknown.key)
    }

    func compute(_ outputs: inout StageOutputs, _ cache: StageCache) throws {
        let found = try search.run(input, removed, cache.progress)
        if let computed = found.computed {
            try outputs.putTensors(naming: layers) { give in try give(computed) }
        }
        try outputs.put("plan", json: found.plan)
    }

    func decode(_ stored: StageResult) throws -> SearchedPlan {
        var found = try SearchedPlan(stored)
        if stored.outputs[PatchIndex.role] != nil {
            found.weights = try IdentifiedWeights(stored, naming: layers)
        }
        return found
    }
}
