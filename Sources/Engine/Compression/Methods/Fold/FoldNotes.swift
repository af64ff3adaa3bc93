// What `fold` says of layers that it does not merge: before it runs, and behind it.

import Model

extension FoldSettings {
    /// Parts of removed layers that nothing takes up.
    func mergeNotes(_ blueprint: ModelBlueprint, keeping kept: [Int]) -> [String] {
        let layers = FoldableLayer.all(of: blueprint)
        var mixers: [String: [String]] = [:]
        var others: [String: [String]] = [:]
        for stretch in FoldedStretch.all(layers, keeping: kept) where stretch.merges {
            let merged = Set(stretch.mergedFeedForwards)
            for (place, layer) in stretch.layers.enumerated() where place != stretch.baseIndex {
                let number = "\(stretch.range.lowerBound + place)"
                if let what = layer.mixerObstacle, layer.layer.mixer != .absent {
                    mixers[what, default: []].append(number)
                }
                if !merged.contains(place), layer.layer.feedForward != .absent {
                    let what =
                        layer.feedForwardObstacle ?? stretch.base.feedForwardObstacle
                        ?? "a part that the kept layer has not"
                    others[what, default: []].append(number)
                }
            }
        }
        func notes(_ found: [String: [String]], _ words: String) -> [String] {
            found.sorted { $0.key < $1.key }.map { what, layers in
                "\(words) removed and not merged (\(what)): layer"
                    + (layers.count == 1 ? " " : "s ") + layers.joined(separator: ", ")
            }
        }
        return notes(mixers, "mixers are") + notes(others, "what is behind the mixer is")
    }

    /// Where sequences held back said that merging is no better than removal, or where there are
    /// none to say so.
    ///
    /// - Parameters:
    ///   - sequences: number of calibration sequences.
    ///   - computed: new layers of which tensors were computed.
    func removalNotes(
        _ blueprint: ModelBlueprint, keeping kept: [Int], sequences: Int, computed: Set<Int>
    ) -> [String] {
        let layers = FoldableLayer.all(of: blueprint)
        let stretches = FoldedStretch.all(layers, keeping: kept, mlpWidth: mlpWidth)
        let removed = kept.indices.filter { place in
            let stretch = stretches[place]
            guard stretch.merges else { return false }
            guard stretch.isNarrowed else { return !computed.contains(place) }
            // Tensors are computed of what is narrowed alone, too: that is all that is done of
            // what is uncertain with nothing to judge by.
            return sequences < heldBack && stretch.layers.contains(where: \.isUncertain)
                && stretch.selected(self).count > 1
        }.flatMap { place in stretches[place].range.filter { $0 != kept[place] } }
        guard !removed.isEmpty else { return [] }
        let reason =
            sequences >= heldBack
            ? "nothing fitted is better on the sequences held back"
            : "\(sequences) calibration sequences are too few to hold one back (one in "
                + "\(heldBack)); raise `samples`"
        return [
            "removed, not merged, for \(reason): layer" + (removed.count == 1 ? " " : "s ")
                + removed.map(String.init).joined(separator: ", ")
        ]
    }
}
