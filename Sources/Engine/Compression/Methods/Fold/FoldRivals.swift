// What else could be done at the size of a fold: the same layers dropped, the same stretches
// averaged, or a stretch of as many layers replaced by a linear map (ReplaceMe). A fold that does
// not beat them on calibration sequences that no fit has seen is not worth its name, and says so.
// Rivals of a fold with narrower MLPs keep theirs, and lack so many layers more that they are no
// larger: those of the stretch that is replaced, in all of them.

import Catalogue
import Model
import TensorMath

/// Mean KL(original || model) of a fold and of its rivals, in nats per token held back.
struct FoldRivals {
    private let weights: ModelWeights
    private let mode: ComputeMode
    private let fitted: PackedSequences
    private let held: PackedSequences
    private let mlpWidth: Int?
    private let space: StreamSpace

    /// nil where too few sequences are given to hold some back.
    init?(
        _ weights: ModelWeights, mode: ComputeMode, batch: PackedSequences,
        settings: FoldSettings, space: StreamSpace = .memory
    ) {
        let (fitted, held) = settings.split(batch)
        guard let held else { return nil }
        self.space = space
        self.weights = weights
        mlpWidth = settings.mlpWidth
        self.mode = mode
        self.fitted = fitted
        self.held = held
    }

    /// As it is by itself: a rival is not told the fold's ridge.
    private static var lambda: Double {
        Parameters().completed(with: MethodDeclaration.replaceme.parameters).number("lambda")
    }

    /// As many sequences of those that are fitted as are held back, spread evenly.
    private var learnt: PackedSequences {
        let count = min(held.ranges.count, fitted.ranges.count)
        return PackedSequences(
            (0..<count).map {
                Array(fitted.tokens[fitted.ranges[$0 * fitted.ranges.count / count]])
            }
        )
    }

    /// How many layers a rival lacks of the original's, so that it is no larger than the fold.
    static func removed(
        _ blueprint: ModelBlueprint, keeping kept: [Int], mlpWidth: Int?
    ) -> Int {
        let layers = blueprint.layers
        guard mlpWidth != nil else { return layers.count - kept.count }
        let all = layers.reduce(0) { $0 + $1.parameterCount }
        let folded = kept.reduce(0) { $0 + layers[$1].narrowed(to: mlpWidth).parameterCount }
        let left = folded * layers.count / max(1, all)
        return layers.count - max(1, min(left, layers.count))
    }

    /// Of `compare`: the original, each model of the kept layers, the fold on what it has learnt,
    /// and what `replaceme` fits.
    static func work(
        _ blueprint: ModelBlueprint, keeping kept: [Int], tokens: PackedSequences,
        settings: FoldSettings
    ) -> Work {
        let (fitted, heldBack) = settings.split(tokens)
        guard let heldBack else { return .none }
        let held = TokenLoad(heldBack)
        let judged =
            blueprint.meanLayerOperations(held) * Double(kept.count)
            + FoldJudge.headOperations(blueprint, held)
        return Work(operations: 5 * judged + 3 * blueprint.operations(held))
            + BlockReplacement.work(blueprint, tokens: fitted)
    }

