// `laco` (Yang et al. 2024, arXiv 2402.11187, RDSC): adds to a layer what the layers behind it
// differ by, and drops those; from the back, wherever the model's last hidden state stays similar
// enough.
//
// theta_l + sum_{k = 1...m} (theta_{l+k} - theta_l) = (1 - m) theta_l + sum_k theta_{l+k}, so a
// collapse is a plan of shares that sum to 1, some of them negative. Norms and biases are kept.

import Foundation
import Model
import TensorMath

/// The parameters of `laco`, with the letters of the paper's Algorithm 1.
struct CollapseSettings: Sendable, Equatable {
    /// Layers that become one in one step, C.
    var layersPerMerge = 4
    /// Layers between one merge and the next, I.
    var interval = 2
    /// Layers that may be merged, from 0; the upper end is lowered to the last layer.
    var range = 1...Int.max
    /// Least cosine of the last hidden states, T; nil: the greatest of 0.95, 0.9, ... that
    /// removes enough layers.
    var threshold: Double?

    init() {}
}

/// LaCo (arXiv 2402.11187) on a model and calibration samples: a plan of shares.
final class LayerCollapse {
    private let weights: ModelWeights
    private let mode: ComputeMode
    private let batch: PackedSequences
    private let settings: CollapseSettings
    /// Normed last hidden state of the original, [tokens, hidden].
    private var wanted: MatrixView?
    /// Cosines of the models tried so far, by their layers in words.
    private var known: [String: Double] = [:]

    /// A new layer's shares of original ones, by layer; the first is the one whose norms it has.
    private typealias Group = [LayerShare]

    /// - Parameter batch: calibration samples, one cosine each.
    init(
        _ weights: ModelWeights, mode: ComputeMode, batch: PackedSequences,
        settings: CollapseSettings
    ) {
        precondition(settings.layersPerMerge > 1 && settings.interval > 0, "a merge takes two")
        self.weights = weights
        self.mode = mode
        self.batch = batch
        self.settings = settings
    }

    /// Bytes held at most: the streams of two models, one wave, and the merged layers.
    static func peakByteCount(
        _ blueprint: ModelBlueprint, tokens: PackedSequences, mode: ComputeMode
    ) -> Int {
        let forward = ForwardMemory(
            blueprint: blueprint, batch: tokens, capturedRows: 0, waveTokens: 2048, mode: mode)
        let layers = blueprint.layers.map { layer in
            layer.tensors.reduce(0) { $0 + 4 * $1.shape.reduce(1, *) }
        }
        return forward.total + 3 * forward.stream + 2 * layers.reduce(0, +) / 2
            + 2 * (layers.max() ?? 0)
    }

    /// As many models as there are layers, or thereabouts: a merge that is refused is tried once.
    static func work(_ blueprint: ModelBlueprint, tokens: PackedSequences) -> Work {
        Work(
            operations: Double(blueprint.layers.count) * blueprint.operations(TokenLoad(tokens)))
    }

    /// The plan that removes `target` layers; the last merge takes no more than that.
    ///
    /// - Throws: `PlanError.targetNotReached` where the threshold or the range stop it before.
    func plan(removing target: Int, observer: some WorkObserver) throws -> FoldPlan {
        let grid = settings.threshold.map { [$0] } ?? (1...20).map { 1 - 0.05 * Double($0) } + [-1]
        var least = 0
        for threshold in grid {
            let (groups, cosine) = try scan(threshold, removing: target, observer)
            let removed = weights.blueprint.layers.count - groups.count
            least = max(least, removed)
            guard removed == target else { continue }
            return FoldPlan(
                originalLayers: weights.blueprint.layers.count,
                layers: groups.enumerated().map { PlannedLayer(into: $0, from: $1) },
                foldsNorms: false,
                notes: [
                    String(
                        format: "%d layers collapsed at threshold %.2f; the last hidden states' "
                            + "cosine is %.3f", target, threshold, cosine)
                ])
        }
        throw PlanError.targetNotReached(
            method: "laco", removed: least, wanted: target,
            advice: "choose a smaller ratio, a lower `threshold`, or a wider range")
    }

