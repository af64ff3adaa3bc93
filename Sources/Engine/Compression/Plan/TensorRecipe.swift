// What each tensor of the new checkpoint is made of: the plan spelled out per tensor. Pure.

import Model
import TensorMath

/// A stored tensor of the original with its share.
struct TensorShare: Sendable, Equatable {
    var name: String
    var weight: Double
    /// The order in which its rows and columns are taken; nil: as stored.
    var permutation: TensorPermutation?

    init(name: String, weight: Double, permutation: TensorPermutation? = nil) {
        self.name = name
        self.weight = weight
        self.permutation = permutation
    }
}

/// One tensor of the new checkpoint: a copy of one tensor, or a weighted sum of several.
struct TensorRecipe: Sendable, Equatable {
    var name: String
    var from: [TensorShare]

    var isCopy: Bool { from.count == 1 && from[0].permutation == nil }
}

extension FoldPlan {
    /// Recipes for all tensors of the new model, in the order of the forward pass; layer tensors
    /// are renumbered, all others copied (unread extras such as old rotary buffers are left out).
    ///
    /// - Parameters:
    ///   - blueprint: of the original model.
    ///   - stored: names in the checkpoint; optional tensors that are not stored stay out.
    func recipes(blueprint: ModelBlueprint, stored: Set<String>) -> [TensorRecipe] {
        var result: [TensorRecipe] = []
        let inLayers = Set(blueprint.layers.flatMap { $0.tensors.map(\.name) })
        for tensor in blueprint.tensors where !inLayers.contains(tensor.name) {
            result.append(
                TensorRecipe(name: tensor.name, from: [TensorShare(name: tensor.name, weight: 1)]))
        }
        for layer in layers {
            let target = blueprint.layers[layer.into]
            let first = blueprint.layers[layer.from[0].layer]
            let orders = layer.from.map { share in
                share.alignment?.permutations(in: blueprint.layers[share.layer]) ?? [:]
            }
            for tensor in first.localTensors {
                let isNorm = tensor.shape.count == 1
                let shares =
                    isNorm && !foldsNorms
                    ? [LayerShare(layer: layer.from[0].layer, weight: 1)] : layer.from
                result.append(
                    TensorRecipe(
                        name: target.fullName(tensor.name),
                        from: zip(shares, orders).map { share, orders in
                            TensorShare(
                                name: blueprint.layers[share.layer].fullName(tensor.name),
                                weight: share.tensorWeights?[tensor.name] ?? share.weight,
                                permutation: orders[tensor.name])
                        }))
            }
        }
        return result.filter { recipe in recipe.from.allSatisfy { stored.contains($0.name) } }
    }
}

extension FoldPlan {
    /// Shapes of the new model's tensors that are not those of the tensors they are made of, by
    /// their names in the new model.
    func newShapes(_ blueprint: ModelBlueprint) -> [String: [Int]] {
        guard let mlpWidth else { return [:] }
        var shapes: [String: [Int]] = [:]
        for layer in layers {
            let (target, first) = (
                blueprint.layers[layer.into], blueprint.layers[layer.from[0].layer]
            )
            let narrowed = first.narrowed(to: mlpWidth).localTensors
            for (old, new) in zip(first.localTensors, narrowed) where old.shape != new.shape {
                shapes[target.fullName(new.name)] = new.shape
            }
        }
        return shapes
    }
}

extension WeightSource {
    /// A share's tensor in the order that it is taken in.
    func weight(_ share: TensorShare) throws -> WeightMatrix {
        let stored = try weight(share.name)
        guard let order = share.permutation else { return stored }
        return stored.reordered(rows: order.rows, columns: order.columns)
    }
}
