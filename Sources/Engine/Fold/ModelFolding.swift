// `fold`: every kept layer absorbs the removed ones behind it. Its neurons and key-value groups are
// the best of all of theirs, its output projections are fitted to the original residual stream.
//
// Layer-major over waves of tokens: beside the weights it holds three streams (the folded model's,
// the original's, a target) and the Gram matrix of one run.

package import TensorMath

package final class ModelFolding {
    private let original: ModelWeights
    private let patched: PatchedWeights
    private let mode: ComputeMode
    private let batch: PackedSequences
    private let settings: FoldSettings
    private let waves: [ForwardPass.Wave]
    /// Before the next layer: of the folded model, and of the original.
    private let folded: MatrixView
    private let source: MatrixView
    /// What the part under work shall make of the stream.
    private let target: MatrixView
    private var patch = WeightPatch()
    /// Whether anything before differs from the original.
    private var hasChanged = false

    /// - Parameter batch: calibration sequences.
    package init(
        _ weights: ModelWeights, mode: ComputeMode, batch: PackedSequences,
        settings: FoldSettings
    ) throws {
        let forward = ForwardPass(weights: weights, mode: mode)
        original = weights
        patched = PatchedWeights(weights.source)
        self.mode = mode
        self.batch = batch
        self.settings = settings
        waves = try batch.waves(limit: forward.waveTokens).map {
            try ForwardPass.Wave($0, batch, weights.blueprint)
        }
        folded = try forward.embed(batch)
        source = MatrixView(rows: folded.rows, columns: folded.columns)
        source.assign(folded)
        target = MatrixView(rows: folded.rows, columns: folded.columns)
    }

    /// Folds the layers that are not in `kept` (ascending) into the kept ones before them; those
    /// before the first kept layer go into it.
    /// - Returns: Computed tensors, named as in the new model.
    package func run(keeping kept: [Int], observer: some WorkObserver) throws -> WeightPatch {
        let layers = original.blueprint.layers
        for index in layers.indices { _ = try layers[index].foldable(index) }
        var result = WeightPatch()
        for (place, base) in kept.enumerated() {
            let start = place == 0 ? 0 : base
            let end = place + 1 < kept.count ? kept[place + 1] : layers.count
            patch = WeightPatch()
            try fold(Array(start..<end), base: base, observer)
            let (old, new) = (layers[base].prefix, layers[place].prefix)
            result.add(patch.renamed { new + $0.dropFirst(old.count) })
            observer.progress(
                done: end, total: layers.count, unit: "layers",
                detail: "layer \(place + 1) of \(kept.count)")
        }
        return result
    }

    private func fold(_ run: [Int], base: Int, _ observer: some WorkObserver) throws {
        let layers = run.map { original.blueprint.layers[$0] }
        let layer = original.blueprint.layers[base]
        let merges = run.count > 1
        let attentions = try run.map { try original.blueprint.layers[$0].foldable($0).0 }
        let flattens =
            merges && run.count <= settings.groupRun
            && attentions.allSatisfy { $0.sharesGroups(with: attentions[0]) }
        try advanceOriginal(layers, sumsAttention: flattens, observer)
        if flattens {
            try GroupFolding(layers: layers, base: layer, settings: settings)
                .fold(task(observer), &patch)
        } else if hasChanged, settings.refit {
            try OutputRefit(part: .attention, layer: layer, settings: settings)
                .fold(task(observer), &patch)
        }
        try advance(observer) { stream, normal, wave, context in
            try context.normalise(stream, layer.inputNorm, into: normal)
            try layer.runMixer(normal, stream: stream, layout: wave.layout, context: context)
        }
        hasChanged = hasChanged || merges
        // The original stream behind the whole run.
        target.assign(source)
        if merges, settings.neurons {
            try NeuronFolding(layers: layers, base: layer, settings: settings)
                .fold(task(observer), &patch)
        } else if hasChanged, settings.refit {
            try OutputRefit(part: .feedForward, layer: layer, settings: settings)
                .fold(task(observer), &patch)
        }
        try advance(observer) { stream, normal, _, context in
            try context.normalise(stream, layer.feedForwardNorm, into: normal)
            try layer.runFeedForward(normal, stream: stream, context: context)
        }
        original.source.release(layers.flatMap { $0.tensors.map(\.name) })
    }

    private func task(_ observer: some WorkObserver) throws -> FoldTask {
        FoldTask(
            waves: waves, stream: folded, target: target,
            context: BlockContext(product: try MatrixProduct(mode: mode), weights: original),
            check: { try observer.checkpoint() })
    }

    /// Carries the original stream through a run, and leaves what attention shall make of the
    /// folded stream in `target`: the original stream behind the first attention, or the one
    /// before it plus what all attentions of the run add.
    private func advanceOriginal(
        _ layers: [LayerBlueprint], sumsAttention: Bool, _ observer: some WorkObserver
    ) throws {
        let context = BlockContext(product: try MatrixProduct(mode: mode), weights: original)
        if sumsAttention { target.assign(source) }
        for (index, layer) in layers.enumerated() {
            if index + 1 < layers.count {
                original.source.prefetch(layers[index + 1].tensors.map(\.name))
            }
            for wave in waves {
                try observer.checkpoint()
                let stream = source.rows(wave.tokens)
                let normal = MatrixView(rows: stream.rows, columns: stream.columns)
                let added = MatrixView(rows: stream.rows, columns: stream.columns)
                try context.normalise(stream, layer.inputNorm, into: normal)
                try layer.runMixer(normal, stream: added, layout: wave.layout, context: context)
                RowKernels.add(stream, added)
                if sumsAttention {
                    RowKernels.add(target.rows(wave.tokens), added)
                } else if index == 0 {
                    target.rows(wave.tokens).assign(stream)
                }
                try context.normalise(stream, layer.feedForwardNorm, into: normal)
                try layer.runFeedForward(normal, stream: stream, context: context)
            }
        }
    }

    /// Carries the folded stream through a part of the new layer.
    private func advance(
        _ observer: some WorkObserver,
        _ step: (MatrixView, MatrixView, ForwardPass.Wave, BlockContext) throws -> Void
    ) throws {
        try patched.apply(patch)
        let context = BlockContext(
            product: try MatrixProduct(mode: mode),
            weights: ModelWeights(blueprint: original.blueprint, source: patched))
        for wave in waves {
            try observer.checkpoint()
            let stream = folded.rows(wave.tokens)
            let normal = MatrixView(rows: stream.rows, columns: stream.columns)
            try step(stream, normal, wave, context)
        }
    }
}

/// What a part of a fold works on: the stream it gets, and the one it shall make.
struct FoldTask {
    let waves: [ForwardPass.Wave]
    let stream: MatrixView
    let target: MatrixView
    /// Reads the original weights.
    let context: BlockContext
    let check: () throws -> Void

    /// Sums Z'Z and Z'(target - stream - bias) over all waves.
    func accumulate(
        features: Int, bias: MatrixView?,
        _ compute: (_ wave: ForwardPass.Wave, _ stream: MatrixView) throws -> MatrixView
    ) throws -> GramAccumulator {
        var sums = GramAccumulator(features: features, targets: stream.columns)
        for wave in waves {
            try check()
            let input = stream.rows(wave.tokens)
            let wanted = MatrixView(rows: input.rows, columns: input.columns)
            wanted.assign(target.rows(wave.tokens))
            wanted.subtract(input)
            if let bias {
                let negative = MatrixView(rows: 1, columns: bias.columns)
                negative.subtract(bias)
                RowKernels.addBias(wanted, negative)
            }
            sums.add(features: try compute(wave, input), targets: wanted)
        }
        return sums
    }
}
