// Stage `weights`: tensors that a method computes for its plan from calibration tokens.

import Catalogue
import Compression
import JSON
import Model
import Store

struct WeightStage: Stage {
    let name = "weights"
    let version = WeightWork.version
    let original: CalibratedModel
    private let request: PlanRequest
    private let kept: [Int]
    private let fitting: WeightWork
    private let numerics: Numerics

    init(
        _ original: CalibratedModel, _ fitting: WeightFitting, _ request: PlanRequest,
        kept: [Int], numerics: Numerics
    ) {
        self.original = original
        self.request = request
        self.kept = kept
        self.numerics = numerics
        self.fitting = fitting(
            MethodInput(request, original, numerics),
            WeightGoal(ratio: request.ratio ?? 0, kept: kept))
    }

    /// What will not be done of what is asked, and why.
    var notes: [String] { fitting.notes }

    /// What came of it that was not asked for.
    func outcome(_ computed: IdentifiedWeights) -> [String] {
        computed.isKnown ? fitting.outcome(computed.layers(of: kept.count)) : []
    }

    var inputs: StageInputs { original.inputs }

    /// All but the layers that are kept, which name parts of their own.
    private var settings: [String: KeyJSON] {
        var params: [String: KeyJSON] = [
            "method": .string(request.method), "numerics": numerics.key,
            "parameters": request.parameters.canonical(fitting.parameters),
        ]
        if let width = request.mlpWidth { params["mlp_width"] = .integer(width) }
        if fitting.dependsOnRatio { params["ratio"] = .decimal(request.ratio ?? 0) }
        return params
    }

    var params: KeyJSON {
        var params = settings
        params["kept"] = .array(kept.map { .integer($0) })
        return .object(params)
    }

    private var layers: [LayerBlueprint] { original.model.blueprint.layers }

    var detail: String {
        "\(request.method), \(kept.count) layers on \(original.batch.tokens.count) tokens"
    }

    var plannedPeak: Int? { fitting.peakByteCount }
    var scratchBytes: Int { fitting.scratchByteCount }

    var kind: String { "\(name) \(request.method)" }
    var work: Work { fitting.work }

    func compute(_ outputs: inout StageOutputs, _ cache: StageCache) throws {
        let recall = StoredFold(
            StageCache.key(name, version: version, inputs: inputs, params: .object(settings)),
            numerics: numerics.key, cache: cache, layers: layers)
        try outputs.putTensors(naming: layers) { give in
            try fitting.compute(cache.progress, recall, give)
        }
    }

    func decode(_ stored: StageResult) throws -> IdentifiedWeights {
        try IdentifiedWeights(stored, naming: layers)
    }

    func assumed(_ unknown: StageResult) -> IdentifiedWeights {
        IdentifiedWeights(unknown: unknown)
    }
}

extension MethodInput {
    init(_ request: PlanRequest, _ original: CalibratedModel, _ numerics: Numerics) {
        self.init(
            parameters: request.parameters, weights: original.model.weights,
            batch: original.batch, mode: numerics.mode, space: original.space,
            mlpWidth: request.mlpWidth)
    }
}
