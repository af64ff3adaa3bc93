// Stage `narrow-costs`: what giving every MLP of the whole model fewer neurons costs. Budgets
// share what they have in common.

import Catalogue
import Compression
import JSON
import Model
import Store

struct NarrowingCostStage: Stage {
    let name = "narrow-costs"
    let version = NarrowingCosts.version
    let original: CalibratedModel
    private let width: Int
    /// Neurons of the original's MLPs.
    private let full: Int
    private let costs: NarrowingCosts
    private let input: MethodInput
    private let numerics: Numerics

    init(
        _ original: CalibratedModel, _ costs: NarrowingCosts, _ request: PlanRequest,
        to width: Int, of full: Int, numerics: Numerics
    ) throws {
        self.original = original
        self.costs = costs
        self.width = width
        self.full = full
        self.numerics = numerics
        input = MethodInput(
            parameters: request.parameters, weights: original.model.weights,
            batch: try original.spread(costs.samples), mode: numerics.mode, space: original.space,
            mlpWidth: width)
    }

    var inputs: StageInputs { original.inputs }

    var params: KeyJSON {
        [
            "mlp_width": .integer(width), "numerics": numerics.key,
            "parameters": input.parameters.canonical(costs.parameters),
            "samples": .integer(input.batch.ranges.count),
        ]
    }

    var detail: String {
        "MLPs of \(width) of \(full) neurons on \(input.batch.tokens.count) tokens"
    }

    var plannedPeak: Int? { costs.peakByteCount(input) }
    var work: Work { costs.work(input) }

    func compute(_ outputs: inout StageOutputs, _ cache: StageCache) throws {
        try outputs.put("cost", json: try costs.measure(input, cache.progress))
    }

    /// Nats per token.
    func decode(_ stored: StageResult) throws -> Double { try stored.json(Double.self, "cost") }

    /// Made up beside what stretches are taken to cost, so that layers and neurons go.
    func assumed(_ unknown: StageResult) -> Double {
        let gone = 1 - Double(width) / Double(full)
        return Double(original.model.blueprint.layers.count) * 2 * gone * gone
    }
}
