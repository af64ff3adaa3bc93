// Chooses between ways to fold a stretch, by calibration sequences that no fit has seen: the mean
// KL(original || folded so far, with all layers behind as they are), as the last thing that
// matters.

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

    /// Tokens whose logits are compared, spread evenly: neighbours say much the same, and a head is
    /// as dear as many layers.
    static let rowsMax = 2048

    /// Of comparing the logits of both models.
    static func headOperations(_ blueprint: ModelBlueprint, _ held: TokenLoad) -> Double {
        2 * blueprint.headOperations(min(held.tokens, Double(rowsMax)))
    }

    static func rows(of tokens: Int) -> [Int] {
        let count = min(tokens, rowsMax)
        return (0..<count).map { $0 * tokens / count }
    }

    /// Mean divergence, in nats a token, if `layers` of the original follow; the greatest cost of a
    /// stretch where it is no number.
    func divergence(
        of stream: MatrixView, followedBy layers: [LayerBlueprint], observer: some WorkObserver
    ) throws -> Double {
        let end = try space.copy(stream)
        try run(layers, weights.source, end, observer)
        let head = try LossHead(weights, original: weights, mode: mode)
        let rows = Self.rows(of: end.rows)
        let sum = try head.evaluate(
            end, teacher: wanted, rows: rows, targets: [], gradient: nil)
        return StretchSelection.cost(sum / Double(max(1, rows.count)))
    }

    /// Mean divergence of a model of these layers, with `tensors` in place of their own.
    func divergence(
        of layers: [LayerBlueprint], _ tensors: any ComputedTensors, observer: some WorkObserver
    ) throws -> Double {
        let source = PatchedWeights(weights.source)
        source.apply(tensors, to: layers)
        return try divergence(of: layers, source, observer: observer)
    }

    /// Mean divergence of a model of these layers, read from `source`.
    func divergence(
        of layers: [LayerBlueprint], _ source: any WeightSource, observer: some WorkObserver
    ) throws -> Double {
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
