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

    package func runMixer(
        _ normal: MatrixView, stream: MatrixView, layout: WaveLayout, context: BlockContext
    ) throws {
        // A norm on the branch needs the branch apart; otherwise products add to the stream.
        let branch =
            postMixerNorm == nil
            ? stream : context.scratch.matrix(rows: stream.rows, columns: stream.columns)
        let accumulate = postMixerNorm == nil
        switch mixer {
        case .attention(let attention):
            let heads = try attention.heads(normal, layout: layout, context: context)
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
