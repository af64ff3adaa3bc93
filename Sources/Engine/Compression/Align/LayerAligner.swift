// The orders in which a layer's units match another layer's best.
//
// Weights: the squared distance of the two layers' matrices is least where the sum of the inner
// products of matched units is greatest (Ainsworth et al. 2022, "Git Re-Basin", arXiv 2209.04836,
// section 3.2, for one layer). Activations: the correlation of matched units over calibration
// tokens (Li et al. 2016, "Convergent Learning", arXiv 1511.07543). A group of heads is worth what
// its keys and values are, and the best assignment of its query heads.

import Model
import TensorMath

/// What two units are compared by.
package enum AlignmentCost: String, Sendable, CaseIterable {
    case weights, activations, both
    /// Each matrix on its own, as github.com/Jain-Laksh/Pruning-via-Merging does it: rows scaled to
    /// length 1, cost = their distance. Does not keep the layer's function.
    case rows

    package var readsActivations: Bool { self == .activations || self == .both }
}

/// A layer aligned to another, and how alike their units are.
package struct AlignedLayer: Sendable, Equatable, Codable {
    package var layer: Int
    package var base: Int
    package var alignment: LayerAlignment
    /// Mean similarity of the matched neurons (of the rows of all matrices, for `rows`), before
    /// and after: the correlation, or the inner product of weights as a share of their mean square.
    package var similarityBefore: Double
    package var similarityAfter: Double
}

extension LayerBlueprint {
    /// Why units of the layer cannot change places in its tensors; nil where they can.
    var orderObstacle: String? {
        if projections.contains(where: { $0.form != .rows || $0.shape != nil }) {
            return "its projections are fused or lie in columns"
        }
        guard case .attention(let attention) = mixer else { return nil }
        if attention.sinks != nil { return "its heads have attention sinks" }
        let isJoint = [attention.queryNorm, attention.keyNorm].contains {
            ($0?.width ?? 0) > attention.headWidth
        }
        return isJoint ? "its heads have gains of their own" : nil
    }
}

/// Aligns one layer to another.
struct LayerAligner {
    let weights: ModelWeights
    let cost: AlignmentCost

    func align(
        _ index: Int, to base: Int, features: (base: LayerFeatures, other: LayerFeatures)?,
        observer: some WorkObserver
    ) throws -> AlignedLayer {
        var result = AlignedLayer(
            layer: index, base: base, alignment: LayerAlignment(), similarityBefore: 0,
            similarityAfter: 0)
        let (first, second) = (weights.blueprint.layers[base], weights.blueprint.layers[index])
        let detail = "layer \(index) to layer \(base)"
        for (place, layer) in [(base, first), (index, second)] {
            if let what = layer.orderObstacle {
                throw AlignError.unsupported(layer: place, what: what)
            }
        }
        if cost == .rows {
            try alignRows(first, second, detail, &result, observer)
            return result
        }
        var totals = (before: 0.0, after: 0.0, count: 0)
        for (one, two) in zip(first.perceptrons, second.perceptrons) {
            let pair = features.flatMap { pair -> FeaturePair? in
                guard let left = pair.base.neurons, let right = pair.other.neurons else {
                    return nil
                }
                return FeaturePair(base: left, other: right)
            }
            try check(one.down.inputs, "neurons", index)
            let similarity = try similarity(
                units: one.down.inputs,
                parts: zip(one.readers, two.readers).map { (.rows($0), .rows($1)) }
                    + [(.columns(one.down), .columns(two.down))], features: pair)
            let order = try Self.best(similarity, detail, observer)
            result.alignment.neurons.append(order)
            for unit in order.indices {
                totals.before += Double(similarity[unit, unit])
                totals.after += Double(similarity[unit, order[unit]])
            }
            totals.count += order.count
        }
        result.similarityBefore = totals.before / Double(max(1, totals.count))
        result.similarityAfter = totals.after / Double(max(1, totals.count))
        try alignHeads(first, second, features, &result)
        return result
    }

