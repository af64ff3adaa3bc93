// Back-propagation through one Llama-type layer: RMS norms, grouped-query attention with rotary
// positions, a gated MLP. Inner values are computed again from the layer's stored input.

package import Failures
import Model
import TensorMath

/// Why merge weights cannot be learned.
package enum LearnError: ClassifiedFailure, Equatable, CustomStringConvertible {

    package var failureClass: FailureClass { .user }

    case unsupported(layer: Int, what: String)
    case tooFewSequences(found: Int)
    case nothingToLearn
    case notFinite(step: Int)

    package var description: String {
        switch self {
        case .unsupported(let layer, let what):
            "merge weights cannot be learned by gradient through layer \(layer): it has \(what); "
                + "choose `weights: bayesian`, which needs no gradient, or `weights: adaptive`"
        case .tooFewSequences(let found):
            "learning merge weights needs calibration sequences of two tokens or more to learn from "
                + "and others to choose by, and there are \(found): raise `samples`"
        case .nothingToLearn:
            "the plan folds no layers, so that there is no merge weight to learn"
        case .notFinite(let step):
            "the loss of step \(step) is not a finite number: lower `learning_rate`"
        }
    }
}

/// Gradients of one layer's tensors, summed over waves: vectors as [1, n].
struct TensorGradients {
    private(set) var matrices: [String: MatrixView] = [:]

    private mutating func matrix(_ name: String, _ rows: Int, _ columns: Int) -> MatrixView {
        let found = matrices[name] ?? MatrixView(rows: rows, columns: columns)
        matrices[name] = found
        return found
    }

    mutating func vector(_ name: String, _ width: Int) -> MatrixView { matrix(name, 1, width) }

    /// For y = x W' + b: dW += dy' x, db += the sum of dy.
    mutating func add(_ projection: ProjectionBlueprint, input: MatrixView, output: MatrixView) {
        matrix(projection.tensor, projection.totalRows, projection.inputs)
            .rows(projection.rows).assignProduct(
                output, input, transposingLeft: true, accumulate: true)
        guard let bias = projection.bias else { return }
        RowGradients.sumColumns(
            output, addingTo: vector(bias, projection.totalRows).columns(projection.rows))
    }
}

/// The derivative of one layer y = layer(x), both [tokens, hidden]: from dL/dy to dL/dx and to
/// dL/dW of each tensor, in its shape.
struct BlockGradient {
    let layer: LayerBlueprint
    private let attention: AttentionBlueprint
    private let gated: GatedBlueprint

    /// What of a layer has no derivative here; nil where all has.
    static func obstacle(_ layer: LayerBlueprint) -> String? {
        guard case .attention(let attention) = layer.mixer else { return "a Mamba mixer" }
        guard case .gated = layer.feedForward else { return "experts" }
        if layer.postMixerNorm != nil || layer.postFeedForwardNorm != nil {
            return "norms behind its branches"
        }
        if attention.queryNorm != nil || attention.keyNorm != nil {
            return "norms inside its heads"
        }
        return attention.softCap == nil ? nil : "capped attention scores"
    }

    /// nil where there is an obstacle.
    init?(_ layer: LayerBlueprint) {
        guard Self.obstacle(layer) == nil, case .attention(let attention) = layer.mixer,
            case .gated(let gated) = layer.feedForward
        else { return nil }
        self.layer = layer
        self.attention = attention
        self.gated = gated
    }

    /// - Throws: `LearnError.unsupported` where there is an obstacle.
    init(_ layer: LayerBlueprint, index: Int) throws(LearnError) {
        guard let block = BlockGradient(layer) else {
            throw .unsupported(layer: index, what: Self.obstacle(layer) ?? "unknown parts")
        }
        self = block
    }

