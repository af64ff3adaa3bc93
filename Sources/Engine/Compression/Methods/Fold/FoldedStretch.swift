// Which layers go into which kept one.

import Model

/// A kept layer with the removed ones that it absorbs.
struct FoldedStretch {
    /// Their numbers in the original; the kept one is among them.
    let range: Range<Int>
    let layers: [FoldableLayer]
    /// Of the kept one among them.
    let baseIndex: Int
    /// All layers behind the stretch.
    let later: [FoldableLayer]
    /// Whether the stretch before it merges layers.
    let followsMerge: Bool
    /// The new layer, whose tensors are called as the kept one's are.
    let result: FoldableLayer
    /// Whether its MLP has fewer neurons than the kept one's.
    let isNarrowed: Bool

    var base: FoldableLayer { layers[baseIndex] }
    var merges: Bool { layers.count > 1 }
    /// Whether the new layer is not the kept one as it is.
    var changes: Bool { merges || isNarrowed }
    var isTuned: Bool { merges || followsMerge }

    /// - Parameters:
    ///   - base: number of the kept layer.
    ///   - mlpWidth: neurons of the new layer's MLP; nil: as many as the kept one's.
    init(
        _ range: Range<Int>, into base: Int, of all: [FoldableLayer], followsMerge: Bool = false,
        mlpWidth: Int? = nil
    ) {
        self.range = range
        layers = Array(all[range])
        baseIndex = base - range.lowerBound
        later = Array(all[range.upperBound...])
        self.followsMerge = followsMerge
        isNarrowed = mlpWidth != nil
        result = mlpWidth.map { FoldableLayer(all[base].layer.narrowed(to: $0)) } ?? all[base]
    }

    /// One for each of `kept` (ascending).
    static func all(
        _ layers: [FoldableLayer], keeping kept: [Int], mlpWidth: Int? = nil
    ) -> [FoldedStretch] {
        let ranges = ranges(keeping: kept, of: layers.count)
        return kept.indices.map { place in
            FoldedStretch(
                ranges[place], into: kept[place], of: layers,
                followsMerge: place > 0 && ranges[place - 1].count > 1, mlpWidth: mlpWidth)
        }
    }

    /// For each of `kept` (ascending) itself and the removed layers behind it; those before the
    /// first kept layer go into it.
    static func ranges(keeping kept: [Int], of layers: Int) -> [Range<Int>] {
        kept.indices.map { place in
            (place == 0 ? 0 : kept[place])..<(place + 1 < kept.count ? kept[place + 1] : layers)
        }
    }

    /// Whether the layer of each stretch is tuned: the one behind a merge can make up for some of
    /// what that lost; those behind it hardly can.
    static func areTuned(_ ranges: [Range<Int>]) -> [Bool] {
        ranges.indices.map { $0 > 0 && ranges[$0 - 1].count > 1 || ranges[$0].count > 1 }
    }

    // MARK: What is merged

    func canSelectGroups(_ settings: FoldSettings) -> Bool {
        guard merges, layers.count <= settings.groupStretch, let own = base.attention else {
            return false
        }
        return layers.allSatisfy { layer in
            layer.attention.map { $0.sharesGroups(with: own) } == true
                && layer.inputNorm.isLike(base.inputNorm)
                && (layer.postMixerNorm == nil) == (base.postMixerNorm == nil)
        }
    }

    /// Layers whose neurons can stand in the kept one's MLP, or experts among its experts, by their
    /// place in the stretch; the kept one is among them.
    var mergedFeedForwards: [Int] {
        layers.indices.filter { place in
            // Also where it could not stand beside another: routing by groups is fitted alone.
            if place == baseIndex { return base.mlp != nil || base.experts != nil }
            let layer = layers[place]
            guard layer.feedForwardNorm.isLike(base.feedForwardNorm),
                (layer.postFeedForwardNorm == nil) == (base.postFeedForwardNorm == nil)
            else { return false }
            if let own = base.mlp { return layer.mlp.map { $0.sharesNeurons(with: own) } ?? false }
            if let own = base.experts {
                return layer.experts.map { $0.sharesExperts(with: own) } ?? false
            }
            return false
        }
    }

    /// Layers from whose MLPs neurons are selected, by their place in the stretch; empty where the
    /// kept one's stay.
    func selected(_ settings: FoldSettings, _ way: FeedForwardWay = .own) -> [Int] {
        guard base.mlp != nil else { return [] }
        let places = settings.neurons && way != .alone ? mergedFeedForwards : [baseIndex]
        return places.count > 1 || isNarrowed ? places : []
    }

    func selectsNeurons(_ settings: FoldSettings) -> Bool { !selected(settings).isEmpty }

    /// Ways to fold what is behind the mixer.
    func feedForwardWays(_ settings: FoldSettings) -> [FeedForwardWay] {
        guard merges, base.experts != nil else { return [.own] }
        return mergedFeedForwards.count > 1 ? [.keptExperts, .chosenExperts] : [.keptExperts]
    }
}

/// What becomes of the part behind the mixer.
enum FeedForwardWay {
    /// The kept layer's MLP, with the best neurons of all where several are merged.
    case own
    /// The best neurons of the kept layer's MLP, where it is narrowed.
    case alone
    /// The kept layer's experts.
    case keptExperts
    /// The experts of all layers whose loss costs most.
    case chosenExperts
}
