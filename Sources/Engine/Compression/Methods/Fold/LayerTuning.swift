// The last step of a layer that merges others, and of the one behind it: all its tensors together
// move down the gradient of |layer(x) - target|^2 / |target|^2, wave by wave. The least squares
// before it are each the best of one matrix; queries, keys, gates and all others at once have no
// closed form.
// Behind the last layer of a model there is nothing but its head, so that it goes down
// KL(original || model) itself.

import Foundation
import Model
import TensorMath

/// Adam on all tensors of one layer; loss and gradients as the lines above define them.
struct LayerTuning {
    private let layer: LayerBlueprint
    private let block: BlockGradient
    /// nil: towards the target as it is.
    private let head: LossHead?
    private let steps: Int
    private let rate: Double

    /// nil where there is nothing to do, or an obstacle.
    /// - Parameter head: of the whole model; for its last layer.
    init?(_ layer: LayerBlueprint, head: LossHead?, settings: FoldSettings) {
        guard settings.tuningSteps > 0, let block = BlockGradient(layer) else {
            return nil
        }
        self.layer = layer
        self.block = block
        self.head = head
        steps = settings.tuningSteps
        // The head turns a small error of the stream into a large one: the same share overshoots.
        rate = settings.tuningRate / (head == nil ? 1 : 4)
    }

    /// The layer's tensors after all steps.
    ///
    /// - Parameters:
    ///   - task: the stream that the layer gets, what it shall give, and its weights.
    ///   - operations: of a step.
    func tuned(_ task: FoldTask, operations: Double) throws -> LayerPatch {
        var tensors: [TunedTensor] = []
        let source = FloatWeights(task.context.weights.source)
        for name in layer.tensors.map(\.name) {
            let tensor = TunedTensor(name, try task.context.weights.source.weight(name).floats())
            source.set(name, tensor.values)
            tensors.append(tensor)
        }
        let context = BlockContext(
            product: task.context.product,
            weights: ModelWeights(blueprint: task.context.weights.blueprint, source: source))
        // Waves in a new order every time all have been seen.
        var generator = SeededGenerator(seed: 1)
        var order: [Int] = []
        for step in 0..<steps {
            if order.isEmpty { order = task.waves.indices.shuffled(using: &generator) }
            let gradients = try gradients(task, task.waves[order.removeLast()], context)
            let size = rate * (1 + cos(.pi * Double(step) / Double(steps))) / 2
            for tensor in tensors {
                guard let gradient = gradients[tensor.name] else { continue }
                tensor.step(gradient, rate: size, number: step + 1)
                source.set(tensor.name, tensor.values)
            }
            try task.tell("tuning, step \(step + 1) of \(steps)", operations)
        }
        var patch = LayerPatch()
        for tensor in tensors { patch[layer.localName(tensor.name)] = tensor.values }
        return patch
    }

    private func gradients(
        _ task: FoldTask, _ wave: ForwardPass.Wave, _ context: BlockContext
    ) throws -> [String: MatrixView] {
        let input = task.stream.rows(wave.tokens)
        let (output, trace) = try block.run(input, layout: wave.layout, context: context)
        let wanted = task.target.rows(wave.tokens)
        let error: MatrixView
        if let head {
            error = MatrixView(rows: output.rows, columns: output.columns)
            _ = try head.evaluate(
                output, teacher: wanted, rows: Array(0..<output.rows), targets: [],
                gradient: error)
        } else {
            error = output
            error.subtract(wanted)
            // As shares of a token's length: layers behind read streams that are normalised, and a
            // few tokens are far longer than all others.
            RowKernels.divide(error, byMeanSquaresOf: wanted)
        }
        RowKernels.scale(error, by: 1 / Float(max(1, error.rows)))
        var found: TensorGradients? = TensorGradients()
        try block.pull(
            error, through: trace, layout: wave.layout, context: context, tensors: &found)
        return found?.matrices ?? [:]
    }

    /// Floats that the head holds while the last layer goes down its divergence: its matrix, and
    /// logits of both models and their slopes for a chunk of tokens.
    static func headFloatCount(_ blueprint: ModelBlueprint, wave: Int) -> Int {
        let (vocabulary, width) = (blueprint.vocabularySize, blueprint.hiddenWidth)
        // Through a cap, the logits as they were as well.
        let chunks = blueprint.finalSoftCap == nil ? 3 : 4
        return vocabulary * width + chunks * min(OutputHead.chunkFloats, vocabulary * wave)
    }

    /// Floats held beside the streams: values, as products read them, gradients and two moments of
    /// all tensors, and what back-propagation holds of a wave.
    static func floatCount(_ layer: LayerBlueprint, wave: Int, longest: Int) -> Int {
        guard BlockGradient.obstacle(layer) == nil else { return 0 }
        let weights = layer.tensors.reduce(0) { $0 + $1.shape.reduce(1, *) }
        let width = layer.hiddenWidth
        var widths = 8 * width + feedForwardFloats(layer)
        var scores = 0
        if case .attention(let attention) = layer.mixer {
            let heads = attention.output.inputs
            widths += 10 * heads
            // Heads before their norms, and slopes there; before they were rotated; before a gate.
            if attention.queryNorm != nil || attention.keyNorm != nil { widths += 4 * heads }
            if attention.clip != nil { widths += 2 * heads }
            if attention.outputGate != nil { widths += 3 * heads }
            scores = attention.softCap == nil ? 2 : 3
        }
        // A branch as its norm got it, its norm, and both slopes.
        for norm in [layer.postMixerNorm, layer.postFeedForwardNorm] where norm != nil {
            widths += 4 * width
        }
        if layer.residualScale != 1 { widths += 2 * width }
        if layer.isParallel || layer.inputNorm?.isCentred == true { widths += width }
        return 5 * weights + wave * widths + scores * longest * longest * Parallel.threadCount
    }

    /// Floats of a token in the feed-forward part: neurons three times, their slopes; of experts
    /// as often as a token has them, with what each gets and gives, and scores.
    private static func feedForwardFloats(_ layer: LayerBlueprint) -> Int {
        switch layer.feedForward {
        case .mlp(let mlp): return 7 * mlp.neuronCount
        case .experts(let experts):
            let inner = experts.experts.map(\.neuronCount).max() ?? 0
            return experts.expertsPerToken * (7 * inner + 6 * layer.hiddenWidth)
                + 3 * experts.experts.count + 7 * (experts.shared?.neuronCount ?? 0)
                + 3 * layer.hiddenWidth
        case .absent: return 0
        }
    }
}

extension LayerBlueprint {
    /// Of the stream.
    var hiddenWidth: Int {
        if case .attention(let attention) = mixer { return attention.query.inputs }
        return perceptrons.first?.up.inputs ?? 0
    }
}
