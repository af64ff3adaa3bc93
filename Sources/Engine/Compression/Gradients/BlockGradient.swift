// Back-propagation through one layer of attention and an MLP or experts, whatever its norms are and
// wherever they stand. Inner values are computed again from the layer's stored input.

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

/// The derivative of one layer y = layer(x), both [tokens, hidden]: from dL/dy to dL/dx and to
/// dL/dW of each tensor, in its shape.
struct BlockGradient {
    let layer: LayerBlueprint
    /// nil where the layer has no mixer.
    private let attention: AttentionBlueprint?

    /// What of a layer has no derivative here; nil where all has.
    static func obstacle(_ layer: LayerBlueprint) -> String? {
        switch layer.mixer {
        case .attention, .absent: nil
        case .latent, .mamba, .mamba2, .shortConvolution, .deltaNet:
            "a mixer that is \(layer.mixer.words)"
        }
    }

    /// nil where there is an obstacle.
    init?(_ layer: LayerBlueprint) {
        guard Self.obstacle(layer) == nil else { return nil }
        self.layer = layer
        attention = if case .attention(let attention) = layer.mixer { attention } else { nil }
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
        fileprivate let mixer: Mixer?
        fileprivate let middle: MatrixView
        fileprivate let feedForward: FeedForward
        /// What the norm behind the MLP got; nil where there is none.
        fileprivate let fed: MatrixView?

        fileprivate struct Mixer {
            let normal: ProductFactor
            let parts: AttentionBlueprint.Inputs
            let heads: AttentionBlueprint.Heads
            /// What the norm behind attention got; nil where there is none.
            let mixed: MatrixView?
        }

        fileprivate enum FeedForward {
            case mlp(MLPBlueprint, MLPBlueprint.Trace)
            case experts(ExpertsBlueprint, ExpertsBlueprint.Trace)
            case absent
        }

        /// Where the layer has experts: what went to which.
        var routes: ExpertsBlueprint.Routes? {
            if case .experts(_, let trace) = feedForward { trace.routes } else { nil }
        }
    }

    /// The layer's output, and what `pull` needs.
    ///
    /// - Parameter input: the layer's input, [tokens, hidden]; stays as it is.
    func run(
        _ input: MatrixView, layout: WaveLayout, context: BlockContext
    ) throws -> (output: MatrixView, trace: Trace) {
        let normal = try context.normalised(input, layer.inputNorm)
        let middle = context.scratch.copy(input)
        let mixer = try attention.map {
            try runMixer($0, normal, to: middle, layout: layout, context: context)
        }
        let second =
            layer.isParallel
            ? (layer.feedForwardNorm == nil
                ? normal : try context.normalised(input, layer.feedForwardNorm))
            : try context.normalised(middle, layer.feedForwardNorm)
        let output = context.scratch.copy(middle)
        let (feedForward, fed) = try runFeedForward(second, to: output, context)
        return (
            output,
            Trace(
                input: input, mixer: mixer, middle: middle, feedForward: feedForward, fed: fed)
        )
    }

    private func runMixer(
        _ attention: AttentionBlueprint, _ normal: MatrixView, to middle: MatrixView,
        layout: WaveLayout, context: BlockContext
    ) throws -> Trace.Mixer {
        let parts = try attention.inputs(normal, layout: layout, context: context)
        let heads = try attention.heads(parts, normal, layout: layout, context: context)
        let mixed = try add(
            heads.output, attention.output, behind: layer.postMixerNorm, to: middle, context)
        return Trace.Mixer(
            normal: context.product.factor(normal), parts: parts, heads: heads, mixed: mixed)
    }

    /// - Parameter x: what the feed-forward part reads.
    private func runFeedForward(
        _ x: MatrixView, to output: MatrixView, _ context: BlockContext
    ) throws -> (Trace.FeedForward, fed: MatrixView?) {
        switch layer.feedForward {
        case .mlp(let mlp):
            let trace = try mlp.trace(x, context: context)
            let fed = try add(
                trace.neurons, mlp.down, behind: layer.postFeedForwardNorm, to: output, context)
            return (.mlp(mlp, trace), fed)
        case .experts(let experts):
            guard layer.postFeedForwardNorm != nil || layer.residualScale != 1 else {
                return (
                    .experts(
                        experts, try experts.trace(x, addingTo: output, context: context)), nil
                )
            }
            let branch = context.scratch.zeros(rows: x.rows, columns: x.columns)
            let trace = try experts.trace(x, addingTo: branch, context: context)
            let fed = try add(branch, behind: layer.postFeedForwardNorm, to: output, context)
            return (.experts(experts, trace), fed)
        case .absent: return (.absent, nil)
        }
    }

