// Stage `run-costs`: what folding single runs of layers costs. All ratios share the costs of pairs;
// longer runs are measured where a choice would take them.

import Catalogue
import Engine
import Foundation
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
        let finalists = selection.finalists(
            removing: count, atMost: request.parameters.integer("finalists"))
        let (choice, divergence) = try best(of: finalists, request, original, tokens)
        let names = choice.runs.map { "\($0.lowerBound) to \($0.upperBound - 1)" }
        progress.note(
            "\(request.name)-r\(request.ratio ?? 0): layers " + names.joined(separator: ", ")
                + String(format: "; their costs add up to a KL of %.4f", choice.cost)
                + (divergence.map { String(format: ", together they have %.4f", $0) } ?? ""))
        let plan = FoldPlan.keeping(Self.kept(choice, of: layers), of: layers)
        return SearchedPlan(
            plan: plan, digest: Digest(of: try SortedJSON.bytes(plan)), weights: nil)
    }

    private func costs(
        of runs: [Range<Int>], _ request: PlanRequest, _ original: IdentifiedModel,
        _ tokens: TokenisedSet
    ) throws -> [Double] {
        let (settings, batch) = costSetting(request, tokens)
        let weights = original.model.weights
        let layers = weights.blueprint.layers.indices
        let peaks = runs.map { run in
            settings.peakByteCount(
                weights.blueprint, keeping: layers.filter { !run.dropFirst().contains($0) },
                tokens: batch)
        }
        func key(_ run: Range<Int>) -> KeyJSON {
            .array([.integer(run.lowerBound), .integer(run.upperBound)])
        }
        // Each an action of its own: what is killed goes on, and ratios share longer runs, too.
        func part(_ run: Range<Int>) -> StageRequest {
            costStage("run-cost", ["run": key(run)], request, original, tokens)
        }
        var stage = costStage(
            "run-costs", ["runs": .array(runs.map(key))], request, original, tokens)
        stage.detail = "\(runs.count) runs of layers on \(batch.tokens.count) tokens"
        stage.plannedPeakBytes = peaks.max() ?? 0
        let result = try cache.run(stage) { outputs in
            var costs: [Range<Int>: Double] = [:]
            for run in runs {
                costs[run] = try cache.recalled("cost", of: part(run)).flatMap {
                    try? JSONDecoder().decode(Double.self, from: Data($0))
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
                    try cache.keep(
                        "cost", SortedJSON.bytes(cost), of: part(run),
                        seconds: (.now - start) / .seconds(1))
                    start = .now
                }
            }
            try outputs.put("costs", json: runs.compactMap { costs[$0] })
        }
        let bytes = try cache.bytes(result, "costs", stage: stage.name)
        return try JSONDecoder().decode([Double].self, from: Data(bytes))
    }

    /// What is tuned later is not tuned to be chosen.
    func costSetting(
        _ request: PlanRequest, _ tokens: TokenisedSet
    ) -> (FoldSettings, PackedSequences) {
        var settings = FoldSettings(request.parameters)
        settings.tuningSteps = 0
        return (
            settings,
            Self.spread(tokens.batch, request.parameters.integer("search_samples"))
        )
    }

    func costStage(
        _ name: String, _ own: [String: KeyJSON], _ request: PlanRequest,
        _ original: IdentifiedModel, _ tokens: TokenisedSet
    ) -> StageRequest {
        let shared: [String: KeyJSON] = [
            "numerics": numerics.key,
            "parameters": request.parameters.canonical(FoldSettings.costParameters),
            "samples": .integer(request.parameters.integer("search_samples")),
        ]
        return StageRequest(
            name: name, inputs: inputs(original, tokens),
            params: .object(shared.merging(own) { _, own in own }), detail: "")
    }
}
