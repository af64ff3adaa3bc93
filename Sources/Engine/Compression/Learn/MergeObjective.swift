// The loss of a plan as a function of its merge weights, with its exact gradient: for a tensor
// W = sum_s w_s W_s, dL/dw_s = <dL/dW, W_s>, by back-propagation layer by layer.
//
// Layers before the first fold do not depend on the weights: their result is kept. Behind it, the
// input of every layer of a wave is stored, and its inner values are computed again on the way
// back.

package import Model
import TensorMath

/// Mean loss in nats per predicted token of the model that a plan makes, by its d merge weights
/// (the lambdas of MKA's Eq. 5, as `FoldWeights` lists them).
package final class MergeObjective {
    /// Merge weights of the plan itself, [d].
    package let start: [Double]

    private let plan: FoldPlan
    private let scope: WeightScope
    private let folds: FoldWeights
    private let model: BlendedModel
    private let head: LossHead
    private let batch: PackedSequences
    /// First folded layer of the plan.
    private let first: Int
    /// Before `first`, [tokens, hidden].
    private let prefix: MatrixView
    /// The original's last stream, [tokens, hidden], for KL.
    private let teacher: MatrixView?
    private let blocks: [BlockGradient]

    /// Tokens whose layers are stored at once.
    private static let waveTokens = 2048

    /// - Parameters:
    ///   - differentiates: whether `gradient` will be asked for, which not all blocks allow.
    ///   - batch: calibration sequences.
    /// - Throws: `LearnError`.
    package init(
        _ original: ModelWeights, plan: FoldPlan, scope: WeightScope, objective: LearnObjective,
        differentiates: Bool, batch: PackedSequences, observer: some WorkObserver
    ) throws {
        guard let first = plan.layers.firstIndex(where: { !$0.isCopy }) else {
            throw LearnError.nothingToLearn
        }
        self.plan = plan
        self.scope = scope
        self.first = first
        self.batch = batch
        folds = FoldWeights(plan, blueprint: original.blueprint, scope: scope)
        start = folds.start
        model = BlendedModel(original, plan)
        let layers = model.weights.blueprint.layers
        if differentiates {
            blocks = try layers.enumerated().map { try BlockGradient($1, index: $0) }
        } else {
            blocks = []
        }
        head = try LossHead(
            model.weights, original: objective == .kl ? original : nil, mode: .float32)
        let forward = ForwardPass(weights: model.weights, mode: .float32)
        prefix = try forward.embed(batch)
        try forward.run(layers: 0..<first, stream: prefix, batch, observer: observer)
        teacher =
            objective == .kl
            ? try ForwardPass(weights: original, mode: .float32).run(batch, observer: observer)
            : nil
    }

    package func plan(with values: [Double]) -> FoldPlan { folds.plan(plan, values, scope: scope) }

    /// The mean over the predicting tokens of some sequences, in nats.
    package func loss(
        _ values: [Double], on sequences: [Int], observer: some WorkObserver
    ) throws -> Double {
        try evaluate(values, sequences, observer: observer, gradient: nil)
    }

    /// The same with its derivative by each weight.
    package func gradient(
        _ values: [Double], on sequences: [Int], observer: some WorkObserver
    ) throws -> (loss: Double, gradient: [Double]) {
        precondition(!blocks.isEmpty, "this objective was not made to be differentiated")
        var tensors: [Int: TensorGradients] = [:]
        let loss = try evaluate(values, sequences, observer: observer) { layer, found in
            tensors[layer] = found
        }
        var result = [Double](repeating: 0, count: values.count)
        for slot in folds.slots {
            let own = Array(values[slot.range])
            var slopes = [Double](repeating: 0, count: own.count + 1)
            for tensor in slot.tensors {
                let name = model.weights.blueprint.layers[slot.layer].fullName(tensor)
                guard let slope = tensors[slot.layer]?.matrices[name] else { continue }
                for (share, matrix) in try model.shares(slot.layer, tensor).enumerated() {
                    slopes[share] += slope.dot(matrix.floats())
                }
            }
            result.replaceSubrange(slot.range, with: FoldWeights.pullback(own, slopes))
        }
        return (loss, result)
    }

    // MARK: Passes

    /// - Parameter gradient: takes the tensor gradients of each folded layer; nil: loss only.
    private func evaluate(
        _ values: [Double], _ sequences: [Int], observer: some WorkObserver,
        gradient: ((_ layer: Int, _ gradients: TensorGradients) -> Void)?
    ) throws -> Double {
        try model.set(folds, values)
        let chosen = sequences.map { batch.ranges[$0] }
        let part = PackedSequences(chosen.map { Array(batch.tokens[$0]) })
        let predicting = chosen.reduce(0) { $0 + max(0, $1.count - 1) }
        precondition(predicting > 0, "a loss of no tokens")
        let context = BlockContext(
            product: try MatrixProduct(mode: .float32), weights: model.weights)
        var found: [Int: TensorGradients] = [:]
        for slot in folds.slots { found[slot.layer] = TensorGradients() }
        var total = 0.0
        for waveSequences in part.waves(limit: Self.waveTokens) {
            let wave = try ForwardPass.Wave(waveSequences, part, model.weights.blueprint)
            let stream = MatrixView(rows: wave.tokens.count, columns: prefix.columns)
            let target = teacher.map { MatrixView(rows: stream.rows, columns: $0.columns) }
            var row = 0
            for sequence in waveSequences {
                let place = row..<row + chosen[sequence].count
                stream.rows(place).assign(prefix.rows(chosen[sequence]))
                if let target, let teacher {
                    target.rows(place).assign(teacher.rows(chosen[sequence]))
                }
                row = place.upperBound
            }
            let inputs = try run(stream, wave, context, keeping: gradient != nil, observer)
            let rows = wave.layout.sequences.flatMap { $0.dropLast() }
            let slopes =
                gradient == nil ? nil : MatrixView(rows: stream.rows, columns: stream.columns)
            total += try head.evaluate(
                stream, teacher: target, rows: rows,
                targets: rows.map { part.tokens[wave.tokens.lowerBound + $0 + 1] },
                gradient: slopes)
            guard let slopes else { continue }
            RowKernels.scale(slopes, by: 1 / Float(predicting))
            for (layer, input) in inputs.enumerated().reversed() {
                try observer.checkpoint()
                var tensors = found[first + layer]
                let (_, trace) = try blocks[first + layer].run(
                    input, layout: wave.layout, context: context)
                try blocks[first + layer].pull(
                    slopes, through: trace, layout: wave.layout, context: context,
                    tensors: &tensors)
                found[first + layer] = tensors
            }
        }
        if let gradient { for (layer, tensors) in found { gradient(layer, tensors) } }
        return total / Double(predicting)
    }

    /// Carries a wave from the first fold to the end; returns the inputs of its layers if asked.
    private func run(
        _ stream: MatrixView, _ wave: ForwardPass.Wave, _ context: BlockContext, keeping: Bool,
        _ observer: some WorkObserver
    ) throws -> [MatrixView] {
        var inputs: [MatrixView] = []
        for layer in model.weights.blueprint.layers[first...] {
            try observer.checkpoint()
            if keeping {
                let copy = MatrixView(rows: stream.rows, columns: stream.columns)
                copy.assign(stream)
                inputs.append(copy)
            }
            try layer.run(stream, layout: wave.layout, context: context)
        }
        return inputs
    }

    /// Bytes held at most beside the mapped weights.
    package static func peakByteCount(
        _ blueprint: ModelBlueprint, plan: FoldPlan, tokens: PackedSequences,
        objective: LearnObjective
    ) -> Int {
        let width = blueprint.hiddenWidth
        let wave = min(tokens.tokens.count, max(waveTokens, tokens.longest))
        let streams = (objective == .kl ? 2 : 1) * 4 * tokens.tokens.count * width
        let inner =
            blueprint.layers.map { layer in
                layer.perceptrons.map(\.down.inputs).max() ?? 0
            }.max() ?? 0
        let layer =
            blueprint.layers.map { layer in
                layer.tensors.reduce(0) { $0 + $1.shape.reduce(1, *) }
            }.max() ?? 0
        let folded = plan.layers.filter { !$0.isCopy }.count
        let scores = 2 * tokens.longest * tokens.longest * Parallel.threadCount
        return streams + 4 * wave * (width * (plan.layers.count + 8) + 4 * inner)
            + 4 * (2 * folded + 2) * layer + 4 * scores + 3 * (64 << 20)
            + 4 * blueprint.vocabularySize * width
    }
}