    /// stream += r norm(x W' + b).
    ///
    /// - Returns: what the norm got, or nil where there is none.
    private func add(
        _ x: MatrixView, _ projection: ProjectionBlueprint, behind norm: NormBlueprint?,
        to stream: MatrixView, _ context: BlockContext
    ) throws -> MatrixView? {
        guard norm != nil || layer.residualScale != 1 else {
            try context.project(x, projection, into: stream, accumulate: true)
            return nil
        }
        let branch = context.scratch.matrix(rows: stream.rows, columns: stream.columns)
        try context.project(x, projection, into: branch)
        return try add(branch, behind: norm, to: stream, context)
    }

    /// stream += r norm(branch).
    private func add(
        _ branch: MatrixView, behind norm: NormBlueprint?, to stream: MatrixView,
        _ context: BlockContext
    ) throws -> MatrixView? {
        let normal = norm == nil ? branch : try context.normalised(branch, norm)
        if layer.residualScale != 1 { RowKernels.scale(normal, by: layer.residualScale) }
        RowKernels.add(stream, normal)
        return norm.map { _ in branch }
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
        let slopes = context.scratch.zeros(rows: gradient.rows, columns: gradient.columns)
        let fed = try branch(gradient, layer.postFeedForwardNorm, trace.fed, context, &tensors)
        switch trace.feedForward {
        case .mlp(let mlp, let inner):
            try mlp.pull(
                fed, through: inner, context: context, tensors: &tensors, addingTo: slopes)
        case .experts(let experts, let inner):
            try experts.pull(
                fed, through: inner, context: context, tensors: &tensors, addingTo: slopes)
        case .absent: break
        }
        if layer.isParallel {
            // Attention's slopes are of the layer's output as well.
            let both =
                layer.feedForwardNorm == nil
                ? slopes : context.scratch.zeros(rows: slopes.rows, columns: slopes.columns)
            try pullMixer(
                gradient, through: trace.mixer, layout: layout, context: context,
                tensors: &tensors, addingTo: both)
            try context.pull(layer.inputNorm, trace.input, both, &tensors, addingTo: gradient)
            guard let norm = layer.feedForwardNorm else { return }
            return try context.pull(norm, trace.input, slopes, &tensors, addingTo: gradient)
        }
        if case .absent = layer.feedForward {
        } else {
            try context.pull(
                layer.feedForwardNorm, trace.middle, slopes, &tensors, addingTo: gradient)
        }
        // gradient is dL/d(middle) now.
        guard let mixer = trace.mixer else { return }
        slopes.fill(0)
        try pullMixer(
            gradient, through: mixer, layout: layout, context: context, tensors: &tensors,
            addingTo: slopes)
        try context.pull(layer.inputNorm, trace.input, slopes, &tensors, addingTo: gradient)
    }

    /// From the slopes of the stream behind attention to those of what attention reads.
    private func pullMixer(
        _ gradient: MatrixView, through trace: Trace.Mixer?, layout: WaveLayout,
        context: BlockContext, tensors: inout TensorGradients?, addingTo result: MatrixView
    ) throws {
        guard let attention, let trace else { return }
        let product = context.product
        let headSlopes = context.scratch.zeros(
            rows: gradient.rows, columns: attention.output.inputs)
        try context.pull(
            attention.output, { product.factor(trace.heads.output) },
            branch(gradient, layer.postMixerNorm, trace.mixed, context, &tensors), &tensors,
            addingTo: headSlopes)
        if let gate = attention.outputGate,
            let slopes = trace.heads.pullGate(headSlopes, context)
        {
            try context.pull(gate, { trace.normal }, slopes, &tensors, addingTo: result)
        }
        let slopes = try attention.gradient(
            trace.parts, output: headSlopes, layout: layout, context: context, tensors: &tensors)
        for (projection, output) in [
            (attention.query, slopes.queries), (attention.key, slopes.keys),
            (attention.value, slopes.values),
        ] {
            try context.pull(projection, { trace.normal }, output, &tensors, addingTo: result)
        }
    }

    /// The slopes of a branch from those of the stream that r norm(branch) was added to.
    ///
    /// - Parameter inner: what the norm got.
    private func branch(
        _ gradient: MatrixView, _ norm: NormBlueprint?, _ inner: MatrixView?,
        _ context: BlockContext, _ tensors: inout TensorGradients?
    ) throws -> MatrixView {
        guard norm != nil || layer.residualScale != 1 else { return gradient }
        let scaled = context.scratch.copy(gradient)
        if layer.residualScale != 1 { RowKernels.scale(scaled, by: layer.residualScale) }
        guard let norm, let inner else { return scaled }
        let result = context.scratch.zeros(rows: gradient.rows, columns: gradient.columns)
        try context.pull(norm, inner, scaled, &tensors, addingTo: result)
        return result
    }
}
