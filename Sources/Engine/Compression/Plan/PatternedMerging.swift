// MKA's planner for models whose config.json places kinds of layers by period and offset (Jamba):
// among all choices of layers that the config can express, the one that gives up the least.

import Model

extension PairwiseMerging {
    /// Plans folds so that the kinds of the layers left are one of `patterns`.
    ///
    /// A layer may go the more easily, the more similar it is to another of its kind (`scope`:
    /// its neighbours among them, or any); of the choices that leave a layer of every kind, the one
    /// with the greatest sum of these is found exactly, in O(patterns * layers^2). Every removed
    /// layer is then folded into the kept one of its kind that is most similar (`adjacent`: of the
    /// two around it).
    /// - Throws: `PlanError.noPattern` with the numbers of layers that can be left.
    func plan(
        similarity: [[Double]], kinds: [String], removing removed: Int,
        patterns: any LayerPatterns, observer: any WorkObserver = SilentObserver()
    ) throws -> FoldPlan {
        let gains = kinds.indices.map { gain($0, similarity, kinds) }
        let choice = PatternedChoice(
            of: kinds, patterns: patterns, keepsKinds: true, observer: observer)
        let kept = try choice.best(leaving: kinds.count - removed, gains: gains)
        var groups = Dictionary(
            uniqueKeysWithValues: kept.map { ($0, [LayerShare(layer: $0, weight: 1)]) })
        let means = similarity.map { $0.reduce(0, +) / Double(kinds.count) }
        let order = kinds.indices.filter { groups[$0] == nil }.sorted {
            (gains[$1], $1) < (gains[$0], $0)
        }
        for layer in order {
            guard let target = home(of: layer, among: kept, similarity, kinds),
                let shares = groups[target]
            else { preconditionFailure("a layer of every kind stays") }
            let group = shares.reduce(0) { $0 + means[$1.layer] } / Double(shares.count)
            let share =
                target < layer
                ? 1 - weight.lambda(group, means[layer]) : weight.lambda(means[layer], group)
            groups[target] =
                shares.map { LayerShare(layer: $0.layer, weight: $0.weight * (1 - share)) }
                + [LayerShare(layer: layer, weight: share)]
        }
        return FoldPlan(
            originalLayers: kinds.count,
            layers: kept.enumerated().map { index, layer in
                PlannedLayer(
                    into: index,
                    from: groups[layer, default: []].sorted { $0.layer < $1.layer })
            }, foldsNorms: foldsNorms,
            notes: [
                "config.json places kinds of layers by a pattern: of the choices it can "
                    + "express, the one with the greatest similarity was taken"
            ])
    }

    /// How willingly a layer goes.
    private func gain(_ layer: Int, _ similarity: [[Double]], _ kinds: [String]) -> Double {
        if order == .reverse { return Double(layer) }
        return partners(of: layer, among: Array(kinds.indices), kinds)
            .map { similarity[layer][$0] }.max() ?? -Double.greatestFiniteMagnitude
    }

    /// The layers of its kind that a layer may fold into.
    private func partners(of layer: Int, among others: [Int], _ kinds: [String]) -> [Int] {
        let same = others.filter { $0 != layer && kinds[$0] == kinds[layer] }
        guard scope == .adjacent else { return same }
        return [same.last { $0 < layer }, same.first { $0 > layer }].compactMap { $0 }
    }

    private func home(
        of layer: Int, among kept: [Int], _ similarity: [[Double]], _ kinds: [String]
    ) -> Int? {
        partners(of: layer, among: kept, kinds).max {
            (similarity[layer][$0], -$0) < (similarity[layer][$1], -$1)
        }
    }
}
