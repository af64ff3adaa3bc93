// One decoder layer over one wave: the residual stream is updated in place.

package import TensorMath

extension LayerBlueprint {
    /// x = x + mixer part, then x = x + feed-forward part.
    ///
    /// - Parameter x: residual stream of the wave, [tokens, hidden].
    package func run(_ x: MatrixView, layout: WaveLayout, context: BlockContext) throws {
        let normal = context.scratch.matrix(rows: x.rows, columns: x.columns)
        try context.normalise(x, inputNorm, into: normal)
        try runMixer(normal, stream: x, layout: layout, context: context)
        try context.normalise(x, feedForwardNorm, into: normal)
        try runFeedForward(normal, stream: x, context: context)
    }

    /// The layer's output at some tokens alone: keys and values are made of all of them, the rest
    /// of these. `x` stays as it is, unless the mixer needs every token (Mamba).
    ///
    /// - Parameters:
    ///   - asked: tokens of the wave, ascending.
    ///   - x: residual stream of the wave, [tokens, hidden].
    /// - Returns: [asked.count, hidden].
    package func run(
        at asked: [Int], of x: MatrixView, layout: WaveLayout, context: BlockContext
    ) throws -> MatrixView {
        guard case .attention = mixer else {
            try run(x, layout: layout, context: context)
            return context.gather(asked, of: x)
        }
        let normal = context.scratch.matrix(rows: x.rows, columns: x.columns)
        try context.normalise(x, inputNorm, into: normal)
        let stream = context.gather(asked, of: x)
        try runMixer(normal, stream: stream, asked: asked, layout: layout, context: context)
        guard !asked.isEmpty else { return stream }
        let asking = context.scratch.matrix(rows: asked.count, columns: x.columns)
        try context.normalise(stream, feedForwardNorm, into: asking)
        try runFeedForward(asking, stream: stream, context: context)
        return stream
    }

    /// - Parameter asked: tokens that the rows of `stream` are; nil: all. Attention only.
    package func runMixer(
        _ normal: MatrixView, stream: MatrixView, asked: [Int]? = nil, layout: WaveLayout,
        context: BlockContext
    ) throws {
        // A norm on the branch needs the branch apart; otherwise products add to the stream.
        let branch =
            postMixerNorm == nil
            ? stream : context.scratch.matrix(rows: stream.rows, columns: stream.columns)
        let accumulate = postMixerNorm == nil
        switch mixer {
        case .attention(let attention):
            let heads = try attention.heads(
                normal, asked: asked, layout: layout, context: context)
            guard heads.rows > 0 else { return }
            try context.project(heads, attention.output, into: branch, accumulate: accumulate)
        case .mamba(let mamba):
            try mamba.run(
                normal, into: branch, accumulate: accumulate, layout: layout, context: context)
        }
        if let postMixerNorm {
            try context.normalise(branch, postMixerNorm, into: branch)
            RowKernels.add(stream, branch)
        }
    }

    package func runFeedForward(
        _ normal: MatrixView, stream: MatrixView, context: BlockContext
    ) throws {
        let branch =
            postFeedForwardNorm == nil
            ? stream : context.scratch.matrix(rows: stream.rows, columns: stream.columns)
        switch feedForward {
        case .gated(let gated):
            try gated.run(
                normal, into: branch, accumulate: postFeedForwardNorm == nil, context: context)
        case .experts(let experts):
            if postFeedForwardNorm != nil { branch.fill(0) }
            try experts.run(normal, addingTo: branch, context: context)
        }
        if let postFeedForwardNorm {
            try context.normalise(branch, postFeedForwardNorm, into: branch)
            RowKernels.add(stream, branch)
        }
    }
}
