// `fold`: every kept layer absorbs the removed ones behind it. Its neurons and key-value groups are
// the best of all of theirs, what it reads and what it writes is fitted to the original stream.
//
// Layer-major over waves of tokens: beside the weights it holds residual streams (the folded
// model's, the original's, a target, one per way that is tried) and the Gram matrix of one run.

package import TensorMath

package final class ModelFolding {
    private let original: ModelWeights
    private let mode: ComputeMode
    private let settings: FoldSettings
    private let waves: [ForwardPass.Wave]
    /// Before the next layer: of the folded model, and of the original.
    private var folded: MatrixView
    private var source: MatrixView
    /// What the part under work shall make of the stream.
    private let target: MatrixView
    /// nil where too few sequences are given to hold some back.
    private let judge: FoldJudge?
    /// Whether anything before differs from the original.
    private var hasChanged = false
    /// What is done, of all, and what is being made.
    private var place = (done: 0, total: 0, unit: "layers", what: "")

    /// - Parameters:
    ///   - batch: calibration sequences; some are held back to choose by.
    ///   - judgesAlways: judges by those that are fitted where none can be held back.
    package init(
        _ weights: ModelWeights, mode: ComputeMode, batch: PackedSequences,
        settings: FoldSettings, judgesAlways: Bool = false
    ) throws {
        let forward = ForwardPass(weights: weights, mode: mode)
        let (fitted, held) = settings.split(batch)
        original = weights
        self.mode = mode
        self.settings = settings
        waves = try fitted.waves(limit: forward.waveTokens).map {
            try ForwardPass.Wave($0, fitted, weights.blueprint)
        }
        folded = try forward.embed(fitted)
        source = folded.copy()
        target = MatrixView(rows: folded.rows, columns: folded.columns)
        judge = try (held ?? (judgesAlways ? fitted : nil)).map {
            try FoldJudge(weights, mode: mode, batch: $0)
        }
    }

    /// Folds the layers that are not in `kept` (ascending) into the kept ones before them; those
    /// before the first kept layer go into it.
    /// - Parameters:
    ///   - recall: layers that need not be folded again; takes the others.
    ///   - give: takes the computed tensors, named as in the new model, layer by layer; here they
    ///     are not held longer.
    package func run(
        keeping kept: [Int], recall: LayerRecall? = nil, observer: some WorkObserver,
        give: (WeightPatch) throws -> Void
    ) throws {
        let layers = try foldableLayers()
        let runs = FoldedRun.all(layers, keeping: kept)
        // Layers before the first that merges are carried in no time: they would tell a wrong rate.
        let first = runs.firstIndex(where: \.merges) ?? runs.count
        for (index, run) in runs.enumerated() {
            place = (
                max(0, index - first), runs.count - first, "layers",
                "layer \(index + 1) of \(kept.count)"
            )
            let (old, new) = (run.base.prefix, layers[index].prefix)
            if hasChanged || run.merges {
                let prefix = FoldPrefix(
                    kept: Array(kept[...index]), end: run.range.upperBound)
                if let found = try recall?.find(prefix) {
                    let patch = found.renamed { old + $0.dropFirst(new.count) }
                    try follow(run, patch, observer)
                    try give(found)
                } else {
                    let patch = try fold(run, observer).renamed { new + $0.dropFirst(old.count) }
                    try recall?.keep(prefix, patch)
                    try give(patch)
                }
            } else {
                try carry(run.base, observer)
            }
            original.source.release(run.layers.flatMap { $0.tensors.map(\.name) })
            guard index >= first else { continue }
            observer.progress(
                done: index + 1 - first, total: place.total, unit: place.unit,
                detail: place.what)
        }
    }

    /// What it costs to fold each of `runs` when nothing else is folded: KL(original || model) on
    /// the sequences held back, in nats per token; `RunSelection.costMax` where that is no number.
    /// Leaves all streams somewhere else.
    package func costs(
        of runs: [Range<Int>], observer: some WorkObserver,
        give: (_ run: Range<Int>, _ cost: Double) throws -> Void
    ) throws {
        let layers = try foldableLayers()
        var reached = 0
        for (done, run) in runs.sorted(by: { $0.lowerBound < $1.lowerBound }).enumerated() {
            let names = "layers \(run.lowerBound) to \(run.upperBound - 1)"
            place = (done, runs.count, "runs", names)
            for layer in layers[reached..<run.lowerBound] {
                try carry(layer, observer)
                original.source.release(layer.tensors.map(\.name))
            }
            reached = run.lowerBound
            let divergence = try best(
                FoldedRun(run, into: reached, of: layers), measured: true, observer
            ).divergence
            try give(run, divergence)
            observer.progress(
                done: done + 1, total: place.total, unit: place.unit, detail: place.what)
        }
    }

    private func foldableLayers() throws -> [LayerBlueprint] {
        let layers = original.blueprint.layers
        for index in layers.indices { _ = try layers[index].foldable(index) }
        return layers
    }

    private func fold(_ run: FoldedRun, _ observer: some WorkObserver) throws -> WeightPatch {
        // `FoldSettings.notes` says which layers are not, although they should be.
        let tunings = run.isTuned && judge != nil ? try tunings(of: run) : []
        var (way, divergence) = try best(run, measured: !tunings.isEmpty, observer)
        for tuning in tunings {
            let patch = try tuning.tuned(task(folded, way.patch, observer))
            let other = try tried(patch, run, observer)
            let reached = try self.divergence(other, run, observer)
            if reached < divergence { (way, divergence) = (other, reached) }
        }
        // The last target was the original stream behind the run.
        accept(way)
        return way.patch
    }

    /// Towards the original stream; where no layer follows, then towards what the head makes of it.
    private func tunings(of run: FoldedRun) throws -> [LayerTuning] {
        var goals: [LossHead?] = [nil]
        if run.later.isEmpty, original.blueprint.finalSoftCap == nil {
            goals.append(try LossHead(original, original: original))
        }
        return goals.compactMap { LayerTuning(run.base, head: $0, settings: settings) }
    }

    /// Goes on behind a run whose tensors are known.
    private func follow(
        _ run: FoldedRun, _ patch: WeightPatch, _ observer: some WorkObserver
    ) throws {
        let way = try tried(patch, run, observer)
        let past = OriginalRun(
            layers: run.layers, start: source, context: try context(original.source))
        for wave in waves {
            try observer.checkpoint()
            target.rows(wave.tokens).assign(try past.states(of: wave)[2 * run.layers.count])
        }
        accept(way)
    }

    /// - Precondition: `target` is the original stream behind the run.
    private func accept(_ way: Way) {
        folded = way.stream
        source.assign(target)
        if let judged = way.judged { judge?.accept(judged) }
        hasChanged = true
    }

    /// The way to fold a run that diverges least, with all layers behind it as they are.
    ///
    /// - Parameter measured: whether the divergence is wanted where there is no choice, too.
    private func best(
        _ run: FoldedRun, measured: Bool, _ observer: some WorkObserver
    ) throws -> (way: Way, divergence: Double) {
        func attempt(
            selectsGroups: Bool, _ measured: Bool
        ) throws -> (way: Way, divergence: Double) {
            let way = try compute(run, selectsGroups: selectsGroups, observer)
            return (way, measured ? try divergence(way, run, observer) : 0)
        }
        // With nothing to judge by, attention stays the kept layer's own: selecting groups can
        // lose more than it wins (the first layers of the demo model).
        guard judge != nil, run.canSelectGroups(settings) else {
            return try attempt(selectsGroups: false, measured)
        }
        let own = try attempt(selectsGroups: false, true)
        let selected = try attempt(selectsGroups: true, true)
        return selected.divergence < own.divergence ? selected : own
    }

    private func divergence(
        _ way: Way, _ run: FoldedRun, _ observer: some WorkObserver
    ) throws -> Double {
        try way.judged.flatMap {
            try judge?.divergence(of: $0, followedBy: run.later, observer: observer)
        } ?? 0
    }

    /// The streams behind a run's new layer.
    private func tried(
        _ patch: WeightPatch, _ run: FoldedRun, _ observer: some WorkObserver
    ) throws -> Way {
        let stream = folded.copy()
        try advance(stream, patch, observer) { stream, _, wave, context in
            try run.base.run(stream, layout: wave.layout, context: context)
        }
        let judged = try judge?.advanced(
            through: run.base, source(with: patch), observer: observer)
        return Way(patch: patch, stream: stream, judged: judged)
    }

    /// One way to fold a run, and the streams behind it.
    private struct Way {
        let patch: WeightPatch
        let stream: MatrixView
        let judged: MatrixView?
    }

    private func compute(
        _ run: FoldedRun, selectsGroups: Bool, _ observer: some WorkObserver
    ) throws -> Way {
        let (layers, base) = (run.layers, run.base)
        let stream = folded.copy()
        var patch = WeightPatch()
        let attention = try prepare(
            run, reading: stream, norm: \.inputNorm, first: 0, observer
        ) { states in
            let target = states[1].copy()
            if selectsGroups {
                for layer in 1..<layers.count {
                    RowKernels.add(target, states[2 * layer + 1])
                    target.subtract(states[2 * layer])
                }
            }
            return target
        }
        if selectsGroups {
            try GroupFolding(layers: layers, base: base, settings: settings)
                .fold(task(stream, attention, observer), &patch)
        } else if hasChanged, settings.refit {
            patch.add(attention.only(base.attentionInputs))
            try OutputRefit(part: .attention, layer: base, settings: settings)
                .fold(task(stream, attention, observer), &patch)
        }
        try advance(stream, patch, observer) { stream, normal, wave, context in
            try context.normalise(stream, base.inputNorm, into: normal)
            try base.runMixer(normal, stream: stream, layout: wave.layout, context: context)
        }
        let feedForward = try prepare(
            run, reading: stream, norm: \.feedForwardNorm, first: 1, observer
        ) { $0[2 * layers.count] }
        if run.merges, settings.neurons {
            try NeuronFolding(layers: layers, base: base, settings: settings)
                .fold(task(stream, feedForward, observer), &patch)
        } else if settings.refit {
            patch.add(feedForward.only(base.feedForwardInputs))
            try OutputRefit(part: .feedForward, layer: base, settings: settings)
                .fold(task(stream, feedForward, observer), &patch)
        }
        try advance(stream, patch, observer) { stream, normal, _, context in
            try context.normalise(stream, base.feedForwardNorm, into: normal)
            try base.runFeedForward(normal, stream: stream, context: context)
        }
        let judged = try judge?.advanced(
            through: base, source(with: patch), observer: observer)
        return Way(patch: patch, stream: stream, judged: judged)
    }

    /// Fits what a part of the run's layers reads to `stream`, and sets the target.
    /// - Parameters:
    ///   - first: which of the original's states the part of the run's first layer got.
    ///   - wanted: the target of a wave, from the original's states.
    /// - Returns: Redirected projections of all layers of the run.
    private func prepare(
        _ run: FoldedRun, reading stream: MatrixView,
        norm: KeyPath<LayerBlueprint, NormBlueprint>, first: Int, _ observer: some WorkObserver,
        wanted: ([MatrixView]) -> MatrixView
    ) throws -> WeightPatch {
        let context = try context(original.source)
        let past = OriginalRun(layers: run.layers, start: source, context: context)
        let norms = run.layers.map { $0[keyPath: norm] }
        var fitting = InputFitting(layers: norms.count, width: stream.columns)
        for wave in waves {
            try observer.checkpoint()
            let states = try past.states(of: wave)
            target.rows(wave.tokens).assign(wanted(states))
            if settings.inputs {
                fitting.add(
                    stream.rows(wave.tokens), wanted: norms.indices.map { states[2 * $0 + first] },
                    norms: norms)
            }
        }
        var patch = WeightPatch()
        guard settings.inputs else { return patch }
        for (index, map) in try fitting.maps(lambda: settings.lambda / 10).enumerated() {
            let layer = run.layers[index]
            try PatchBuilder(context).redirect(
                first == 0 ? layer.attentionReaders : layer.feedForwardReaders,
                norm: norms[index], through: map, in: &patch)
        }
        return patch
    }

    /// - Parameter candidates: projections that stand in for the original's.
    private func task(
        _ stream: MatrixView, _ candidates: WeightPatch, _ observer: some WorkObserver
    ) throws -> FoldTask {
        let place = place
        return FoldTask(
            waves: waves, stream: stream, target: target,
            context: try context(source(with: candidates))
        ) { words in
            try observer.checkpoint()
            observer.progress(
                done: place.done, total: place.total, unit: place.unit,
                detail: "\(place.what), \(words)")
        }
    }

    private func source(with patch: WeightPatch) -> PatchedWeights {
        let source = PatchedWeights(original.source)
        source.apply(patch)
        return source
    }

    private func context(_ source: any WeightSource) throws -> BlockContext {
        BlockContext(
            product: try MatrixProduct(mode: mode),
            weights: ModelWeights(blueprint: original.blueprint, source: source))
    }

    /// Carries a stream through a part of the new layer.
    private func advance(
        _ stream: MatrixView, _ patch: WeightPatch, _ observer: some WorkObserver,
        _ step: (MatrixView, MatrixView, ForwardPass.Wave, BlockContext) throws -> Void
    ) throws {
        let context = try context(source(with: patch))
        for wave in waves {
            try observer.checkpoint()
            let part = stream.rows(wave.tokens)
            let normal = MatrixView(rows: part.rows, columns: part.columns)
            try step(part, normal, wave, context)
        }
    }

    /// Carries all streams through a layer that stays as it is, while they are still the same.
    private func carry(_ layer: LayerBlueprint, _ observer: some WorkObserver) throws {
        let context = try context(original.source)
        for wave in waves {
            try observer.checkpoint()
            try layer.run(folded.rows(wave.tokens), layout: wave.layout, context: context)
        }
        source.assign(folded)
        guard let judge else { return }
        judge.accept(
            try judge.advanced(through: layer, original.source, observer: observer))
    }
}