    private func check(_ count: Int, _ what: String, _ layer: Int) throws(AlignError) {
        guard count <= LinearAssignment.sizeMax else {
            throw .tooManyUnits(layer: layer, what: what, count: count)
        }
    }

    // MARK: Similarities

    /// Units as rows or as columns of a projection.
    private enum Part {
        case rows(ProjectionBlueprint)
        case columns(ProjectionBlueprint)
    }

    /// What the units of two layers do, [units * width, tokens] each, as `LayerFeatures` has it.
    private struct FeaturePair {
        let base: MatrixView
        let other: MatrixView
    }

    /// Sums of squares of what two layers' units weigh.
    private struct Squares {
        var base = 0.0
        var other = 0.0

        /// Of one unit of `units`, between the two layers.
        func mean(of units: Int) -> Double { (base * other).squareRoot() / Double(units) }
    }

    /// Whether units go by their weights; experts do always, they have no features.
    private func readsWeights(_ features: FeaturePair?) -> Bool {
        cost != .activations || features == nil
    }

    /// Similarities [units of the base, units of the other]: the sum of the inner products of
    /// `parts` over the mean square of a unit, plus the mean correlation of `features`, whichever
    /// the cost asks for.
    private func similarity(
        units: Int, parts: [(Part, Part)], features: FeaturePair?
    ) throws -> MatrixView {
        let result = MatrixView(rows: units, columns: units)
        if readsWeights(features) {
            let squares = try addProducts(of: parts, to: result)
            Self.divide(result, by: squares.mean(of: units))
        }
        addCorrelations(features, to: result)
        return result
    }

    /// Adds the inner products of all units, the rows and columns of `sums`.
    private func addProducts(
        of parts: [(Part, Part)], to sums: MatrixView
    ) throws -> Squares {
        var squares = Squares()
        for part in parts {
            let first = try matrix(part.0, units: sums.rows)
            let second = try matrix(part.1, units: sums.rows)
            sums.assignProduct(first, second, transposingRight: true, accumulate: true)
            squares.base += first.sumOfSquares
            squares.other += second.sumOfSquares
        }
        return squares
    }

    private static func divide(_ similarity: MatrixView, by mean: Double) {
        if mean > 0 { RowKernels.scale(similarity, by: Float(1 / mean)) }
    }

    private func addCorrelations(_ features: FeaturePair?, to sums: MatrixView) {
        guard cost.readsActivations, let features else { return }
        let base = features.base.reshaped(rows: sums.rows)
        let other = features.other.reshaped(rows: sums.rows)
        sums.assignProduct(
            base, other, transposingRight: true, scale: 1 / Float(max(1, base.columns)),
            accumulate: true)
    }

    /// Weights of `units` units, one row each.
    private func matrix(_ part: Part, units: Int) throws -> MatrixView {
        switch part {
        case .rows(let projection):
            try weights.projection(projection).floats().reshaped(rows: units)
        case .columns(let projection):
            try weights.projection(projection).floats().transposed.reshaped(rows: units)
        }
    }

    /// The assignment of greatest total similarity; turns the similarities' signs twice.
    private static func best(
        _ similarity: MatrixView, _ detail: String, _ observer: some WorkObserver
    ) throws -> [Int] {
        RowKernels.scale(similarity, by: -1)
        defer { RowKernels.scale(similarity, by: -1) }
        return try LinearAssignment.solve(similarity, detail: detail, observer: observer)
    }

    // MARK: Heads

