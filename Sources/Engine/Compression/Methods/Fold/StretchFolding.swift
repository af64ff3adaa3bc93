// One stretch of layers becomes one: the ways to do it are tried, and the one is taken with which
// the model diverges least from the original on sequences that no fit has seen.

import Model
import TensorMath

/// One way to fold a stretch, and the streams behind it, [tokens, hidden].
struct FoldCandidate {
    let patch: LayerPatch
    let stream: MatrixView
    /// Of the sequences held back; nil without any.
    let judged: MatrixView?
}

/// The work on one stretch; streams and target are [tokens, hidden].
struct StretchFolding<Observer: WorkObserver> {
    let stretch: FoldedStretch
    let original: ModelWeights
    let mode: ComputeMode
    let settings: FoldSettings
    let space: StreamSpace
    let waves: [ForwardPass.Wave]
    /// Streams before the stretch, of the folded model and of the original.
    let folded: MatrixView
    let source: MatrixView
    /// What the part under work shall make of the stream; scratch of the caller's.
    let target: MatrixView
    let judge: FoldJudge?
    /// Whether anything before differs from the original.
    let hasChanged: Bool
    let work: FoldWork
    let meter: FoldMeter
    let observer: Observer

    /// The best way, tuned where that makes it better. `target` is the original stream behind the
    /// stretch when this returns.
    func fold() throws -> FoldCandidate {
        // `FoldSettings.notes` says which layers are not, although they should be.
        let tunings = stretch.isTuned && judge != nil ? try tunings() : []
        var (way, divergence) = try best(measured: !tunings.isEmpty)
        for (tuning, operations) in zip(tunings, work.tunings) {
            let patch = try tuning.tuned(
                task(folded, reading: source(with: way.patch)), operations: operations)
            let other = try candidate(patch)
            let reached = try self.divergence(other)
            if reached < divergence { (way, divergence) = (other, reached) }
        }
        return way
    }

    /// Towards the original stream; where no layer follows, then towards what the head makes of it.
    private func tunings() throws -> [LayerTuning] {
        var goals: [LossHead?] = [nil]
        if stretch.later.isEmpty {
            goals.append(try LossHead(original, original: original, mode: mode))
        }
        return goals.compactMap { LayerTuning(stretch.result.layer, head: $0, settings: settings) }
    }

    /// The way of tensors that are known, `target` as `fold` leaves it.
    func follow(_ patch: LayerPatch) throws -> FoldCandidate {
        try aim(0)
        return try candidate(patch)
    }

    /// Sets `target` to the original stream behind the stretch.
    private func aim(_ operations: Double) throws {
        let past = OriginalStretch(
            layers: stretch.layers, start: source, context: try context(original.source))
        for wave in waves {
            try observer.checkpoint()
            target.rows(wave.tokens).assign(try past.states(of: wave)[2 * stretch.layers.count])
            try meter.add(operations * share(of: wave))
        }
    }

    /// The way to fold a stretch that diverges least, with all layers behind it as they are; of
    /// equals the first of `FoldWork.attempts`.
    ///
    /// - Parameter measured: whether the divergence is wanted where there is no choice, too.
    func best(measured: Bool) throws -> (way: FoldCandidate, divergence: Double) {
        let attempts = work.attempts
        let measured = measured || attempts.count > 1
        var best: (way: FoldCandidate, divergence: Double)?
        for attempt in attempts {
            let way = try compute(attempt)
            let divergence = measured ? try divergence(way) : 0
            if best.map({ divergence < $0.divergence }) ?? true { best = (way, divergence) }
        }
        if attempts.allSatisfy({ $0 == .asItIs }) {
            try aim(work.states(leaving: true, fits: false))
        }
        guard let best else { preconditionFailure("there is always a way") }
        return best
    }

    private func compute(_ attempt: FoldWork.Attempt) throws -> FoldCandidate {
        switch attempt {
        case .asItIs: try candidate(LayerPatch())
        case .fitted(let selectsGroups, let way):
            try compute(selectsGroups: selectsGroups, way)
        }
    }

    private func divergence(_ way: FoldCandidate) throws -> Double {
        let found = try way.judged.flatMap {
            try judge?.divergence(
                of: $0, followedBy: stretch.later.map(\.layer), observer: observer)
        }
        try meter.add(work.divergence)
        return found ?? 0
    }

    /// The stream that is held back behind the new layer; nil without any.
    private func judged(_ patch: LayerPatch) throws -> MatrixView? {
        let judged = try judge?.advanced(
            through: stretch.result.layer, source(with: patch), observer: observer)
        try meter.add(work.judged)
        return judged
    }

