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
            + results.map { "\($0.name) \(cost($0.divergence))" }.joined(separator: ", ")
    }
}
