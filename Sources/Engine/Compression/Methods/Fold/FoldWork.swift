// What folding a stretch has to do, part by part: the sum is told before it begins, and the parts
// as they are done, so that progress moves in steps that take equal time.

import Model
import TensorMath

struct FoldWork {
    let stretch: FoldedStretch
    let settings: FoldSettings
    let blueprint: ModelBlueprint
    /// What is fitted, and what is held back to judge by; nil where nothing judges.
    let fitted: TokenLoad
    let held: TokenLoad?
    /// Whether anything before differs from the original.
    let hasChanged: Bool
    /// Whether `held` are sequences that no fit has seen; else they only measure, and choose
    /// nothing that a fold without them would not do.
    var isHeldBack = true

    private var width: Int { blueprint.hiddenWidth }
    private var count: Int { stretch.layers.count }

    /// Of all stretches of a plan, in order.
    static func all(
        _ stretches: [FoldedStretch], settings: FoldSettings, blueprint: ModelBlueprint,
        fitted: TokenLoad, held: TokenLoad?
    ) -> [FoldWork] {
        var hasChanged = false
        return stretches.map { stretch in
            defer { hasChanged = hasChanged || stretch.changes }
            return FoldWork(
                stretch: stretch, settings: settings, blueprint: blueprint, fitted: fitted,
                held: held, hasChanged: hasChanged)
        }
    }

    // MARK: What is tried

    /// A way to fold the stretch.
    enum Attempt: Equatable {
        /// The kept layer stays as it is: the others are removed.
        case asItIs
        case fitted(groups: Bool, FeedForwardWay)
    }

    /// One at least. What may well be worse than removal is judged against it, and comes behind it:
    /// of equals the first is taken.
    var attempts: [Attempt] {
        let canJudge = held != nil && isHeldBack
        let selects = canJudge && stretch.canSelectGroups(settings)
        let fits =
            selects || refitsMixer || refitsFeedForward || stretch.selectsNeurons(settings)
            || ways != [.own]
        guard fits else { return [.asItIs] }
        // A narrowed layer cannot stay as it is: the least that can be done is to narrow it.
        let least = stretch.isNarrowed ? Attempt.fitted(groups: false, .alone) : .asItIs
        let isUncertain =
            stretch.layers.contains(where: \.isUncertain)
            && (!stretch.isNarrowed || stretch.selected(settings).count > 1)
        // With nothing to judge by, what is uncertain is not done; and attention stays the kept
        // layer's own: selecting groups can lose more than it wins (the first layers of the demo
        // model).
        if isUncertain, !canJudge { return [least] }
        return (isUncertain ? [least] : [])
            + (selects ? [false, true] : [false]).flatMap { groups in
                ways.map { .fitted(groups: groups, $0) }
            }
    }

    private var ways: [FeedForwardWay] { stretch.feedForwardWays(settings) }

    /// Whether the kept layer's own attention is fitted to the stream it gets.
    var refitsMixer: Bool {
        hasChanged && settings.refit && stretch.base.attention != nil
    }

    /// Whether the kept layer's own down projection is fitted, where no neurons are selected.
    var refitsFeedForward: Bool {
        guard stretch.base.mlp != nil, !stretch.selectsNeurons(settings) else { return false }
        return settings.refit || stretch.merges && settings.neurons
    }

    /// Whether anything of the MLP or of the experts is fitted, so that what it reads is as well.
    var fitsFeedForward: Bool {
        stretch.selectsNeurons(settings) || refitsFeedForward || ways != [.own]
    }

    // MARK: The whole

    /// Of `StretchFolding.fold`.
    var fold: Double {
        let tunings = tunings
        let tuned = tunings.reduce(0) { sum, step in
            sum + step * Double(settings.tuningSteps) + tried + divergence
        }
        return best(measured: !tunings.isEmpty) + tuned
    }

    /// Of `StretchFolding.best`.
    func best(measured: Bool) -> Double {
        let attempts = attempts
        let judged = attempts.count > 1 || measured ? divergence : 0
        return attempts.reduce(0) { $0 + operations($1) + judged }
            + (attempts == [.asItIs] ? states(leaving: true, fits: false) : 0)
    }

    /// Of `StretchFolding.compute`.
    private func operations(_ attempt: Attempt) -> Double {
        guard case .fitted(let selectsGroups, let way) = attempt else { return tried }
        var sum = selectsGroups || refitsMixer ? states(leaving: false) + maps(attentionReaders) : 0
        if selectsGroups {
            sum += groupSums + groupSelection.total
        } else if refitsMixer {
            sum += refit(.attention)
        }
        if (selectsGroups || refitsMixer) && stretch.base.postMixerNorm != nil { sum += mixer }
        sum += mixer + states(leaving: true, fits: fitsFeedForward)
        if fitsFeedForward { sum += maps(feedForwardReaders) }
        switch way {
        case .own, .alone:
            if stretch.selectsNeurons(settings) {
                sum += neuronFolding(of: stretch.selected(settings, way).count)
            } else if refitsFeedForward {
                sum += refit(.feedForward)
            }
            if fitsFeedForward, stretch.base.postFeedForwardNorm != nil { sum += feedForward }
        case .keptExperts, .chosenExperts: sum += experts(way)
        }
        return sum + feedForward + judged
    }

