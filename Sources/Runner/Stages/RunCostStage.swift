// Stage `run-costs`: what folding single runs of layers costs, and the runs that cost least. All
// ratios share the costs of pairs; longer runs are measured where a choice would take them.

import Catalogue
import Compression
import Foundation
import JSON
import Model
import Store

extension MeasuringStages {
    func cheapestRuns(
        _ request: PlanRequest, _ original: IdentifiedModel, tokens: TokenisedSet?
    ) throws -> SearchedPlan {
        let tokens = try required(tokens, request)
        let layers = original.model.blueprint.layers.count
        let count = try layersRemoved(ratio: request.ratio ?? 0, of: layers)
        var selection = RunSelection(layers: layers)
        var missing = selection.pairs
        repeat {
            let costs = try costs(of: missing, request, original, tokens)
            for (run, cost) in zip(missing, costs) { selection.learn(run, cost: cost) }
            missing = selection.cheapest(removing: count).runs.filter {
                !selection.isMeasured($0)
            }
        } while !missing.isEmpty
        let (runs, cost) = selection.cheapest(removing: count)
        let names = runs.map { "\($0.lowerBound) to \($0.upperBound - 1)" }
        progress.note(
            "\(request.name)-r\(request.ratio ?? 0): layers " + names.joined(separator: ", ")
                + "; their costs add up to a KL of " + FoldText.cost(cost))
        let gone = Set(runs.flatMap { $0.dropFirst() })
        let plan = FoldPlan.keeping((0..<layers).filter { !gone.contains($0) }, of: layers)
        return SearchedPlan(
            plan: plan, digest: Digest(of: try SortedJSON.bytes(plan)), weights: nil)
    }

    private func costs(
        of runs: [Range<Int>], _ request: PlanRequest, _ original: IdentifiedModel,
        _ tokens: TokenisedSet
    ) throws -> [Double] {
        let batch = Self.spread(tokens.batch, request.parameters.integer("search_samples"))
        var settings = FoldSettings(request.parameters)
        // What is tuned later is not tuned to be chosen.
        settings.tuningSteps = 0
        let weights = original.model.weights
        let layers = weights.blueprint.layers.indices
        let peaks = runs.map { run in
            settings.peakByteCount(
                weights.blueprint, keeping: layers.filter { !run.dropFirst().contains($0) },
                tokens: batch)
        }
        func action(_ name: String, _ params: [String: KeyJSON]) -> StageRequest {
            let shared: [String: KeyJSON] = [
                "numerics": numerics.key,
                "parameters": request.parameters.canonical(FoldSettings.costParameters),
                "samples": .integer(batch.ranges.count),
            ]
            return StageRequest(
                name: name, version: 3, inputs: inputs(original, tokens),
                params: .object(shared.merging(params) { _, own in own }),
                detail: "\(runs.count) runs of layers on \(batch.tokens.count) tokens",
                plannedPeakBytes: peaks.max() ?? 0)
        }
        func key(_ run: Range<Int>) -> KeyJSON {
            .array([.integer(run.lowerBound), .integer(run.upperBound)])
        }
        // Each an action of its own: what is killed goes on, and ratios share longer runs, too.
        func part(_ run: Range<Int>) -> StageRequest {
            action("run-cost", ["run": key(run)])
        }
        let stage = action("run-costs", ["runs": .array(runs.map(key))])
        let result = try cache.run(stage) { outputs in
            var costs: [Range<Int>: Double] = [:]
            for run in runs {
                costs[run] = try cache.recalled("cost", of: part(run)).flatMap {
                    try? SortedJSON.value(Double.self, $0)
                }
            }
            let missing = runs.filter { costs[$0] == nil }
            var start = ContinuousClock.now
            if !missing.isEmpty {
                try ModelFolding(
                    weights, mode: numerics.mode, batch: batch, settings: settings,
                    judgesAlways: true
                ).costs(of: missing, observer: progress) { run, cost in
                    costs[run] = cost
                    try cache.keep(of: part(run), seconds: (.now - start) / .seconds(1)) {
                        try $0.put("cost", json: cost)
                    }
                    start = .now
                }
            }
            try outputs.put("costs", json: runs.compactMap { costs[$0] })
        }
        let bytes = try cache.bytes(result, "costs", stage: stage.name)
        return try SortedJSON.value([Double].self, bytes)
    }
}
