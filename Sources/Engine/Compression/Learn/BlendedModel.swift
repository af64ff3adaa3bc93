// The folded model of a plan in memory: blended tensors in f32 over the checkpoint's own, so that a
// small change of a weight is a small change of the model.

import Model
import TensorMath

/// The plan's layers under the names of the first layer of each fold.
struct BlendedModel {
    let weights: ModelWeights
    private let original: ModelWeights
    private let plan: FoldPlan
    private let source: FloatWeights

    init(_ original: ModelWeights, _ plan: FoldPlan) {
        self.original = original
        self.plan = plan
        source = FloatWeights(original.source)
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
                    name: own.fullName(tensor), weight: 1,
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
                source.set(self.weights.blueprint.layers[slot.layer].fullName(tensor), result)
            }
        }
    }
}