    /// - Parameters:
    ///   - kept: layers that stay, ascending.
    ///   - folded: computed tensors of the fold.
    /// - Returns: `fold` first, then its rivals.
    func compare(
        keeping kept: [Int], folded: any ComputedTensors, observer: some WorkObserver
    ) throws -> [Rival] {
        let layers = weights.blueprint.layers
        func divergence(
            of layers: [LayerBlueprint], _ tensors: any ComputedTensors, by judge: FoldJudge
        ) throws -> Double {
            try observer.checkpoint()
            return try judge.divergence(of: layers, tensors, observer: observer)
        }
        let own = kept.map { layers[$0].narrowed(to: mlpWidth) }
        let known = try divergence(
            of: own, folded, by: FoldJudge(weights, mode: mode, batch: learnt, space: space))
        let judge = try FoldJudge(weights, mode: mode, batch: held, space: space)
        func result(
            _ name: String, _ kept: [Int], _ tensors: any ComputedTensors
        ) throws -> Rival {
            Rival(
                name: name,
                divergence: try divergence(of: kept.map { layers[$0] }, tensors, by: judge))
        }
        let stretch = try flattestStretch(
            count: Self.removed(weights.blueprint, keeping: kept, mlpWidth: mlpWidth),
            observer: observer)
        let replaced = stretch.map { stretch in layers.indices.filter { !stretch.contains($0) } }
        let reached = try divergence(of: own, folded, by: judge)
        var results = [Rival(name: "fold", divergence: reached, fitted: known)]
        if let others = mlpWidth == nil ? kept : replaced {
            results.append(try result("drop", others, WeightPatch()))
            results.append(try result("average", others, averages(keeping: others)))
        }
        if let replaced {
            // It refuses layers whose MLP can take no map; `missing` tells it.
            let patch: WeightPatch?
            do {
                patch = try BlockReplacement(
                    weights, mode: mode, batch: fitted, lambda: Self.lambda, space: space
                ).run(keeping: replaced, observer: Quiet(observer))
            } catch MethodError.unsupported {
                patch = nil
            }
            if let patch { results.append(try result("replaceme", replaced, patch)) }
        }
        return results
    }

    /// What `compare` left out of `found`, and why. Nothing where nothing was compared.
    static func missing(in found: [Rival], _ blueprint: ModelBlueprint) -> [String] {
        guard !found.isEmpty, !found.contains(where: { $0.name == "replaceme" }) else { return [] }
        let obstacle = blueprint.layers.enumerated().lazy.compactMap { index, layer in
            BlockReplacement.obstacle(layer).map { " (as layer \(index): \($0))" }
        }.first
        return ["`replaceme` can put no map into the layer before its stretch" + (obstacle ?? "")]
    }

    /// Every kept layer averaged with the removed ones behind it that have the same tensors.
    private func averages(keeping kept: [Int]) -> AveragedTensors {
        let layers = weights.blueprint.layers
        let ranges = FoldedStretch.ranges(keeping: kept, of: layers.count)
        return AveragedTensors(
            source: weights.source,
            stretches: zip(kept, ranges).map { base, range in
                let tensors = layers[base].localTensors
                return range.map { layers[$0] }.filter { $0.localTensors == tensors }
            })
    }

    /// The stretch of `count` layers behind the first that turns the stream least, by the mean
    /// angle between the streams before and behind it; nil where there is none.
    private func flattestStretch(count: Int, observer: some WorkObserver) throws -> Range<Int>? {
        let layers = weights.blueprint.layers.count
        guard count > 0, count < layers else { return nil }
        // Boundaries `count` apart are compared: no more are held.
        var boundaries: [MatrixView] = []
        var similarities: [Double] = []
        _ = try ForwardPass(weights: weights, mode: mode, space: space).run(
            held, observer: Quiet(observer)
        ) { boundary, stream in
            guard boundary > 0 else { return }
            if boundary > count {
                similarities.append(Self.meanCosine(boundaries.removeFirst(), stream))
            }
            boundaries.append(try space.copy(stream))
        }
        let best = similarities.indices.max { similarities[$0] < similarities[$1] } ?? 0
        return best + 1..<best + 1 + count
    }

    private static func meanCosine(_ a: MatrixView, _ b: MatrixView) -> Double {
        var sum = 0.0
        for row in 0..<a.rows {
            let (x, y) = (a.rows(row..<row + 1), b.rows(row..<row + 1))
            sum += x.dot(y) / max((x.dot(x) * y.dot(y)).squareRoot(), .leastNormalMagnitude)
        }
        return sum / Double(max(1, a.rows))
    }
}
