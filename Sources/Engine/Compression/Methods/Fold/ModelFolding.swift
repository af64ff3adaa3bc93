// `fold`: every kept layer absorbs the removed ones behind it. Its neurons and key-value groups are
// the best of all of theirs, what it reads and what it writes is fitted to the original stream.
//
// Layer-major over waves of tokens: beside the weights it holds residual streams (the folded
// model's, the original's, a target, one per way that is tried) and the Gram matrix of one stretch.

import Model
import TensorMath

/// Folds a whole model, and measures what single stretches cost; streams are [tokens, hidden].
final class ModelFolding {
    private let original: ModelWeights
    private let mode: ComputeMode
    private let settings: FoldSettings
    private let space: StreamSpace
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
    private let loads: (fitted: TokenLoad, held: TokenLoad?)
    /// Whether what judges was held back from what is fitted.
    private let isHeldBack: Bool

    /// - Parameters:
    ///   - batch: calibration sequences; some are held back to choose by.
    ///   - judgesAlways: judges by those that are fitted where none can be held back.
    init(
        _ weights: ModelWeights, mode: ComputeMode, batch: PackedSequences,
        settings: FoldSettings, judgesAlways: Bool = false, space: StreamSpace = .memory
    ) throws {
        let forward = ForwardPass(weights: weights, mode: mode, space: space)
        let (fitted, held) = settings.split(batch)
        isHeldBack = held != nil
        original = weights
        self.mode = mode
        self.settings = settings
        self.space = space
        waves = try fitted.waves(limit: forward.waveTokens).map {
            try ForwardPass.Wave($0, fitted, weights.blueprint)
        }
        folded = try forward.embed(fitted)
        source = try space.copy(folded)
        target = try space.matrix(rows: folded.rows, columns: folded.columns)
        loads = (TokenLoad(fitted), (held ?? (judgesAlways ? fitted : nil)).map { TokenLoad($0) })
        judge = try (held ?? (judgesAlways ? fitted : nil)).map {
            try FoldJudge(weights, mode: mode, batch: $0, space: space)
        }
    }

    /// Folds the layers that are not in `kept` (ascending) into the kept ones before them; those
    /// before the first kept layer go into it.
    /// - Parameters:
    ///   - recall: what need not be computed again; takes the rest.
    ///   - give: takes the computed tensors, layer by layer; here they are not held longer.
    func run(
        keeping kept: [Int], recall: (any FoldRecall)? = nil, observer: some WorkObserver,
        give: (WeightPatch) throws -> Void
    ) throws {
        let layers = FoldableLayer.all(of: original.blueprint)
        let stretches = FoldedStretch.all(layers, keeping: kept, mlpWidth: settings.mlpWidth)
        let prefixes = kept.indices.map {
            FoldPrefix(
                kept: Array(kept[...$0]), end: stretches[$0].range.upperBound,
                isNarrowed: settings.mlpWidth != nil)
        }
        let first = stretches.firstIndex(where: \.changes) ?? stretches.count
        // Layers that are there already: read once more where they are passed, because all of them
        // would be too much to hold.
        var given = first
        while given < stretches.count, let found = try recall?.layer(prefixes[given]) {
            try give(WeightPatch(found, ofLayer: given))
            given += 1
        }
        // Nobody asks for the streams behind the last layer.
        guard given < stretches.count else { return }
        let start = try recall.map { try goBehind(prefixes[..<given], $0) } ?? 0
        let works = FoldWork.all(
            stretches, settings: settings, blueprint: original.blueprint, fitted: loads.fitted,
            held: loads.held)
        // Layers that are only passed take little time: they would tell a wrong rate.
        let meter = FoldMeter(
            total: works[given...].reduce(0) { $0 + $1.fold }, observer: observer)
        var passed = 0
        for (index, stretch) in stretches.enumerated().dropFirst(start) {
            meter.begin(
                "layer \(index + 1) of \(kept.count)", share: index < given ? 0 : works[index].fold)
            if index < first {
                try carry(stretch.base.layer, observer)
                passed += 1
            } else if let found = try recall?.layer(prefixes[index]) {
                accept(try folding(works[index], meter, observer).follow(found))
                passed += 1
                if index >= given { try give(WeightPatch(found, ofLayer: index)) }
            } else {
                // On disk they are too large to be kept: they are made again by passing.
                if passed >= Self.passedMin,
                    space.isInMemory(byteCount: 4 * folded.rows * folded.columns)
                {
                    try recall?.keep(streams, behind: prefixes[index - 1])
                }
                passed = 0
                let way = try folding(works[index], meter, observer).fold()
                accept(way)
                try recall?.keep(way.patch, of: prefixes[index])
                if index >= given { try give(WeightPatch(way.patch, ofLayer: index)) }
            }
            original.source.release(stretch.layers.flatMap { $0.tensors.map(\.name) })
            if index >= given { meter.end() }
        }
    }

