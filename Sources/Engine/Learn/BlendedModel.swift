// The folded model of a plan in memory: blended tensors in f32 over the checkpoint's own, so that a
// small change of a weight is a small change of the model.

import TensorMath

/// A source whose blended tensors can be set again and again.
final class BlendedWeights: WeightSource {
    private let base: any WeightSource
    private var blended: [String: WeightMatrix] = [:]

    init(_ base: any WeightSource) { self.base = base }

    func set(_ name: String, _ matrix: MatrixView) {
        blended[name] = WeightMatrix(matrix, as: .f32)
    }

    func weight(_ name: String) throws -> WeightMatrix { try blended[name] ?? base.weight(name) }

    func prefetch(_ names: [String]) { base.prefetch(names.filter { blended[$0] == nil }) }

    func release(_ names: [String]) { base.release(names.filter { blended[$0] == nil }) }
}

/// The plan's layers under the names of the first layer of each fold.
struct BlendedModel {
    let weights: ModelWeights
    private let original: ModelWeights
    private let plan: FoldPlan
    private let source: BlendedWeights

    init(_ original: ModelWeights, _ plan: FoldPlan) {
        self.original = original
        self.plan = plan
        source = BlendedWeights(original.source)
        var blueprint = original.blueprint
        blueprint.layers = plan.layers.map { original.blueprint.layers[$0.from[0].layer] }
        weights = ModelWeights(blueprint: blueprint, source: source)
    }

    /// The shares' tensors, as they are aligned, that a new layer's tensor is made of.
    func shares(_ layer: Int, _ tensor: String) throws -> [WeightMatrix] {
        try plan.layers[layer].from.map { share in
            let own = original.blueprint.layers[share.layer]
            return try original.source.weight(
                TensorShare(
                    name: own.prefix + tensor, weight: 1,
                    permutation: share.alignment?.permutations(in: own)[tensor]))
        }
    }

    /// Blends every folded tensor anew.
    func set(_ folds: FoldWeights, _ values: [Double]) throws {
        for slot in folds.slots {
            let weights = FoldWeights.weights(Array(values[slot.range]))
            for tensor in slot.tensors {
                let parts = try shares(slot.layer, tensor)
                let result = MatrixView(rows: parts[0].rows, columns: parts[0].columns)
                let scratch = MatrixView(rows: result.rows, columns: result.columns)
                Blend.rows(
                    0..<result.rows, of: parts, weights: weights, into: result, scratch: scratch)
                source.set(self.weights.blueprint.layers[slot.layer].prefix + tensor, result)
            }
        }
    }
}
