// Which layers go into which kept one, and what of them a fold reads.

import Model

/// A kept layer with the removed ones that it absorbs.
struct FoldedStretch {
    /// Their numbers in the original; the kept one is among them.
    let range: Range<Int>
    let layers: [LayerBlueprint]
    let base: LayerBlueprint
    /// All layers behind the stretch.
    let later: [LayerBlueprint]
    /// Whether the stretch before it merges layers.
    let followsMerge: Bool

    var merges: Bool { layers.count > 1 }
    /// The layer behind a merge can make up for some of what it lost; those behind it hardly can.
    var isTuned: Bool { merges || followsMerge }

    /// - Parameter base: number of the kept layer.
    init(_ range: Range<Int>, into base: Int, of all: [LayerBlueprint], followsMerge: Bool = false)
    {
        self.range = range
        layers = Array(all[range])
        self.base = all[base]
        later = Array(all[range.upperBound...])
        self.followsMerge = followsMerge
    }

    /// One for each of `kept` (ascending).
    static func all(_ layers: [LayerBlueprint], keeping kept: [Int]) -> [FoldedStretch] {
        let ranges = ranges(keeping: kept, of: layers.count)
        return kept.indices.map { place in
            FoldedStretch(
                ranges[place], into: kept[place], of: layers,
                followsMerge: place > 0 && ranges[place - 1].count > 1)
        }
    }

    /// For each of `kept` (ascending) itself and the removed layers behind it; those before the
    /// first kept layer go into it.
    static func ranges(keeping kept: [Int], of layers: Int) -> [Range<Int>] {
        kept.indices.map { place in
            (place == 0 ? 0 : kept[place])..<(place + 1 < kept.count ? kept[place + 1] : layers)
        }
    }

    func canSelectGroups(_ settings: FoldSettings) -> Bool {
        guard merges, layers.count <= settings.groupStretch,
            let attentions = try? layers.map({ try $0.foldable(0).0 })
        else { return false }
        return attentions.allSatisfy { $0.sharesGroups(with: attentions[0]) }
    }
}

extension LayerBlueprint {
    /// Projections that read the norm before attention.
    var attentionReaders: [ProjectionBlueprint] {
        (try? foldable(0).0).map { [$0.query, $0.key, $0.value] } ?? []
    }

    /// Projections that read the norm before the MLP.
    var feedForwardReaders: [ProjectionBlueprint] {
        (try? foldable(0).1).map { [$0.gate, $0.up] } ?? []
    }

    var attentionInputs: [String] {
        attentionReaders.map(\.tensor) + [inputNorm.tensor]
    }

    var feedForwardInputs: [String] {
        feedForwardReaders.map(\.tensor) + [feedForwardNorm.tensor]
    }
}
