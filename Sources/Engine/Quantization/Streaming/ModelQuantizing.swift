// A whole model, a layer at a time: each layer's weights become codes by what they read behind the
// layers that were quantised before, and the quantised layer takes the tokens on.

package import Model
package import TensorMath

/// Quantises the layers of a model. Embeddings, head and Mamba mixers stay; norms, biases and
/// routers do but where a recipe scales inputs (`ScalingPair`).
package struct ModelQuantizing {
    /// Raised whenever the same inputs give other codes than before.
    package static let version = 1

    let weights: ModelWeights
    let mode: ComputeMode
    let batch: PackedSequences
    let recipe: QuantizationRecipe
    let space: StreamSpace

    /// Tokens that a layer computes at once.
    static let waveTokens = 2048

    /// - Parameter batch: calibration sequences.
    package init(
        _ weights: ModelWeights, mode: ComputeMode, batch: PackedSequences,
        recipe: QuantizationRecipe, space: StreamSpace = .memory
    ) {
        self.weights = weights
        self.mode = mode
        self.batch = batch
        self.recipe = recipe
        self.space = space
    }

    var layers: [LayerBlueprint] { weights.blueprint.layers }

    /// What there is too little of; nil where there is enough.
    package var doubt: String? {
        let widest = layers.flatMap { $0.mixerSites + $0.feedForwardSites }.map(\.inputs).max()
        guard recipe.sumsInputs, let widest, batch.tokens.count < widest else {
            return recipe.followsOriginal && batch.ranges.filter { !$0.isEmpty }.count < 2
                ? "`target: original` is `own` with one calibration sequence: none can be held back"
                : nil
        }
        return
            "\(batch.tokens.count) calibration tokens are fewer than the \(widest) inputs of the "
            + "widest weight; its errors are told apart by guesswork (give more samples)"
    }

    /// - Parameter give: takes each layer; here they are not held longer.
    /// - Throws: `CalibrationFault`, `QuantizationRefusal`; what `observer`, `recall` and `give`
    ///   throw.
    package func run(
        recall: some QuantizationRecall, observer: some WorkObserver,
        give: (QuantizedLayer) throws -> Void
    ) throws {
        let waves = try CalibrationWaves(
            batch, holdsBack: recipe.followsOriginal, waveTokens: Self.waveTokens,
            blueprint: weights.blueprint)
        let forward = ForwardPass(weights: weights, mode: mode, space: space)
        let stream = try forward.embed(waves.batch)
        let streams = QuantizationStreams(
            quantized: stream, original: recipe.followsOriginal ? try space.copy(stream) : nil)
        for (index, layer) in layers.enumerated() {
            if index + 1 < layers.count {
                weights.source.prefetch(layers[index + 1].tensors.map(\.name))
            }
            let product = try MatrixProduct(mode: mode)
            let draft = LayerDraft(weights, layer: index, product: product)
            let work = LayerQuantizing(
                recipe: recipe, draft: draft,
                original: LayerReader(
                    layer: layer, context: BlockContext(product: product, weights: weights)),
                streams: streams, waves: waves, product: product)
            if let kept = try recall.layer(index) {
                try draft.recall(kept)
                try work.pass(observer: observer)
            } else {
                try work.run(observer: observer)
                try recall.keep(draft.result)
            }
            try give(draft.result)
            weights.source.release(layer.tensors.map(\.name))
            observer.progress(
                done: index + 1, total: layers.count, unit: "layers",
                detail: "layer \(index + 1) of \(layers.count)")
        }
    }
}
