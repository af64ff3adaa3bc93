// Chooses between ways to fold a stretch, by calibration sequences that no fit has seen: the mean
// KL(original || folded so far, with all layers behind as they are), as the last thing that
// matters.

import Evaluation
import Model
import TensorMath

/// Holds the stream of sequences held back, [tokens, hidden], in the model folded so far.
final class FoldJudge {
    private let weights: ModelWeights
    private let mode: ComputeMode
    private let batch: PackedSequences
    private let space: StreamSpace
    private let waves: [ForwardPass.Wave]
    /// Of the folded model before the next layer.
    private(set) var stream: MatrixView
    /// Of the original behind its last layer.
    private let wanted: MatrixView

    init(
        _ weights: ModelWeights, mode: ComputeMode, batch: PackedSequences,
        space: StreamSpace = .memory
    ) throws {
        let forward = ForwardPass(weights: weights, mode: mode, space: space)
        self.weights = weights
        self.mode = mode
        self.batch = batch
        self.space = space
        waves = try batch.waves(limit: forward.waveTokens).map {
            try ForwardPass.Wave($0, batch, weights.blueprint)
        }
        stream = try forward.embed(batch)
        wanted = try forward.run(batch, observer: SilentObserver())
    }

    /// The stream behind one more layer, read from `source`.
    func advanced(
        through layer: LayerBlueprint, _ source: any WeightSource, observer: some WorkObserver
    ) throws -> MatrixView {
        let next = try space.copy(stream)
        try run([layer], source, next, observer)
        return next
    }

    func accept(_ next: MatrixView) { stream = next }

    /// Mean divergence, in nats a token, if `layers` of the original follow; the greatest cost of a
    /// stretch where it is no number.
    func divergence(
        of stream: MatrixView, followedBy layers: [LayerBlueprint], observer: some WorkObserver
    ) throws -> Double {
        let end = try space.copy(stream)
        try run(layers, weights.source, end, observer)
        let head = try OutputHead(ForwardPass(weights: weights, mode: mode))
        let found = try Divergence.compare(
            (head, head), (wanted, end), observer: Quiet(observer))
        return StretchSelection.cost(
            found.reduce(0) { $0 + $1.divergence } / Double(max(1, found.count)))
    }

    /// Mean divergence of a model of these layers, with `tensors` in place of their own.
    func divergence(
        of layers: [LayerBlueprint], _ tensors: any ComputedTensors, observer: some WorkObserver
    ) throws -> Double {
        let source = PatchedWeights(weights.source)
        source.apply(tensors, to: layers)
        let end = try ForwardPass(weights: weights, mode: mode, space: space).embed(batch)
        try run(layers, source, end, observer)
        return try divergence(of: end, followedBy: [], observer: observer)
    }

    private func run(
        _ layers: [LayerBlueprint], _ source: any WeightSource, _ stream: MatrixView,
        _ observer: some WorkObserver
    ) throws {
        var blueprint = weights.blueprint
        blueprint.layers = layers
        try ForwardPass(
            weights: ModelWeights(blueprint: blueprint, source: source), mode: mode
        ).run(
            layers: layers.indices, stream: stream, waves: waves, observer: Quiet(observer))
    }
}
