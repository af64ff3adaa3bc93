// The last step of a layer that merges others: all its tensors together move down the gradient of
// |layer(x) - target|^2, wave by wave. The least squares before it are each the best of one matrix;
// queries, keys, gates and all others at once have no closed form.
//
// Adam (Kingma and Ba 2015, arXiv 1412.6980); a step is a share of a tensor's own root mean square,
// so that models of any width take the same rate.

import Foundation
import TensorMath

struct LayerTuning {
    private let layer: LayerBlueprint
    private let block: BlockGradient
    private let steps: Int
    private let rate: Double

    /// nil where there is nothing to do, or the layer has no derivative here (norms inside the
    /// heads, capped scores).
    init?(_ layer: LayerBlueprint, settings: FoldSettings) {
        guard settings.tuningSteps > 0, let block = try? BlockGradient(layer, index: 0) else {
            return nil
        }
        self.layer = layer
        self.block = block
        steps = settings.tuningSteps
        rate = settings.tuningRate
    }

    /// The layer's tensors after all steps.
    ///
    /// - Parameter task: the stream that the layer gets, what it shall give, and its weights.
    func tuned(_ task: FoldTask) throws -> WeightPatch {
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
            try task.tell("tuning, step \(step + 1) of \(steps)")
            if order.isEmpty { order = task.waves.indices.shuffled(using: &generator) }
            let gradients = try gradients(task, task.waves[order.removeLast()], context)
            let size = rate * (1 + cos(.pi * Double(step) / Double(steps))) / 2
            // Both moments start at zero.
            let correction =
                (1 - pow(0.99, Double(step + 1))).squareRoot()
                / (1 - pow(0.9, Double(step + 1)))
            for index in tensors.indices {
                guard let gradient = gradients[tensors[index].name] else { continue }
                tensors[index].step(gradient, size * correction)
                source.set(tensors[index].name, tensors[index].values)
            }
        }
        var patch = WeightPatch()
        for tensor in tensors { patch[tensor.name] = tensor.values }
        return patch
    }

    private func gradients(
        _ task: FoldTask, _ wave: ForwardPass.Wave, _ context: BlockContext
    ) throws -> [String: MatrixView] {
        let input = task.stream.rows(wave.tokens)
        let error = input.copy()
        try layer.run(error, layout: wave.layout, context: context)
        error.subtract(task.target.rows(wave.tokens))
        RowKernels.scale(error, by: 1 / Float(max(1, error.rows)))
        var found: TensorGradients? = TensorGradients()
        try block.run(
            input: input, gradient: error, layout: wave.layout, context: context, tensors: &found)
        return found?.matrices ?? [:]
    }

    /// Floats held beside the streams: values, as products read them, gradients and two moments of
    /// all tensors, and what back-propagation holds of a wave.
    static func floatCount(_ layer: LayerBlueprint, wave: Int, longest: Int) -> Int {
        let weights = layer.tensors.reduce(0) { $0 + $1.shape.reduce(1, *) }
        guard let (attention, gated) = try? layer.foldable(0) else { return 0 }
        let widths =
            5 * layer.inputNorm.width + 4 * gated.down.inputs + 6 * attention.output.inputs
        return 5 * weights + wave * widths + 2 * longest * longest * Parallel.threadCount
    }
}

/// A tensor on its way, with the moments of its gradient.
private struct TunedTensor {
    let name: String
    let values: MatrixView
    private let mean: MatrixView
    private let square: MatrixView
    /// Root mean square of the start.
    private let scale: Double

    init(_ name: String, _ start: MatrixView) {
        self.name = name
        values = start
        mean = MatrixView(rows: start.rows, columns: start.columns)
        square = MatrixView(rows: start.rows, columns: start.columns)
        var sum = 0.0
        for row in 0..<start.rows {
            sum += start.row(row).reduce(0.0) { $0 + Double($1) * Double($1) }
        }
        scale = (sum / Double(max(1, start.rows * start.columns))).squareRoot()
    }

    func step(_ gradient: MatrixView, _ size: Double) {
        let length = Float(size * scale)
        Parallel.forEachRun(of: values.rows, grain: max(1, 16_384 / max(1, values.columns))) {
            rows in
            for row in rows {
                for column in 0..<values.columns {
                    let slope = gradient[row, column]
                    let first = 0.9 * mean[row, column] + 0.1 * slope
                    let second = 0.99 * square[row, column] + 0.01 * slope * slope
                    mean[row, column] = first
                    square[row, column] = second
                    // A weight that nothing reads has no slope, and stays.
                    values[row, column] -= length * first / (second.squareRoot() + 1e-20)
                }
            }
        }
    }
}
