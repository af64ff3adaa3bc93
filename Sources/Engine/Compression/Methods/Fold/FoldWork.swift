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

    private var width: Int { blueprint.hiddenWidth }
    private var count: Int { stretch.layers.count }

    /// Of all stretches of a plan, in order.
    static func all(
        _ stretches: [FoldedStretch], settings: FoldSettings, blueprint: ModelBlueprint,
        fitted: TokenLoad, held: TokenLoad?
    ) -> [FoldWork] {
        var hasChanged = false
        return stretches.map { stretch in
            defer { hasChanged = hasChanged || stretch.merges }
            return FoldWork(
                stretch: stretch, settings: settings, blueprint: blueprint, fitted: fitted,
                held: held, hasChanged: hasChanged)
        }
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
        guard held != nil, stretch.canSelectGroups(settings) else {
            return attempt(selectsGroups: false) + (measured ? divergence : 0)
        }
        return attempt(selectsGroups: false) + attempt(selectsGroups: true) + 2 * divergence
    }

    /// Of `StretchFolding.compute`.
    private func attempt(selectsGroups: Bool) -> Double {
        var sum =
            selectsGroups || hasChanged && settings.refit
            ? states(leaving: false) + maps(attentionReaders) : 0
        if selectsGroups {
            sum += groupSums + groupSelection.total
        } else if hasChanged, settings.refit {
            sum += refit(.attention)
        }
        sum += mixer + states(leaving: true, fits: fitsFeedForward)
        if fitsFeedForward { sum += maps(feedForwardReaders) }
        if stretch.merges, settings.neurons {
            sum += neuronSums + neuronSelection.total
        } else if settings.refit {
            sum += refit(.feedForward)
        }
        return sum + feedForward + judged
    }

    /// Whether anything of the MLP is fitted, so that what it reads is as well.
    var fitsFeedForward: Bool { stretch.merges && settings.neurons || settings.refit }

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
                tokens: fitted.tokens, features: count * stretch.base.attention.output.inputs,
                targets: width)
    }

    var groupSelection: Selection { selection(stretch.base.attention.output.inputs) }

    var neuronSums: Double {
        stretch.layers.reduce(0) { $0 + $1.layer.feedForwardOperations(fitted) } * 2 / 3
            + FittingWork.sums(
                tokens: fitted.tokens, features: count * stretch.base.gated.down.inputs,
                targets: width)
    }

    var neuronSelection: Selection { selection(stretch.base.gated.down.inputs) }

    struct Selection {
        let inversion: Double
        let removal: Double
        var total: Double { inversion + removal }
    }

    private func selection(_ kept: Int) -> Selection {
        Selection(
            inversion: FittingWork.inversion(features: count * kept, targets: width),
            removal: FittingWork.removal(
                features: count * kept, leaving: (count - 1) * kept, targets: width))
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
        part == .attention ? stretch.base.attention.output.inputs : stretch.base.gated.down.inputs
    }

    /// The new layer's halves on what is fitted.
    var mixer: Double { stretch.base.layer.mixerOperations(fitted) }
    var feedForward: Double { stretch.base.layer.feedForwardOperations(fitted) }

    /// The new layer on what is held back.
    var judged: Double { held.map { stretch.base.layer.operations($0) } ?? 0 }

    /// The new layer on all tokens.
    var tried: Double { stretch.base.layer.operations(fitted) + judged }

    /// All layers behind on what is held back, and the logits of both models.
    var divergence: Double {
        guard let held else { return 0 }
        return stretch.later.reduce(0) { $0 + $1.layer.operations(held) }
            + FoldJudge.headOperations(blueprint, held)
    }

    /// Of a step of each tuning there is; empty where there is none.
    var tunings: [Double] {
        guard settings.tuningSteps > 0, stretch.isTuned, held != nil,
            BlockGradient.obstacle(stretch.base.layer) == nil
        else { return [] }
        // A wave of 2048 tokens, forwards and twice as much backwards; then Adam, some forty
        // operations a number.
        let wave = fitted * min(1, 2048 / max(1, fitted.tokens))
        let step =
            3 * stretch.base.layer.operations(wave) + 40 * Double(stretch.base.layer.parameterCount)
        guard stretch.later.isEmpty else { return [step] }
        // Logits of both models, and the slope back through one head.
        return [step, step + 3 * blueprint.headOperations(wave.tokens)]
    }
}

extension FoldSettings {
    /// Of `ModelFolding.run`; nothing where a layer cannot be folded, which is told by name.
    func work(
        _ blueprint: ModelBlueprint, keeping kept: [Int], tokens: PackedSequences
    ) -> Work {
        guard let layers = try? FoldableLayer.all(of: blueprint) else { return .none }
        let (fitted, heldBack) = split(tokens)
        let held = heldBack.map { TokenLoad($0) }
        let parts = FoldWork.all(
            FoldedStretch.all(layers, keeping: kept), settings: self, blueprint: blueprint,
            fitted: TokenLoad(fitted), held: held)
        let first = parts.firstIndex { $0.stretch.merges } ?? parts.count
        // Each folded layer is packed by itself, and in what the stage gives.
        let written = parts[first...].reduce(0) { $0 + 4 * $1.stretch.base.layer.parameterCount }
        return Work(
            operations: parts[..<first].reduce(0) { $0 + $1.carry }
                + parts[first...].reduce(0) { $0 + $1.fold }
                + (held.map { blueprint.operations($0) } ?? 0),
            written: Double(written))
    }

    /// Of `ModelFolding.costs`, which judges by what is fitted where nothing is held back.
    func costWork(
        _ blueprint: ModelBlueprint, of stretches: [Range<Int>], tokens: PackedSequences
    ) -> Work {
        guard let layers = try? FoldableLayer.all(of: blueprint) else { return .none }
        let (fitted, held) = split(tokens)
        let judged = TokenLoad(held ?? fitted)
        let folded = stretches.reduce(0.0) { sum, stretch in
            sum
                + FoldWork(
                    stretch: FoldedStretch(stretch, into: stretch.lowerBound, of: layers),
                    settings: self, blueprint: blueprint, fitted: TokenLoad(fitted), held: judged,
                    hasChanged: false
                ).best(measured: true)
        }
        let passed = layers.prefix(stretches.map(\.lowerBound).max() ?? 0).reduce(0.0) {
            $0 + $1.layer.operations(TokenLoad(fitted)) + $1.layer.operations(judged)
        }
        return Work(operations: folded + passed + blueprint.operations(judged))
    }
}
