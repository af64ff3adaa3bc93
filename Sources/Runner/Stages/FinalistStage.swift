// Stage `fold-cost`: what folding a whole choice of runs costs. Costs of single runs only nearly
// add up, so the few choices that are cheapest by their sums are measured whole.

import Catalogue
import Engine
import Foundation
import Store

extension MeasuringStages {
    static func kept(_ choice: RunSelection.Choice, of layers: Int) -> [Int] {
        let gone = Set(choice.runs.flatMap { $0.dropFirst() })
        return (0..<layers).filter { !gone.contains($0) }
    }

    /// The one that is taken, and what its whole fold diverges by; only one is not measured.
    func best(
        of choices: [RunSelection.Choice], _ request: PlanRequest, _ original: IdentifiedModel,
        _ tokens: TokenisedSet
    ) throws -> (RunSelection.Choice, divergence: Double?) {
        guard choices.count > 1 else { return (choices[0], nil) }
        let wholes = try choices.map { choice in
            try foldCost(
                keeping: Self.kept(choice, of: original.model.blueprint.layers.count),
                request, original, tokens)
        }
        let winner = RunSelection.winner(wholes)
        return (choices[winner], wholes[winner])
    }

    private func foldCost(
        keeping kept: [Int], _ request: PlanRequest, _ original: IdentifiedModel,
        _ tokens: TokenisedSet
    ) throws -> Double {
        let (settings, batch) = costSetting(request, tokens)
        let weights = original.model.weights
        var stage = costStage(
            "fold-cost", ["kept": .array(kept.map { .integer($0) })], request, original, tokens)
        stage.detail = "\(kept.count) layers on \(batch.tokens.count) tokens"
        stage.plannedPeakBytes = settings.peakByteCount(
            weights.blueprint, keeping: kept, tokens: batch)
        let result = try cache.run(stage) { outputs in
            try outputs.put(
                "cost",
                json: try ModelFolding(
                    weights, mode: numerics.mode, batch: batch, settings: settings,
                    judgesAlways: true
                ).cost(keeping: kept, observer: progress))
        }
        let bytes = try cache.bytes(result, "cost", stage: stage.name)
        return try JSONDecoder().decode(Double.self, from: Data(bytes))
    }
}