    /// The streams behind a stretch's new layer.
    private func candidate(_ patch: LayerPatch) throws -> FoldCandidate {
        let stream = try space.copy(folded)
        try advance(stream, patch, work.mixer + work.feedForward) { stream, wave, context in
            try stretch.result.layer.run(stream, layout: wave.layout, context: context)
        }
        return FoldCandidate(patch: patch, stream: stream, judged: try judged(patch))
    }

    private func compute(
        selectsGroups: Bool, _ way: FeedForwardWay
    ) throws -> FoldCandidate {
        let (layers, base, result) = (stretch.layers, stretch.base, stretch.result)
        let stream = try space.copy(folded)
        var patch = LayerPatch()
        if selectsGroups {
            let attention = try prepare(reading: stream, norm: \.inputNorm, first: 0) { states in
                let target = states[1].copy()
                for layer in 1..<layers.count {
                    RowKernels.add(target, states[2 * layer + 1])
                    target.subtract(states[2 * layer])
                }
                return target
            }
            try GroupFolding(layers: layers, base: base, settings: settings)
                .fold(task(stream, attention), &patch)
            try fitMixerGains(stream, &patch)
        } else if work.refitsMixer {
            let attention = try prepare(reading: stream, norm: \.inputNorm, first: 0) { $0[1] }
            patch.add(attention[stretch.baseIndex].only(base.attentionInputs))
            try OutputRefit(part: .attention, layer: base, settings: settings)
                .fold(task(stream, attention), &patch)
            try fitMixerGains(stream, &patch)
        }
        try advance(stream, patch, work.mixer) { stream, wave, context in
            try base.layer.runMixer(
                context.normalised(stream, base.inputNorm), stream: stream, layout: wave.layout,
                context: context)
        }
        let feedForward = try prepare(
            reading: stream, norm: \.feedForwardNorm, first: 1, fits: work.fitsFeedForward
        ) { $0[2 * layers.count] }
        switch way {
        case _ where stretch.selectsNeurons(settings):
            try NeuronFolding(
                layers: stretch.selected(settings, way).map { layers[$0] }, base: base,
                result: result, settings: settings
            ).fold(task(stream, feedForward), &patch)
            try fitFeedForwardGains(stream, &patch)
        case .own where work.refitsFeedForward:
            patch.add(feedForward[stretch.baseIndex].only(base.feedForwardInputs))
            try OutputRefit(part: .feedForward, layer: base, settings: settings)
                .fold(task(stream, feedForward), &patch)
            try fitFeedForwardGains(stream, &patch)
        case .own, .alone: break
        case .keptExperts, .chosenExperts:
            try foldExperts(way, task(stream, feedForward), &patch)
        }
        try advance(stream, patch, work.feedForward) { stream, _, context in
            try result.layer.runFeedForward(
                context.normalised(stream, base.feedForwardNorm), stream: stream, context: context)
        }
        return FoldCandidate(patch: patch, stream: stream, judged: try judged(patch))
    }

    private func foldExperts(
        _ way: FeedForwardWay, _ task: FoldTask, _ patch: inout LayerPatch
    ) throws {
        let places = stretch.mergedFeedForwards
        try ExpertsFolding(
            layers: places.map { stretch.layers[$0] }, places: places, base: stretch.base,
            way: way, settings: settings, space: space,
            past: OriginalStretch(
                layers: stretch.layers, start: source, context: try context(original.source))
        ).fold(task, &patch)
    }

    // MARK: Norms behind branches

    private func fitMixerGains(_ stream: MatrixView, _ patch: inout LayerPatch) throws {
        guard let attention = stretch.base.attention else { return }
        try fitGains(stretch.base.postMixerNorm, stream, &patch, work.mixer) {
            part, wave, context in
            let normal = try context.normalised(part, stretch.base.inputNorm)
            return try context.branch(
                attention.heads(normal, layout: wave.layout, context: context), attention.output)
        }
    }

    private func fitFeedForwardGains(_ stream: MatrixView, _ patch: inout LayerPatch) throws {
        guard let mlp = stretch.result.mlp else { return }
        try fitGains(stretch.base.postFeedForwardNorm, stream, &patch, work.feedForward) {
            part, _, context in
            let normal = try context.normalised(part, stretch.base.feedForwardNorm)
            return try context.branch(mlp.neurons(normal, context: context), mlp.down)
        }
    }