    /// Turns `gradient`, dL/d(layer's output), into dL/d(layer's input), in place.
    ///
    /// - Parameters:
    ///   - input: the layer's input, [tokens, hidden].
    ///   - tensors: takes the gradients of the layer's tensors; nil where none are wanted.
    func run(
        input: MatrixView, gradient: MatrixView, layout: WaveLayout, context: BlockContext,
        tensors: inout TensorGradients?
    ) throws {
        let normal = MatrixView(rows: input.rows, columns: input.columns)
        try context.normalise(input, layer.inputNorm, into: normal)
        let parts = try attention.inputs(normal, layout: layout, context: context)
        let heads = try attention.heads(normal, layout: layout, context: context)
        let middle = MatrixView(rows: input.rows, columns: input.columns)
        middle.assign(input)
        try context.project(heads, attention.output, into: middle, accumulate: true)
        try runFeedForward(middle, gradient, context, &tensors)

        // gradient is dL/d(middle) now.
        let headSlopes = try pull(attention.output, heads, gradient, context, &tensors)
        let slopes = attention.gradient(parts, output: headSlopes, layout: layout)
        let normalSlopes = MatrixView(rows: input.rows, columns: input.columns)
        for (projection, output) in [
            (attention.query, slopes.queries), (attention.key, slopes.keys),
            (attention.value, slopes.values),
        ] {
            try pull(projection, normal, output, context, &tensors, addingTo: normalSlopes)
        }
        try pull(layer.inputNorm, input, normalSlopes, context, &tensors, addingTo: gradient)
    }

    private func runFeedForward(
        _ middle: MatrixView, _ gradient: MatrixView, _ context: BlockContext,
        _ tensors: inout TensorGradients?
    ) throws {
        let normal = MatrixView(rows: middle.rows, columns: middle.columns)
        try context.normalise(middle, layer.feedForwardNorm, into: normal)
        let gates = MatrixView(rows: middle.rows, columns: gated.gate.rows.count)
        let ups = MatrixView(rows: middle.rows, columns: gated.up.rows.count)
        try context.project(normal, gated.gate, into: gates)
        try context.project(normal, gated.up, into: ups)
        let neurons = MatrixView(rows: gates.rows, columns: gates.columns)
        if tensors != nil {
            neurons.assign(gates)
            switch gated.activation {
            case .silu: RowKernels.siluMultiply(neurons, ups)
            case .geluTanh: RowKernels.geluMultiply(neurons, ups)
            }
        }
        let neuronSlopes = try pull(gated.down, neurons, gradient, context, &tensors)
        RowGradients.gated(gated.activation, gate: gates, up: ups, output: neuronSlopes)
        let normalSlopes = MatrixView(rows: middle.rows, columns: middle.columns)
        try pull(gated.gate, normal, gates, context, &tensors, addingTo: normalSlopes)
        try pull(gated.up, normal, ups, context, &tensors, addingTo: normalSlopes)
        try pull(
            layer.feedForwardNorm, middle, normalSlopes, context, &tensors, addingTo: gradient)
    }

    /// dL/dx of y = x W' + b, [tokens, inputs].
    private func pull(
        _ projection: ProjectionBlueprint, _ input: MatrixView, _ output: MatrixView,
        _ context: BlockContext, _ tensors: inout TensorGradients?
    ) throws -> MatrixView {
        let result = MatrixView(rows: output.rows, columns: projection.inputs)
        try pull(projection, input, output, context, &tensors, addingTo: result)
        return result
    }

    private func pull(
        _ projection: ProjectionBlueprint, _ input: MatrixView, _ output: MatrixView,
        _ context: BlockContext, _ tensors: inout TensorGradients?, addingTo result: MatrixView
    ) throws {
        result.assignProduct(
            output, try context.weights.projection(projection).floats(), accumulate: true)
        tensors?.add(projection, input: input, output: output)
    }

    private func pull(
        _ norm: NormBlueprint, _ input: MatrixView, _ output: MatrixView,
        _ context: BlockContext, _ tensors: inout TensorGradients?, addingTo result: MatrixView
    ) throws {
        RowGradients.rmsNorm(
            input, gain: try context.weights.vector(norm.tensor), norm: norm, output: output,
            addingTo: result, gainGradient: tensors?.vector(norm.tensor, norm.width))
    }
}