    /// One pass from the back (the published loop), and the cosine of what it ends with.
    private func scan(
        _ threshold: Double, removing target: Int, _ observer: some WorkObserver
    ) throws -> ([Group], Double) {
        let count = weights.blueprint.layers.count
        var groups: [Group] = (0..<count).map { [LayerShare(layer: $0, weight: 1)] }
        var cosine = 1.0
        var place = min(settings.range.upperBound, count - 1) - settings.layersPerMerge + 1
        while place >= max(0, settings.range.lowerBound), groups.count > count - target {
            let behind = min(
                settings.layersPerMerge - 1, groups.count - 1 - place,
                groups.count - (count - target))
            let candidate = behind > 0 ? merged(groups, at: place, behind) : nil
            guard let candidate, case let value = try similarity(candidate, observer),
                value > threshold
            else {
                place -= 1
                continue
            }
            groups = candidate
            cosine = value
            observer.progress(
                done: count - groups.count, total: target, unit: "layers",
                detail: "threshold \(threshold)")
            place -= settings.interval
            if place >= groups.count { place = groups.count - 1 - settings.layersPerMerge }
        }
        return (groups, cosine)
    }

    /// `groups` with the one at `start` and `behind` more as one; nil where their kinds differ.
    private func merged(_ groups: [Group], at start: Int, _ behind: Int) -> [Group]? {
        let layers = weights.blueprint.layers
        let run = groups[start...start + behind]
        let kinds = Set(run.map { layers[$0[0].layer].kind })
        let shapes = Set(run.map { layers[$0[0].layer].tensors.map { "\($0.shape)" } })
        guard kinds.count == 1, shapes.count == 1 else { return nil }
        var shares: [Int: Double] = [:]
        for (index, group) in run.enumerated() {
            let factor = index == 0 ? 1 - Double(behind) : 1
            for share in group { shares[share.layer, default: 0] += factor * share.weight }
        }
        // Ascending: the first is the layer whose norms stay.
        let group = shares.sorted { $0.key < $1.key }.map {
            LayerShare(layer: $0.key, weight: $0.value)
        }
        return Array(groups[..<start]) + [group] + Array(groups[(start + behind + 1)...])
    }

    /// Mean over samples of the cosine between the last hidden states, whole samples as vectors.
    private func similarity(_ groups: [Group], _ observer: some WorkObserver) throws -> Double {
        let key = groups.map { "\($0.map { "\($0.layer):\($0.weight)" })" }.joined()
        if let value = known[key] { return value }
        let original =
            try wanted
            ?? lastState(
                (0..<weights.blueprint.layers.count).map { [LayerShare(layer: $0, weight: 1)] },
                observer)
        wanted = original
        let found = try lastState(groups, observer)
        var sum = 0.0
        for range in batch.ranges {
            var (dot, first, second) = (0.0, 0.0, 0.0)
            for token in range {
                for (x, y) in zip(original.row(token), found.row(token)) {
                    dot += Double(x) * Double(y)
                    first += Double(x) * Double(x)
                    second += Double(y) * Double(y)
                }
            }
            sum += first > 0 && second > 0 ? dot / (first * second).squareRoot() : 0
        }
        let value = sum / Double(max(1, batch.ranges.count))
        known[key] = value
        return value
    }

    private func lastState(_ groups: [Group], _ observer: some WorkObserver) throws -> MatrixView {
        let layers = weights.blueprint.layers
        let source = PatchedWeights(weights.source)
        for group in groups where group.count > 1 {
            let base = layers[group[0].layer]
            var patch = LayerPatch()
            for tensor in base.localTensors where tensor.shape.count > 1 {
                let shares = try group.map {
                    try weights.source.weight(layers[$0.layer].fullName(tensor.name))
                }
                let blend = MatrixView(rows: shares[0].rows, columns: shares[0].columns)
                Blend.rows(
                    0..<blend.rows, of: shares, weights: group.map(\.weight), into: blend,
                    scratch: MatrixView(rows: blend.rows, columns: blend.columns))
                patch[tensor.name] = blend
            }
            source.apply(patch, to: base)
        }
        var blueprint = weights.blueprint
        blueprint.layers = groups.map { layers[$0[0].layer] }
        let forward = ForwardPass(
            weights: ModelWeights(blueprint: blueprint, source: source), mode: mode)
        return try forward.finalNorm(try forward.run(batch, observer: Quiet(observer)))
    }
}
