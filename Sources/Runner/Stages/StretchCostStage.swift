// Stage `run-costs`: what making one layer of single stretches of layers costs. All ratios share
// the costs of pairs; longer stretches are measured where a choice would take them.

import Catalogue
import Compression
import JSON
import Model
import Store

struct StretchCostStage: Stage {
    let name = "run-costs"
    let version = StretchCosts.version
    let original: CalibratedModel
    let stretches: [Range<Int>]
    private let costs: StretchCosts
    private let input: MethodInput
    private let numerics: Numerics

    init(
        _ original: CalibratedModel, _ costs: StretchCosts, of stretches: [Range<Int>],
        _ request: PlanRequest, numerics: Numerics
    ) throws {
        self.original = original
        self.costs = costs
        self.stretches = stretches
        self.numerics = numerics
        input = MethodInput(
            parameters: request.parameters, weights: original.model.weights,
            batch: try original.spread(costs.samples), mode: numerics.mode, space: original.space)
    }

    var inputs: StageInputs { original.inputs }
    var params: KeyJSON { params(with: "runs", .array(stretches.map(Self.json))) }

    var detail: String {
        "\(stretches.count) stretches of layers on \(input.batch.tokens.count) tokens"
    }

    var plannedPeak: Int? { costs.peakByteCount(input, stretches) }

    var work: Work { costs.work(input, stretches) }

    func compute(_ outputs: inout StageOutputs, _ cache: StageCache) throws {
        var found: [Range<Int>: Double] = [:]
        for stretch in stretches {
            found[stretch] = try cache.recalled("cost", of: part(stretch)).flatMap {
                try? SortedJSON.value(Double.self, $0)
            }
        }
        let missing = stretches.filter { found[$0] == nil }
        var start = ContinuousClock.now
        if !missing.isEmpty {
            try costs.measure(input, missing, cache.progress) { stretch, cost in
                found[stretch] = cost
                try cache.keep(part(stretch), seconds: (.now - start) / .seconds(1)) {
                    try $0.put("cost", json: cost)
                }
                start = .now
            }
        }
        try outputs.put("costs", json: stretches.compactMap { found[$0] })
    }

    /// Nats per token, one for each stretch.
    func decode(_ stored: StageResult) throws -> [Double] {
        try stored.json([Double].self, "costs")
    }

    /// Made up so that one stretch of three is measured and found too dear, and pairs are chosen:
    /// what is found most often.
    func assumed(_ unknown: StageResult) -> [Double] {
        stretches.map { stretch in
            let first = stretch.lowerBound
            let each = first < 2 ? 1 : first.isMultiple(of: 2) ? 3 : 1.5
            return each * Double((stretch.count - 1) * (stretch.count - 1))
        }
    }

    /// Each an action of its own: what is killed goes on, and ratios share longer stretches, too.
    private func part(_ stretch: Range<Int>) -> ActionKey {
        StageCache.key(
            "run-cost", version: version, inputs: inputs,
            params: params(with: "run", Self.json(stretch)))
    }

    private func params(with name: String, _ value: KeyJSON) -> KeyJSON {
        .object([
            "numerics": numerics.key,
            "parameters": input.parameters.canonical(costs.parameters),
            "samples": .integer(input.batch.ranges.count), name: value,
        ])
    }

    private static func json(_ stretch: Range<Int>) -> KeyJSON {
        .array([.integer(stretch.lowerBound), .integer(stretch.upperBound)])
    }
}
