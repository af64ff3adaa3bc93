// `sparsegpt` on a whole model: layer by layer, the inputs of each projection are summed up with
// the layer as it was behind pruned layers, its projections are pruned, and the pruned layer
// carries the tokens on.

import Model
import TensorMath

/// SparseGPT (arXiv 2301.00774) on every projection [outputs, inputs] of a model.
struct SparsePruning {
    private let weights: ModelWeights
    private let mode: ComputeMode
    private let batch: PackedSequences
    private let regression: SparseRegression

    static let method = "sparsegpt"

    /// - Parameter batch: calibration sequences.
    init(
        _ weights: ModelWeights, mode: ComputeMode, batch: PackedSequences,
        regression: SparseRegression
    ) {
        self.weights = weights
        self.mode = mode
        self.batch = batch
        self.regression = regression
    }

    /// Bytes held at most beside the mapped weights: the stream, a wave's intermediate matrices,
    /// one regression, and the pruned weights of a layer as floats and packed.
    static func peakByteCount(
        _ blueprint: ModelBlueprint, tokens: PackedSequences, mode: ComputeMode
    ) -> Int {
        let forward = ForwardMemory(
            blueprint: blueprint, batch: tokens, capturedRows: 0, waveTokens: 2048, mode: mode)
        let matrices = blueprint.layers.flatMap(\.tensors).filter { $0.shape.count == 2 }
        let inputs = matrices.map { $0.shape[1] }.max() ?? 0
        let widest = matrices.map { $0.shape[0] * $0.shape[1] }.max() ?? 0
        let sums = 4 * GramAccumulator.byteCount(features: inputs, targets: 1)
        let layer = blueprint.layers.map { layer in
            layer.tensors.reduce(0) { $0 + $1.shape.reduce(1, *) }
        }
        let patch = 4 * 4 * (layer.max() ?? 0)
        return forward.total + sums + 8 * (5 * inputs * inputs + 4 * widest) + patch
    }

    /// Each layer twice, as it was and pruned; the sums of what its projections read; and for each
    /// row of them an update of what is left of it, column by column.
    static func work(_ blueprint: ModelBlueprint, tokens: PackedSequences) -> Work {
        let load = TokenLoad(tokens)
        var work = Work(operations: 2 * blueprint.operations(load))
        for layer in blueprint.layers {
            for projection in layer.projections {
                let inputs = Double(projection.inputs)
                work.operations += inputs * inputs * (inputs + Double(projection.rows.count))
                work.written += 4 * inputs * Double(projection.rows.count)
            }
            for inputs in Set(layer.projections.map(\.inputs)) {
                work.operations += FittingWork.sums(
                    tokens: load.tokens, features: inputs, targets: 1)
            }
        }
        return work
    }

    /// - Parameter give: takes the projections, layer by layer; here they are not held longer.
    func run(
        observer: some WorkObserver, give: (WeightPatch) throws -> Void
    ) throws {
        let layers = weights.blueprint.layers
        let parts = try layers.indices.map { try prunable($0) }
        let forward = ForwardPass(weights: weights, mode: mode)
        let waves = try batch.waves(limit: forward.waveTokens).map {
            try ForwardPass.Wave($0, batch, weights.blueprint)
        }
        let stream = try forward.embed(batch)
        for (index, layer) in layers.enumerated() {
            if index + 1 < layers.count {
                weights.source.prefetch(layers[index + 1].tensors.map(\.name))
            }
            let patch = try prune(layer, parts[index], stream, waves, observer)
            let source = PatchedWeights(weights.source)
            source.apply(patch, to: layer)
            let context = BlockContext(
                product: try MatrixProduct(mode: mode),
                weights: ModelWeights(blueprint: weights.blueprint, source: source))
            for wave in waves {
                try observer.checkpoint()
                try layer.run(stream.rows(wave.tokens), layout: wave.layout, context: context)
            }
            try give(WeightPatch(patch, ofLayer: index))
            weights.source.release(layer.tensors.map(\.name))
            observer.progress(
                done: index + 1, total: layers.count, unit: "layers",
                detail: "layer \(index + 1) of \(layers.count)")
        }
    }

    private func prune(
        _ layer: LayerBlueprint, _ parts: (AttentionBlueprint, MLPBlueprint),
        _ stream: MatrixView, _ waves: [ForwardPass.Wave], _ observer: some WorkObserver
    ) throws -> LayerPatch {
        let (attention, gated) = parts
        let context = BlockContext(product: try MatrixProduct(mode: mode), weights: weights)
        var sums = [
            attention.query.inputs, attention.output.inputs, gated.up.inputs, gated.down.inputs,
        ].map { GramAccumulator(features: $0, targets: 1) }
        let product = try MatrixProduct(mode: .float32)
        for wave in waves {
            try observer.checkpoint()
            let part = MatrixView(rows: wave.tokens.count, columns: stream.columns)
            part.assign(stream.rows(wave.tokens))
            let normal = MatrixView(rows: part.rows, columns: part.columns)
            try context.normalise(part, layer.inputNorm, into: normal)
            try sums[0].add(inputs: normal, by: product)
            try sums[1].add(
                inputs: try attention.heads(normal, layout: wave.layout, context: context),
                by: product)
            try layer.runMixer(normal, stream: part, layout: wave.layout, context: context)
            try context.normalise(part, layer.feedForwardNorm, into: normal)
            try sums[2].add(inputs: normal, by: product)
            try sums[3].add(
                inputs: try gated.neurons(normal, context: context), by: product)
        }
        var patch = LayerPatch()
        let builder = PatchBuilder(context, layer)
        for (index, projections) in [
            [attention.query, attention.key, attention.value], [attention.output],
            gated.readers, [gated.down],
        ].enumerated() {
            let gram = sums[index].take().gram
            for projection in projections {
                try observer.checkpoint()
                let weight = try weights.projection(projection).floats().transposedDoubles
                let pruned = try regression.prune(weight.transposed, gram: gram)
                try builder.set(projection, MatrixView(pruned), in: &patch)
            }
        }
        return patch
    }

    private func prunable(
        _ index: Int
    ) throws(MethodError) -> (AttentionBlueprint, MLPBlueprint) {
        let layer = weights.blueprint.layers[index]
        guard case .attention(let attention) = layer.mixer else {
            throw .unsupported(
                method: Self.method, layer: index,
                what: "its mixer is \(layer.mixer.words), and plain attention is expected")
        }
        if layer.isParallel, let what = layer.branchObstacle {
            throw .unsupported(method: Self.method, layer: index, what: what)
        }
        guard case .mlp(let gated) = layer.feedForward else {
            throw .unsupported(
                method: Self.method, layer: index,
                what: "it has experts, of which some see too few tokens to be pruned by them")
        }
        return (attention, gated)
    }
}

extension GramAccumulator {
    /// Adds to Z'Z alone; there is no target.
    fileprivate mutating func add(inputs: MatrixView, by product: MatrixProduct) throws {
        try add(features: inputs, targets: inputs.columns(0..<1), by: product)
    }
}
