// What a fold tells people: costs, and how it stands beside its rivals.

import Compression
import Report

enum FoldText {
    /// A cost in nats per token, or a sum of some.
    static func cost(_ cost: Double) -> String {
        cost < StretchSelection.costMax ? NumberText.significant(cost) : "beyond any number"
    }

    /// The mix that is taken, and all that meet the budget with what they cost.
    static func mixes(
        _ mixes: [FoldMix], best: FoldMix, of layers: Int, _ full: Int
    ) -> String {
        func text(_ mix: FoldMix) -> String {
            "\(mix.removed) of \(layers) layers go"
                + (mix.mlpWidth.map { ", MLPs keep \($0) of \(full) neurons" } ?? "")
        }
        return text(best) + "; of what meets the budget that costs least: "
            + mixes.map { mix in
                "\(text(mix)): \(cost(mix.layersCost)) + \(cost(mix.narrowingCost))"
            }.joined(separator: "; ")
    }

    /// One line about all, with the fold first.
    static func rivals(_ results: [Rival]) -> String {
        "KL to the original on sequences held back: "
            + results.map { result in
                "\(result.name) \(cost(result.divergence))"
                    + (result.fitted.map { " (\(cost($0)) on some it was fitted to)" } ?? "")
            }.joined(separator: ", ")
    }

    /// One line about a last pass: the figure it began with, and the best.
    static func healing(_ looks: [HealingLook]) -> String {
        guard let first = looks.first, let best = HealingLook.best(of: looks)
        else { return "nothing was healed" }
        let fitted = best.fitted.map { "; \(cost($0)) on what was learnt from" } ?? ""
        return "healed: KL to the original on sequences held back \(cost(first.heldBack)) -> "
            + "\(cost(best.heldBack)) behind step \(best.step) of \(looks.last?.step ?? 0)\(fitted)"
    }
}
