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

    mutating func matrix(_ name: String, _ rows: Int, _ columns: Int) -> MatrixView {
        let found = matrices[name] ?? MatrixView(rows: rows, columns: columns)
        matrices[name] = found
        return found
    }

    mutating func vector(_ name: String, _ width: Int) -> MatrixView { matrix(name, 1, width) }

    /// For y = x W' + b: dW += dy' x, db += the sum of dy.
    mutating func add(
        _ projection: ProjectionBlueprint, input: ProductFactor, output: MatrixView,
        factor: ProductFactor, _ product: MatrixProduct
    ) throws {
        try product.multiply(
            factor, input, transposingLeft: true,
            into: matrix(projection.tensor, projection.totalRows, projection.inputs)
                .rows(projection.rows), accumulate: true)
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

    /// What a layer computes on its way forwards, as far as the way back reads it; all [tokens, _].
    struct Trace {
        fileprivate let input: MatrixView
        fileprivate let normal: ProductFactor
        fileprivate let parts: AttentionBlueprint.Inputs
        fileprivate let heads: MatrixView
        fileprivate let middle: MatrixView
        fileprivate let feedForwardNormal: ProductFactor
        fileprivate let gates: MatrixView
        fileprivate let ups: MatrixView
        fileprivate let neurons: MatrixView
    }

    /// The layer's output, and what `pull` needs.
    ///
    /// - Parameter input: the layer's input, [tokens, hidden]; stays as it is.
    func run(
        _ input: MatrixView, layout: WaveLayout, context: BlockContext
    ) throws -> (output: MatrixView, trace: Trace) {
        let scratch = context.scratch
        let normal = scratch.matrix(rows: input.rows, columns: input.columns)
        try context.normalise(input, layer.inputNorm, into: normal)
        let parts = try attention.inputs(normal, layout: layout, context: context)
        let heads = attention.heads(parts, layout: layout, context: context)
        let middle = scratch.copy(input)
        try context.project(heads, attention.output, into: middle, accumulate: true)
        let second = scratch.matrix(rows: input.rows, columns: input.columns)
        try context.normalise(middle, layer.feedForwardNorm, into: second)
        let gates = scratch.matrix(rows: input.rows, columns: gated.gate.rows.count)
        let ups = scratch.matrix(rows: input.rows, columns: gated.up.rows.count)
        try context.project(second, gated.gate, into: gates)
        try context.project(second, gated.up, into: ups)
        let neurons = scratch.copy(gates)
        switch gated.activation {
        case .silu: RowKernels.siluMultiply(neurons, ups)
        case .geluTanh: RowKernels.geluMultiply(neurons, ups)
        }
        let output = scratch.copy(middle)
        try context.project(neurons, gated.down, into: output, accumulate: true)
        let product = context.product
        return (
            output,
            Trace(
                input: input, normal: product.factor(normal), parts: parts, heads: heads,
                middle: middle, feedForwardNormal: product.factor(second), gates: gates, ups: ups,
                neurons: neurons)
        )
    }

    /// Turns `gradient`, dL/d(layer's output), into dL/d(layer's input), in place.
    ///
    /// - Parameters:
    ///   - trace: of `run`; used up.
    ///   - tensors: takes the gradients of the layer's tensors; nil where none are wanted.
    func pull(
        _ gradient: MatrixView, through trace: consuming Trace, layout: WaveLayout,
        context: BlockContext, tensors: inout TensorGradients?
    ) throws {
        let product = context.product
        let neuronSlopes = context.scratch.zeros(rows: gradient.rows, columns: gated.down.inputs)
        try pull(
            gated.down, { product.factor(trace.neurons) }, gradient, context, &tensors,
            addingTo: neuronSlopes)
        let (gates, ups) = (trace.gates, trace.ups)
        switch gated.activation {
        case .silu: RowGradients.siluMultiply(gate: gates, up: ups, output: neuronSlopes)
        case .geluTanh: RowGradients.geluMultiply(gate: gates, up: ups, output: neuronSlopes)
        }
        let normalSlopes = context.scratch.zeros(rows: gradient.rows, columns: gradient.columns)
        for (projection, output) in [(gated.gate, gates), (gated.up, ups)] {
            try pull(
                projection, { trace.feedForwardNormal }, output, context, &tensors,
                addingTo: normalSlopes)
        }
        try pull(
            layer.feedForwardNorm, trace.middle, normalSlopes, context, &tensors,
            addingTo: gradient)

        // gradient is dL/d(middle) now.
        let headSlopes = context.scratch.zeros(
            rows: gradient.rows, columns: attention.output.inputs)
        try pull(
            attention.output, { product.factor(trace.heads) }, gradient, context, &tensors,
            addingTo: headSlopes)
        let slopes = attention.gradient(
            trace.parts, output: headSlopes, layout: layout, context: context)
        normalSlopes.fill(0)
        for (projection, output) in [
            (attention.query, slopes.queries), (attention.key, slopes.keys),
            (attention.value, slopes.values),
        ] {
            try pull(
                projection, { trace.normal }, output, context, &tensors, addingTo: normalSlopes)
        }
        try pull(layer.inputNorm, trace.input, normalSlopes, context, &tensors, addingTo: gradient)
    }

    /// dL/dx of y = x W' + b is added to `result`, [tokens, inputs].
    ///
    /// - Parameter input: x; asked for where its product is wanted.
    private func pull(
        _ projection: ProjectionBlueprint, _ input: () -> ProductFactor, _ output: MatrixView,
        _ context: BlockContext, _ tensors: inout TensorGradients?, addingTo result: MatrixView
    ) throws {
        let factor = context.product.factor(output)
        let weight = context.product.factor(try context.weights.projection(projection))
        try context.product.multiply(factor, weight, into: result, accumulate: true)
        try tensors?.add(
            projection, input: input(), output: output, factor: factor, context.product)
    }

    private func pull(
        _ norm: NormBlueprint, _ input: MatrixView, _ output: MatrixView,
        _ context: BlockContext, _ tensors: inout TensorGradients?, addingTo result: MatrixView
    ) throws {
        RowGradients.rmsNorm(
            input, gain: try context.weights.vector(norm.tensor), gainOffset: norm.gainOffset,
            epsilon: norm.epsilon, output: output, addingTo: result,
            gainGradient: tensors?.vector(norm.tensor, norm.width))
    }
}
