// One decoder layer over one wave: the residual stream is updated in place.

package import TensorMath

extension LayerBlueprint {
    /// x = x + mixer part, then x = x + feed-forward part.
    ///
    /// - Parameter x: residual stream of the wave, [tokens, hidden].
    package func run(_ x: MatrixView, layout: WaveLayout, context: BlockContext) throws {
        let normal = try context.normalised(x, inputNorm)
        // A parallel branch reads the stream before the mixer adds to it.
        let second = isParallel ? try feedForwardInput(x, normal, context) : nil
        try runMixer(normal, stream: x, layout: layout, context: context)
        try runFeedForward(
            second ?? context.normalised(x, feedForwardNorm), stream: x, context: context)
    }

    /// What a parallel feed-forward branch reads: its own norm of the stream, or the mixer's.
    private func feedForwardInput(
        _ x: MatrixView, _ normal: MatrixView, _ context: BlockContext
    ) throws -> MatrixView {
        guard feedForwardNorm == nil, inputNorm == nil else {
            return feedForwardNorm == nil ? normal : try context.normalised(x, feedForwardNorm)
        }
        return context.scratch.copy(x)
    }

    /// The layer's output at some tokens alone: keys and values are made of all of them, the rest
    /// of these. `x` stays as it is, unless the mixer is recurrent and needs every token.
    ///
    /// - Parameters:
    ///   - asked: tokens of the wave, ascending.
    ///   - x: residual stream of the wave, [tokens, hidden].
    /// - Returns: [asked.count, hidden].
    package func run(
        at asked: [Int], of x: MatrixView, layout: WaveLayout, context: BlockContext
    ) throws -> MatrixView {
        guard mixer.attends else {
            try run(x, layout: layout, context: context)
            return context.gather(asked, of: x)
        }
        let normal = try context.normalised(x, inputNorm)
        let stream = context.gather(asked, of: x)
        let second =
            isParallel && !asked.isEmpty
            ? try feedForwardInput(stream, context.gather(asked, of: normal), context) : nil
        try runMixer(normal, stream: stream, asked: asked, layout: layout, context: context)
        guard !asked.isEmpty else { return stream }
        try runFeedForward(
            second ?? context.normalised(stream, feedForwardNorm), stream: stream,
            context: context)
        return stream
    }

    /// - Parameter asked: tokens that the rows of `stream` are; nil: all. Attention only.
    package func runMixer(
        _ normal: MatrixView, stream: MatrixView, asked: [Int]? = nil, layout: WaveLayout,
        context: BlockContext
    ) throws {
        if case .absent = mixer { return }
        // A norm on the branch needs the branch apart; otherwise products add to the stream.
        let accumulate = addsDirectly(behind: postMixerNorm)
        let branch =
            accumulate
            ? stream : context.scratch.matrix(rows: stream.rows, columns: stream.columns)
        switch mixer {
        case .attention, .latent:
            guard
                let (heads, output) = try mixer.heads(
                    normal, asked: asked, layout: layout, context: context), heads.rows > 0
            else { return }
            try context.project(heads, output, into: branch, accumulate: accumulate)
        case .mamba(let mamba):
            try mamba.run(
                normal, into: branch, accumulate: accumulate, layout: layout, context: context)
        case .shortConvolution(let short):
            try short.run(
                normal, into: branch, accumulate: accumulate, layout: layout, context: context)
        case .mamba2(let mamba):
            try mamba.run(
                normal, into: branch, accumulate: accumulate, layout: layout, context: context)
        case .deltaNet(let net):
            try net.run(
                normal, into: branch, accumulate: accumulate, layout: layout, context: context)
        case .absent: break
        }
        if !accumulate { try add(branch, behind: postMixerNorm, to: stream, context) }
    }

    /// Whether a branch's last product may add to the stream.
    private func addsDirectly(behind norm: NormBlueprint?) -> Bool {
        norm == nil && residualScale == 1
    }

    /// stream += r norm(branch).
    private func add(
        _ branch: MatrixView, behind norm: NormBlueprint?, to stream: MatrixView,
        _ context: BlockContext
    ) throws {
        if let norm { try context.normalise(branch, norm, into: branch) }
        if residualScale != 1 { RowKernels.scale(branch, by: residualScale) }
        RowKernels.add(stream, branch)
    }

    package func runFeedForward(
        _ normal: MatrixView, stream: MatrixView, context: BlockContext
    ) throws {
        if case .absent = feedForward { return }
        let accumulate = addsDirectly(behind: postFeedForwardNorm)
        let branch =
            accumulate
            ? stream : context.scratch.matrix(rows: stream.rows, columns: stream.columns)
        switch feedForward {
        case .mlp(let mlp):
            try mlp.run(normal, into: branch, accumulate: accumulate, context: context)
        case .experts(let experts):
            if !accumulate { branch.fill(0) }
            try experts.run(normal, addingTo: branch, context: context)
        case .absent: break
        }
        if !accumulate { try add(branch, behind: postFeedForwardNorm, to: stream, context) }
    }
}