    /// Of carrying all streams through the stretch's layer as it is.
    var carry: Double { stretch.base.layer.operations(fitted) + judged }

    // MARK: Parts

    /// What the original computes inside the stretch, and the sums of the input maps.
    func states(leaving: Bool, fits: Bool = true) -> Double {
        let layers = stretch.layers.reduce(0) { $0 + $1.layer.operations(fitted) }
        let last = stretch.layers[count - 1].layer.feedForwardOperations(fitted)
        return layers - (leaving ? 0 : last)
            + (settings.inputs && fits
                ? FittingWork.sums(tokens: fitted.tokens, features: width, targets: count * width)
                : 0)
    }

    var attentionReaders: Int { rows(\.attentionReaders) }
    var feedForwardReaders: Int { rows(\.feedForwardReaders) }

    private func rows(_ readers: KeyPath<FoldableLayer, [ProjectionBlueprint]>) -> Int {
        stretch.layers.reduce(0) { $0 + $1[keyPath: readers].reduce(0) { $0 + $1.rows.count } }
    }

    /// Input maps, and as many rows of projections redirected through them.
    func maps(_ rows: Int) -> Double {
        guard settings.inputs else { return 0 }
        return FittingWork.ridge(features: width, targets: count * width)
            + 2 * Double(rows) * Double(width) * Double(width)
    }

    var groupSums: Double {
        stretch.layers.reduce(0) { $0 + $1.layer.mixerOperations(fitted) }
            + FittingWork.sums(
                tokens: fitted.tokens, features: count * features(.attention), targets: width)
    }

    var groupSelection: Selection {
        selection(count * features(.attention), keeping: features(.attention))
    }

    /// MLPs, or what experts share, of `count` layers of one kind beside one another.
    func neuronSums(of count: Int) -> Double {
        Double(count) * stretch.base.layer.feedForwardOperations(fitted) * 2 / 3
            + FittingWork.sums(
                tokens: fitted.tokens, features: count * features(.feedForward), targets: width)
    }

    func neuronSelection(of count: Int) -> Selection {
        selection(
            count * features(.feedForward),
            keeping: stretch.result.mlp?.down.inputs ?? features(.feedForward))
    }

    private func neuronFolding(of count: Int) -> Double {
        neuronSums(of: count) + neuronSelection(of: count).total
    }

    struct Selection {
        let inversion: Double
        let removal: Double
        var total: Double { inversion + removal }
    }

    private func selection(_ features: Int, keeping kept: Int) -> Selection {
        Selection(
            inversion: FittingWork.inversion(features: features, targets: width),
            removal: FittingWork.removal(
                features: features, leaving: features - kept, targets: width))
    }

    func refit(_ part: OutputRefit.Part) -> Double { refitSums(part) + refitSolution(part) }

    func refitSums(_ part: OutputRefit.Part) -> Double {
        let forward =
            part == .attention ? mixer : stretch.base.layer.feedForwardOperations(fitted) * 2 / 3
        return forward
            + FittingWork.sums(tokens: fitted.tokens, features: features(part), targets: width)
    }

    func refitSolution(_ part: OutputRefit.Part) -> Double {
        FittingWork.ridge(features: features(part), targets: width)
    }

    private func features(_ part: OutputRefit.Part) -> Int {
        let base = stretch.base
        return part == .attention
            ? base.attention?.output.inputs ?? 0
            : (base.mlp ?? base.experts?.shared)?.down.inputs ?? 0
    }

    // MARK: Experts

    private func experts(_ way: FeedForwardWay) -> Double {
        guard let own = stretch.base.experts else { return 0 }
        let shared =
            own.shared != nil && settings.neurons && stretch.mergedFeedForwards.count > 1
            ? neuronFolding(of: stretch.mergedFeedForwards.count) : 0
        return routerScores(of: way) + Double(RouterFit.passes) * routerPass + feedForward * 5 / 3
            + shared + Double(ExpertsFolding.rounds * own.experts.count) * expert.total
    }

    /// What the original's routers and, where costs are asked for, its experts say.
    func routerScores(of way: FeedForwardWay) -> Double {
        states(leaving: false, fits: false)
            + (way == .chosenExperts
                ? stretch.layers.reduce(0) { $0 + $1.layer.feedForwardOperations(fitted) } : 0)
    }

    /// A pass of all tokens through a router and back.
    var routerPass: Double {
        4 * fitted.tokens * Double(width) * Double(stretch.base.experts?.experts.count ?? 0)
    }

