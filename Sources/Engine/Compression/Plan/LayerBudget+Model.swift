// What layers take, of a model's own tensors as they will be written.

package import Catalogue
package import Checkpoint
package import Model

extension LayerBudget {
    /// - Parameters:
    ///   - dtype: nil keeps each tensor's own.
    ///   - shardByteLimit: as the writer takes it.
    ///   - leastWidth: the fewest neurons that MLPs may be left with; nil: all of them stay.
    /// - Throws: `BudgetError`, where the original meets the budget or no choice of layers does.
    package init(
        _ budget: Budget, of model: Model, dtype: DType?, shardByteLimit: Int?,
        leastWidth: Int? = nil
    ) throws(BudgetError) {
        let written = WrittenLayers(model, dtype: dtype)
        let layers = model.blueprint.layers.indices
        let tensors = layers.map { written.tensors(ofLayer: $0) }
        let areAlike = Set(tensors).count == 1
        let tensor: (TensorPlan) -> Int
        let taken: ([Int], Int?) -> Int
        switch budget.measure {
        case .size:
            tensor = \.byteCount
            taken = {
                CheckpointWriter.weightByteCount(
                    of: written.tensors(keeping: $0, mlpWidth: $1), shardByteLimit: shardByteLimit)
            }
        case .parameters:
            tensor = \.elementCount
            taken = {
                written.tensors(keeping: $0, mlpWidth: $1).reduce(0) { $0 + $1.elementCount }
            }
        case .kv:
            let cached = layers.map { written.cacheByteCount(ofLayer: $0) }
            try self.init(budget, shares: cached, rest: 0, areAlike: areAlike) {
                $0.reduce(0) { $0 + cached[$1] }
            }
            return
        }
        try self.init(
            budget, shares: tensors.map { $0.reduce(0) { $0 + tensor($1) } },
            rest: written.tensors(keeping: []).reduce(0) { $0 + tensor($1) },
            areAlike: areAlike, narrowed: { taken($0, $1) }, leastWidth: leastWidth,
            taken: { taken($0, nil) })
    }
}

/// The tensors of models made of some of the original's layers.
private struct WrittenLayers {
    private let blueprint: ModelBlueprint
    /// Of the original, by name, in the format in which they will be written.
    private let stored: [String: TensorPlan]

    init(_ model: Model, dtype: DType?) {
        blueprint = model.blueprint
        stored = Dictionary(
            uniqueKeysWithValues: model.checkpoint.tensorNames.compactMap { name in
                (try? model.checkpoint.tensor(name)).map { tensor in
                    (
                        name,
                        TensorPlan(name: name, dtype: dtype ?? tensor.dtype, shape: tensor.shape)
                    )
                }
            })
    }

    func tensors(keeping kept: [Int], mlpWidth: Int? = nil) -> [TensorPlan] {
        var plan = FoldPlan.keeping(kept, of: blueprint.layers.count)
        plan.mlpWidth = mlpWidth
        let newShapes = plan.newShapes(blueprint)
        return plan.recipes(blueprint: blueprint, stored: Set(stored.keys)).compactMap { recipe in
            stored[recipe.from[0].name].map {
                TensorPlan(
                    name: recipe.name, dtype: $0.dtype, shape: newShapes[recipe.name] ?? $0.shape)
            }
        }
    }

    /// By their names within the layer.
    func tensors(ofLayer layer: Int) -> [TensorPlan] {
        let layer = blueprint.layers[layer]
        return layer.localTensors.compactMap { tensor in
            stored[layer.fullName(tensor.name)].map {
                TensorPlan(name: tensor.name, dtype: $0.dtype, shape: $0.shape)
            }
        }
    }

    /// Bytes that runtimes keep of one token: keys and values, or the latent that they are made of.
    func cacheByteCount(ofLayer layer: Int) -> Int {
        let kept: (count: Int, tensor: String)
        switch blueprint.layers[layer].mixer {
        case .attention(let attention):
            kept = (2 * attention.keyValueHeads * attention.headWidth, attention.key.tensor)
        case .latent(let latent): kept = (latent.latent.rows.count, latent.latent.tensor)
        case .mamba, .shortConvolution, .mamba2, .deltaNet, .absent: return 0
        }
        guard let dtype = stored[kept.tensor]?.dtype else { return 0 }
        return kept.count * dtype.bitWidth / 8
    }
}