    private func alignHeads(
        _ first: LayerBlueprint, _ second: LayerBlueprint,
        _ features: (base: LayerFeatures, other: LayerFeatures)?, _ result: inout AlignedLayer
    ) throws {
        guard case .attention(let one) = first.mixer, case .attention(let two) = second.mixer
        else { return }
        let pair = features.flatMap { pair -> FeaturePair? in
            guard let left = pair.base.heads, let right = pair.other.heads else { return nil }
            return FeaturePair(base: left, other: right)
        }
        let queries = MatrixView(rows: one.heads, columns: one.heads)
        let groups = MatrixView(rows: one.keyValueHeads, columns: one.keyValueHeads)
        // What the heads put out holds their keys and values already.
        if readsWeights(pair) {
            var squares = try addProducts(
                of: [
                    (.rows(one.query), .rows(two.query)),
                    (.columns(one.output), .columns(two.output)),
                ], to: queries)
            let shared = try addProducts(
                of: [(.rows(one.key), .rows(two.key)), (.rows(one.value), .rows(two.value))],
                to: groups)
            squares.base += shared.base
            squares.other += shared.other
            // By one number: the sum over all four matrices is what shall be greatest.
            for part in [queries, groups] { Self.divide(part, by: squares.mean(of: one.heads)) }
        }
        addCorrelations(pair, to: queries)
        let share = one.heads / one.keyValueHeads
        var inner: [[[Int]]] = []
        for group in 0..<one.keyValueHeads {
            inner.append([])
            for other in 0..<one.keyValueHeads {
                let block = MatrixView(rows: share, columns: share)
                block.assign(
                    queries.rows(group * share..<(group + 1) * share).columns(
                        other * share..<(other + 1) * share))
                let order = try Self.best(block, "", SilentObserver())
                groups[group, other] += Float(LinearAssignment.total(block, order))
                inner[group].append(order)
            }
        }
        let order = try Self.best(groups, "", SilentObserver())
        result.alignment.keyValueHeads = order
        result.alignment.queryHeads = order.enumerated().flatMap { group, other in
            inner[group][other].map { other * share + $0 }
        }
    }

    // MARK: Rows

    private func alignRows(
        _ first: LayerBlueprint, _ second: LayerBlueprint, _ detail: String,
        _ result: inout AlignedLayer, _ observer: some WorkObserver
    ) throws {
        var totals = (before: 0.0, after: 0.0, count: 0)
        for (one, two) in zip(first.projections, second.projections) {
            try check(one.rows.count, "rows of `\(two.tensor)`", result.layer)
            let left = try weights.projection(one).floats()
            let right = try weights.projection(two).floats()
            left.scaleRowsToLengthOne()
            right.scaleRowsToLengthOne()
            let costs = MatrixView(rows: left.rows, columns: left.rows)
            costs.assignProduct(left, right, transposingRight: true)
            // |a - b| of rows of length 1.
            costs.apply { max(0, 2 - 2 * $0).squareRoot() }
            let order = try LinearAssignment.solve(costs, detail: detail, observer: observer)
            result.alignment.rows.append(
                LayerAlignment.RowOrder(
                    tensor: second.localName(two.tensor),
                    start: two.rows.lowerBound, order: order))
            for row in order.indices {
                totals.before += 1 - Double(costs[row, row] * costs[row, row]) / 2
                totals.after += 1 - Double(costs[row, order[row]] * costs[row, order[row]]) / 2
            }
            totals.count += order.count
        }
        result.similarityBefore = totals.before / Double(max(1, totals.count))
        result.similarityAfter = totals.after / Double(max(1, totals.count))
    }
}

extension MatrixView {
    fileprivate func reshaped(rows units: Int) -> MatrixView {
        reshaped(rows: units, columns: rows * columns / units)
    }

    fileprivate func scaleRowsToLengthOne() {
        for index in 0..<rows {
            let row = rows(index..<index + 1)
            RowKernels.scale(row, by: Float(1 / (row.sumOfSquares.squareRoot() + 1e-12)))
        }
    }

    fileprivate func apply(_ change: @Sendable (Float) -> Float) {
        Parallel.forEachRun(of: rows, grain: max(1, 65_536 / max(1, columns))) { run in
            for row in run {
                for column in 0..<columns { self[row, column] = change(self[row, column]) }
            }
        }
    }
}