    /// Streams are kept behind as many layers that were only passed, or more: they take the room of
    /// some layers, and save no more than passing those.
    static let passedMin = 4

    /// - Returns: how many of `prefixes` are passed by what is known of the furthest.
    private func goBehind(
        _ prefixes: ArraySlice<FoldPrefix>, _ recall: any FoldRecall
    ) throws -> Int {
        guard space.isInMemory(byteCount: 4 * folded.rows * folded.columns) else { return 0 }
        for index in prefixes.indices.reversed() {
            if let streams = try recall.streams(behind: prefixes[index]),
                take(streams, behind: prefixes[index])
            {
                return index + 1
            }
        }
        return 0
    }

    private var streams: FoldStreams {
        FoldStreams(
            original: source, folded: hasChanged ? folded : nil, held: judge?.stream)
    }

    /// Nothing is taken of what does not fit, or is not whole.
    private func take(_ streams: FoldStreams, behind prefix: FoldPrefix) -> Bool {
        guard (streams.folded == nil) == prefix.isOriginal,
            (streams.held == nil) == (judge == nil), streams.original.isShaped(like: source),
            streams.folded?.isShaped(like: folded) ?? true,
            streams.held.map({ judge?.stream.isShaped(like: $0) == true }) ?? true
        else { return false }
        source = streams.original
        if let known = streams.folded {
            folded = known
        } else {
            folded.assign(source)
        }
        if let held = streams.held { judge?.accept(held) }
        hasChanged = !prefix.isOriginal
        return true
    }

    /// What it costs to fold each of `stretches` when nothing else is folded: KL(original || model)
    /// on the sequences held back, in nats per token; `StretchSelection.costMax` where that is no
    /// number. Leaves all streams somewhere else.
    func costs(
        of stretches: [Range<Int>], observer: some WorkObserver,
        give: (_ stretch: Range<Int>, _ cost: Double) throws -> Void
    ) throws {
        let layers = FoldableLayer.all(of: original.blueprint)
        let ordered = stretches.sorted { $0.lowerBound < $1.lowerBound }
        let works = ordered.map {
            FoldWork(
                stretch: FoldedStretch($0, into: $0.lowerBound, of: layers), settings: settings,
                blueprint: original.blueprint, fitted: loads.fitted, held: loads.held,
                hasChanged: false, isHeldBack: isHeldBack)
        }
        let meter = FoldMeter(
            total: works.reduce(0) { $0 + $1.best(measured: true) }, observer: observer)
        var reached = 0
        for (stretch, work) in zip(ordered, works) {
            meter.begin(
                "layers \(stretch.lowerBound) to \(stretch.upperBound - 1)",
                share: work.best(measured: true))
            for layer in layers[reached..<stretch.lowerBound] {
                try carry(layer.layer, observer)
                original.source.release(layer.tensors.map(\.name))
            }
            reached = stretch.lowerBound
            let divergence = try folding(work, meter, observer).best(measured: true).divergence
            try give(stretch, divergence)
            meter.end()
        }
    }

    /// What it costs to narrow every MLP when no layer goes: KL(original || model) on the sequences
    /// held back, in nats per token, `StretchSelection.costMax` where that is no number. Leaves all
    /// streams behind the last layer.
    func narrowingCost(observer: some WorkObserver) throws -> Double {
        try run(keeping: Array(original.blueprint.layers.indices), observer: observer) { _ in }
        guard let judge else { return 0 }
        return try judge.divergence(of: judge.stream, followedBy: [], observer: observer)
    }

    private func folding<Observer: WorkObserver>(
        _ work: FoldWork, _ meter: FoldMeter, _ observer: Observer
    ) -> StretchFolding<Observer> {
        StretchFolding(
            stretch: work.stretch, original: original, mode: mode, settings: settings, space: space,
            waves: waves, folded: folded, source: source, target: target, judge: judge,
            hasChanged: hasChanged,
            work: work, meter: meter, observer: observer)
    }

    /// - Precondition: `target` is the original stream behind the stretch.
    private func accept(_ way: FoldCandidate) {
        folded = way.stream
        source.assign(target)
        if let judged = way.judged { judge?.accept(judged) }
        hasChanged = true
    }

    /// Carries all streams through a layer that stays as it is, while they are still the same.
    private func carry(_ layer: LayerBlueprint, _ observer: some WorkObserver) throws {
        let context = BlockContext(product: try MatrixProduct(mode: mode), weights: original)
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
