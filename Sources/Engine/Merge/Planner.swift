// From a method's name and parameters to its plan: the one place where names meet code.

package import Catalogue

package enum Planner {
    /// The plan of a method; pure.
    ///
    /// - Parameters:
    ///   - method: a name of `Offer.methods`.
    ///   - ratio: share of layers to remove; nil for methods that take none.
    ///   - parameters: completed with the method's defaults.
    ///   - kinds: kind of each original layer; only equal kinds fold.
    ///   - similarity: [layers][layers] for methods that need it.
    ///   - removals: layers in the order of `LossSearch`, for methods that go by it.
    ///   - found: the plan of a method that looks for it on the model itself.
    ///   - patterns: what the kinds of the layers left can be; nil where config.json lists every
    ///     layer, or all are of one kind.
    package static func plan(
        method: String, ratio: Double?, parameters: Parameters, kinds: [String],
        similarity: SimilarityMatrix?, removals: RemovalOrder? = nil, found: FoldPlan? = nil,
        patterns: (any LayerPatterns)? = nil
    ) throws -> FoldPlan {
        let count = kinds.count
        switch method {
        case "mka", "mka-official":
            guard let similarity else { throw PlanError.similarityMissing(method: method) }
            let rows = (0..<count).map { row in (0..<count).map { similarity[row, $0] } }
            let removed = try layersRemoved(ratio: ratio ?? 0, of: count)
            let merging = merging(method, parameters)
            return try patterns.map {
                try merging.plan(similarity: rows, kinds: kinds, removing: removed, patterns: $0)
            } ?? merging.plan(similarity: rows, kinds: kinds, removing: removed)
        case "sleb": return try dropping(ratio, removals, kinds)
        case "fold":
            if let found { return found }
            switch parameters.text("select") {
            case "loss": return try dropping(ratio, removals, kinds)
            case "list": return try dropping(ratio, parameters.integers("layers"), kinds)
            default: break
            }
            guard let similarity else { throw PlanError.similarityMissing(method: method) }
            let rows = (0..<count).map { row in (0..<count).map { similarity[row, $0] } }
            let merged = try PairwiseMerging().plan(
                similarity: rows, kinds: kinds,
                removing: try layersRemoved(ratio: ratio ?? 0, of: count))
            return .keeping(merged.layers.map { $0.from[0].layer }, of: count)
        case "shortgpt", "angular", "replaceme":
            guard let similarity else { throw PlanError.similarityMissing(method: method) }
            guard similarity.size == count else {
                throw PlanError.malformed(
                    "similarity of \(similarity.size) layers for a model of \(count)")
            }
            let removed = try layersRemoved(ratio: ratio ?? 0, of: count)
            if method == "shortgpt" {
                return RedundantLayers.single(similarity, removing: removed)
            }
            // What replaces the run goes into the layer before it.
            return RedundantLayers.contiguous(
                similarity, removing: removed, from: method == "replaceme" ? 1 : 0)
        case "laco", "come":
            guard let found, found.originalLayers == count else {
                throw PlanError.malformed("the search of \(method) was not run on this model")
            }
            return found
        case "sparsegpt": return try sparse(ratio ?? 0, parameters, count)
        case "reverse":
            let removed = try layersRemoved(ratio: ratio ?? 0, of: count)
            return .keeping(Array(0..<count - removed), of: count)
        case "passthrough":
            let layers = parameters.integers("layers")
            if let outside = layers.first(where: { $0 >= count }) {
                throw PlanError.malformed(
                    "layer \(outside) is listed, the model has layers 0 to \(count - 1)")
            }
            return .keeping(layers, of: count)
        default:
            preconditionFailure("method \(method) is offered and has no planner")
        }
    }

    private static func dropping(
        _ ratio: Double?, _ removals: RemovalOrder?, _ kinds: [String]
    ) throws -> FoldPlan {
        let removed = try layersRemoved(ratio: ratio ?? 0, of: kinds.count)
        guard let removals, removals.steps.count >= removed else {
            throw PlanError.malformed("the search for \(removed) layers to remove was not run")
        }
        return .keeping(removals.kept(removing: removed, of: kinds.count), of: kinds.count)
    }

    private static func dropping(
        _ ratio: Double?, _ order: [Int], _ kinds: [String]
    ) throws -> FoldPlan {
        let removed = try layersRemoved(ratio: ratio ?? 0, of: kinds.count)
        guard order.count >= removed else {
            throw PlanError.malformed(
                "\(removed) of \(kinds.count) layers shall go, `layers` lists \(order.count)")
        }
        if let outside = order.first(where: { $0 >= kinds.count }) {
            throw PlanError.malformed(
                "layer \(outside) is listed, the model has layers 0 to \(kinds.count - 1)")
        }
        let gone = Set(order.prefix(removed))
        guard gone.count == removed else {
            throw PlanError.malformed("`layers` lists a layer twice")
        }
        return .keeping(kinds.indices.filter { !gone.contains($0) }, of: kinds.count)
    }

    private static func sparse(
        _ ratio: Double, _ parameters: Parameters, _ count: Int
    ) throws -> FoldPlan {
        let isGrouped = parameters.text("pattern") == "2:4"
        guard !isGrouped || ratio == 0.5 else {
            throw PlanError.malformed(
                "pattern 2:4 zeroes half of the weights: ratio 0.5, not \(ratio)")
        }
        var plan = FoldPlan.keeping(Array(0..<count), of: count)
        plan.notes = [
            "no layer was removed and the files are not smaller: zeros are stored like other "
                + "numbers, and gain something only in a runtime that knows sparse weights"
        ]
        return plan
    }

    private static func merging(_ method: String, _ parameters: Parameters) -> PairwiseMerging {
        if method == "mka-official" {
            return PairwiseMerging(
                order: .reverse, weight: .official, foldsNorms: parameters.flag("norms"))
        }
        let weight: MergeWeight =
            parameters.text("weights") == "fixed"
            ? .fixed(parameters.number("lambda"))
            : parameters.text("reading") == "official" ? .official : .adaptive
        return PairwiseMerging(
            order: parameters.text("order") == "reverse" ? .reverse : .similarity,
            scope: parameters.text("pairs") == "any" ? .any : .adjacent, weight: weight,
            foldsNorms: parameters.flag("norms"))
    }
}
