// Alignment of a whole plan: every layer that is folded into another is matched to the first layer
// of its fold.

package import Model
package import TensorMath

/// Two layers of one fold.
package struct AlignmentPair: Sendable, Equatable {
    package var base: Int
    package var layer: Int

    package init(base: Int, layer: Int) {
        self.base = base
        self.layer = layer
    }
}

extension FoldPlan {
    /// Each folded layer with the first of its fold, by rising layer.
    package var alignmentPairs: [AlignmentPair] {
        layers.flatMap { layer in
            layer.from.dropFirst().map {
                AlignmentPair(base: layer.from[0].layer, layer: $0.layer)
            }
        }.sorted { ($0.layer, $0.base) < ($1.layer, $1.base) }
    }

    /// The plan with the orders of its folded layers.
    package func aligned(_ alignments: [AlignedLayer]) -> FoldPlan {
        var result = self
        for place in layers.indices {
            let base = layers[place].from[0].layer
            for share in layers[place].from.indices.dropFirst() {
                let layer = layers[place].from[share].layer
                result.layers[place].from[share].alignment =
                    alignments.first { $0.base == base && $0.layer == layer }?.alignment
            }
        }
        return result
    }
}

/// Finds the orders of a plan's layers from the original's weights, or from what its units put out
/// on calibration tokens (weight matching: Ainsworth et al. 2022, arXiv 2209.04836).
package struct PlanAligner {
    private let weights: ModelWeights
    private let cost: AlignmentCost
    private let mode: ComputeMode
    private let batch: PackedSequences?

    /// - Parameter batch: calibration sequences; needed where the cost reads activations.
    package init(
        _ weights: ModelWeights, cost: AlignmentCost, mode: ComputeMode, batch: PackedSequences?
    ) {
        precondition(!cost.readsActivations || batch != nil, "activations need tokens")
        self.weights = weights
        self.cost = cost
        self.mode = mode
        self.batch = batch
    }

    /// - Parameter pairs: as `alignmentPairs` has them.
    /// - Throws: `AlignError`.
    package func align(
        _ pairs: [AlignmentPair], observer: some WorkObserver
    ) throws -> [AlignedLayer] {
        let aligner = LayerAligner(weights: weights, cost: cost)
        guard cost.readsActivations, let batch else {
            return try pairs.map { pair in
                defer { release(pair) }
                return try aligner.align(
                    pair.layer, to: pair.base, features: nil, observer: observer)
            }
        }
        var held: [Int: LayerFeatures] = [:]
        var result: [AlignedLayer] = []
        let bases = Set(pairs.map(\.base))
        try FeaturePass(weights, mode: mode, batch: batch).run(
            bases.union(pairs.map(\.layer)), observer: observer
        ) { layer, features in
            if bases.contains(layer) { held[layer] = features }
            for pair in pairs where pair.layer == layer {
                guard let base = held[pair.base] else {
                    preconditionFailure("a fold's first layer comes first")
                }
                result.append(
                    try aligner.align(
                        layer, to: pair.base, features: (base, features), observer: observer))
                release(pair)
            }
            for base in bases where !pairs.contains(where: { $0.base == base && $0.layer > layer })
            {
                held[base] = nil
            }
        }
        return result
    }

    /// The similarities of all units of two layers and the assignment between them; and a pass of
    /// the model where activations are read.
    package func work(_ pairs: [AlignmentPair]) -> Work {
        let layers = pairs.map { weights.blueprint.layers[$0.layer] }
        let matching = layers.reduce(0.0) { sum, layer in
            layer.perceptrons.reduce(sum) { sum, gated in
                let units = Double(gated.down.inputs)
                let features =
                    cost.readsActivations
                    ? Double(min(FeaturePass.tokensMax, batch?.tokens.count ?? 0))
                    : Double(3 * weights.blueprint.hiddenWidth)
                return sum + units * units * (2 * features + units)
            }
        }
        let pass = cost.readsActivations ? batch.map { TokenLoad($0) } : nil
        return Work(
            operations: matching + (pass.map { weights.blueprint.operations($0) } ?? 0))
    }

    private func release(_ pair: AlignmentPair) {
        for layer in [pair.base, pair.layer] {
            weights.source.release(weights.blueprint.layers[layer].tensors.map(\.name))
        }
    }

    /// Bytes held at most beside the mapped weights: the similarities of the widest layer, three of
    /// its matrices, and features and stream where activations are read.
    package func peakByteCount(_ pairs: [AlignmentPair]) -> Int {
        var units = 0
        var matrix = 0
        var features = 0
        for pair in pairs {
            let layer = weights.blueprint.layers[pair.layer]
            let neurons = layer.perceptrons.map(\.down.inputs).max() ?? 0
            let rows = cost == .rows ? layer.projections.map(\.rows.count).max() ?? 0 : neurons
            units = max(units, rows)
            matrix = max(matrix, layer.projections.map { $0.rows.count * $0.inputs }.max() ?? 0)
            var heads = 0
            if case .attention(let attention) = layer.mixer { heads = attention.output.inputs }
            features = max(features, neurons + heads)
        }
        var total = 4 * (units * units + 3 * matrix)
        if cost.readsActivations, let batch {
            // A base is held from its own layer to the last one that is aligned to it.
            let held =
                pairs.map { pair in
                    Set(pairs.filter { $0.base < pair.layer && $0.layer >= pair.layer }.map(\.base))
                        .count
                }.max() ?? 0
            let tokens = min(FeaturePass.tokensMax, batch.tokens.count)
            total += 4 * tokens * features * (held + 1)
            total += 4 * batch.tokens.count * weights.blueprint.hiddenWidth
        }
        return total
    }
}