    /// One expert's least squares, of the tokens that it gets in the mean.
    var expert: (sums: Double, solution: Double, total: Double) {
        guard let own = stretch.base.experts, let first = own.experts.first else {
            return (0, 0, 0)
        }
        let inner = first.down.inputs
        let tokens =
            fitted.tokens * Double(own.expertsPerToken) / Double(max(1, own.experts.count))
        let sums =
            FittingWork.sums(tokens: tokens, features: inner, targets: width)
            + 12 * tokens * Double(inner) * Double(width)
        let solution = FittingWork.ridge(features: inner, targets: width)
        return (sums, solution, sums + solution)
    }

    /// The new layer's halves on what is fitted.
    var mixer: Double { stretch.result.layer.mixerOperations(fitted) }
    var feedForward: Double { stretch.result.layer.feedForwardOperations(fitted) }

    /// The new layer on what is held back.
    var judged: Double { held.map { stretch.result.layer.operations($0) } ?? 0 }

    /// The new layer on all tokens.
    var tried: Double { stretch.result.layer.operations(fitted) + judged }

    /// All layers behind on what is held back, and the logits of both models.
    var divergence: Double {
        guard let held else { return 0 }
        return stretch.later.reduce(0) { $0 + $1.layer.operations(held) }
            + FoldJudge.headOperations(blueprint, held)
    }

    /// Of a step of each tuning there is; empty where there is none.
    var tunings: [Double] {
        guard settings.tuningSteps > 0, stretch.isTuned, held != nil,
            BlockGradient.obstacle(stretch.result.layer) == nil
        else { return [] }
        // A wave of 2048 tokens, forwards and twice as much backwards; then Adam, some forty
        // operations a number.
        let wave = fitted * min(1, 2048 / max(1, fitted.tokens))
        let step =
            3 * stretch.result.layer.operations(wave)
            + 40 * Double(stretch.result.layer.parameterCount)
        guard stretch.later.isEmpty else { return [step] }
        // Logits of both models, and the slope back through one head.
        return [step, step + 3 * blueprint.headOperations(wave.tokens)]
    }
}

extension FoldSettings {
    /// Of `ModelFolding.run`.
    func work(
        _ blueprint: ModelBlueprint, keeping kept: [Int], tokens: PackedSequences
    ) -> Work {
        let (fitted, held) = split(tokens)
        return work(
            blueprint, keeping: kept, fitted: TokenLoad(fitted), held: held.map { TokenLoad($0) })
    }

    /// - Parameter held: what judges; nil where nothing does.
    private func work(
        _ blueprint: ModelBlueprint, keeping kept: [Int], fitted: TokenLoad, held: TokenLoad?
    ) -> Work {
        let layers = FoldableLayer.all(of: blueprint)
        let parts = FoldWork.all(
            FoldedStretch.all(layers, keeping: kept, mlpWidth: mlpWidth), settings: self,
            blueprint: blueprint, fitted: fitted, held: held)
        let first = parts.firstIndex { $0.stretch.changes } ?? parts.count
        // Each folded layer is packed by itself, and in what the stage gives.
        let written = parts[first...].reduce(0) { $0 + 4 * $1.stretch.result.layer.parameterCount }
        return Work(
            operations: parts[..<first].reduce(0) { $0 + $1.carry }
                + parts[first...].reduce(0) { $0 + $1.fold }
                + (held.map { blueprint.operations($0) } ?? 0),
            written: Double(written))
    }

    /// Of `ModelFolding.narrowingCost`, which judges by what is fitted where nothing is held back.
    func narrowingWork(_ blueprint: ModelBlueprint, tokens: PackedSequences) -> Work {
        let (fitted, held) = split(tokens)
        let judged = TokenLoad(held ?? fitted)
        let all = Array(blueprint.layers.indices)
        let folded = work(blueprint, keeping: all, fitted: TokenLoad(fitted), held: judged)
        return Work(operations: folded.operations + FoldJudge.headOperations(blueprint, judged))
    }

    /// Of `ModelFolding.costs`, which judges by what is fitted where nothing is held back.
    func costWork(
        _ blueprint: ModelBlueprint, of stretches: [Range<Int>], tokens: PackedSequences
    ) -> Work {
        let layers = FoldableLayer.all(of: blueprint)
        let (fitted, held) = split(tokens)
        let judged = TokenLoad(held ?? fitted)
        let folded = stretches.reduce(0.0) { sum, stretch in
            sum
                + FoldWork(
                    stretch: FoldedStretch(stretch, into: stretch.lowerBound, of: layers),
                    settings: self, blueprint: blueprint, fitted: TokenLoad(fitted), held: judged,
                    hasChanged: false, isHeldBack: held != nil
                ).best(measured: true)
        }
        let passed = layers.prefix(stretches.map(\.lowerBound).max() ?? 0).reduce(0.0) {
            $0 + $1.layer.operations(TokenLoad(fitted)) + $1.layer.operations(judged)
        }
        return Work(operations: folded + passed + blueprint.operations(judged))
    }
}
