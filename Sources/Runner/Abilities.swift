// What can be done with each architecture, found from its blueprint and not from a list.

import Compression
import Export
package import Model
import Quantization

/// What Layerfold does with a model: everything reads it, runs it and removes layers; the rest is
/// named with its obstacle.
package struct Abilities: Sendable {
    package enum Ability: String, Sendable, CaseIterable {
        case forward, remove, merge, fold, quantise, gguf
    }

    /// Why it cannot be done; abilities that are there are not in it.
    package let obstacles: [Ability: String]

    package init(_ blueprint: ModelBlueprint) {
        let kinds = Set(blueprint.layers.map(\.kind))
        obstacles = [
            .merge: kinds.count == blueprint.layers.count && kinds.count > 1
                ? "no two layers are of one kind" : nil,
            .fold: blueprint.foldObstacle,
            .quantise: QuantizableWeights(blueprint).obstacle.map { "\($0)" },
            .gguf: blueprint.exportObstacle,
        ].compactMapValues { $0 }
    }

    package func has(_ ability: Ability) -> Bool { obstacles[ability] == nil }
}
