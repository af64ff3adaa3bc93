// What a fold tells people: costs, and how it stands beside its rivals.

import Compression
import Report

enum FoldText {
    /// A cost in nats per token, or a sum of some.
    static func cost(_ cost: Double) -> String {
        cost < StretchSelection.costMax ? NumberText.significant(cost) : "beyond any number"
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