    /// Fits the gains of a norm behind a branch of the new layer, whose weights are in `patch`.
    private func fitGains(
        _ norm: NormBlueprint?, _ stream: MatrixView, _ patch: inout LayerPatch,
        _ operations: Double,
        _ branch: (MatrixView, ForwardPass.Wave, BlockContext) throws -> MatrixView
    ) throws {
        guard let norm else { return }
        let context = try context(source(with: patch))
        let gains = MatrixView(rows: 1, columns: norm.width)
        gains.fill(1)
        var fitting = GainFitting(width: norm.width)
        for wave in waves {
            try observer.checkpoint()
            let part = stream.rows(wave.tokens)
            let wanted = context.scratch.copy(target.rows(wave.tokens))
            wanted.subtract(part)
            RowKernels.scale(wanted, by: 1 / stretch.base.residualScale)
            let normal = try branch(part, wave, context)
            RowKernels.rmsNorm(
                normal, gain: gains, gainOffset: 0, epsilon: norm.epsilon, into: normal)
            fitting.add(normal, wanted: wanted)
            try meter.add(operations * share(of: wave))
        }
        let fitted = fitting.gains(from: try context.weights.gains(norm))
        gains.fill(-norm.gainOffset)
        RowKernels.add(gains, fitted)
        patch[stretch.base.layer.localName(norm.tensor)] = gains
    }

    // MARK: Parts

    /// Fits what a part of the stretch's layers reads to `stream`, and sets the target.
    /// - Parameters:
    ///   - first: which of the original's states the part of the stretch's first layer got.
    ///   - fits: false: only the target is wanted.
    ///   - wanted: the target of a wave, from the original's states.
    /// - Returns: redirected projections of each layer of the stretch.
    private func prepare(
        reading stream: MatrixView, norm: KeyPath<LayerBlueprint, NormBlueprint?>, first: Int,
        fits: Bool = true, wanted: ([MatrixView]) -> MatrixView
    ) throws -> [LayerPatch] {
        let context = try context(original.source)
        let past = OriginalStretch(layers: stretch.layers, start: source, context: context)
        let norms = stretch.layers.map { $0.layer[keyPath: norm] }
        let fits = fits && settings.inputs
        var fitting =
            fits ? InputFitting(layers: norms.count, width: stream.columns) : nil
        for (index, wave) in waves.enumerated() {
            try observer.checkpoint()
            let states = try past.states(of: wave, leaving: first == 1)
            target.rows(wave.tokens).assign(wanted(states))
            try fitting?.add(
                stream.rows(wave.tokens), wanted: norms.indices.map { states[2 * $0 + first] },
                norms: norms, to: settings.inputRidge.part(ofWave: index, of: waves.count),
                context: context)
            try meter.add(work.states(leaving: first == 1, fits: fits) * share(of: wave))
        }
        guard let maps = try fitting?.maps(settings.inputRidge) else {
            return norms.map { _ in LayerPatch() }
        }
        let patches = try maps.enumerated().map { index, map in
            var patch = LayerPatch()
            let layer = stretch.layers[index]
            let readers = first == 0 ? layer.attentionReaders : layer.feedForwardReaders
            guard !readers.isEmpty else { return patch }
            try PatchBuilder(context, layer.layer).redirect(
                readers, norm: norms[index], through: map, in: &patch)
            return patch
        }
        try meter.add(work.maps(first == 0 ? work.attentionReaders : work.feedForwardReaders))
        return patches
    }

    /// - Parameter candidates: of each layer of the stretch, projections that stand in for the
    ///   original's.
    private func task(
        _ stream: MatrixView, _ candidates: [LayerPatch]
    ) throws -> FoldTask {
        let source = PatchedWeights(original.source)
        for (layer, patch) in zip(stretch.layers, candidates) {
            source.apply(patch, to: layer.layer)
        }
        return try task(stream, reading: source)
    }

    private func task(_ stream: MatrixView, reading source: PatchedWeights) throws -> FoldTask {
        FoldTask(
            waves: waves, stream: stream, target: target, context: try context(source), work: work
        ) { [meter] words, operations in try meter.add(operations, words) }
    }

    /// Reads the new layer's tensors in place of the kept one's.
    private func source(with patch: LayerPatch) -> PatchedWeights {
        let source = PatchedWeights(original.source)
        source.apply(patch, to: stretch.base.layer)
        return source
    }

    private func context(_ source: any WeightSource) throws -> BlockContext {
        BlockContext(
            product: try MatrixProduct(mode: mode),
            weights: ModelWeights(blueprint: original.blueprint, source: source))
    }

    private func share(of wave: ForwardPass.Wave) -> Double {
        Double(wave.tokens.count) / Double(max(1, folded.rows))
    }

    /// Carries a stream through a part of the new layer.
    private func advance(
        _ stream: MatrixView, _ patch: LayerPatch, _ operations: Double,
        _ step: (MatrixView, ForwardPass.Wave, BlockContext) throws -> Void
    ) throws {
        let context = try context(source(with: patch))
        for wave in waves {
            try observer.checkpoint()
            try step(stream.rows(wave.tokens), wave, context)
            try meter.add(operations * share(of: wave))
        }
    }
}
