// The Mamba-2 mixer: a convolution, a state space for each head, and a gated norm. Reference:
// transformers modeling_bamba.py, slow path.

import TensorMath

extension Mamba2Blueprint {
    /// output (+)= mixer(x) over one wave; sequences begin with it, or where its layout keeps their
    /// states.
    ///
    /// - Parameter x: normalised stream, [tokens, hidden].
    func run(
        _ x: MatrixView, into output: MatrixView, accumulate: Bool, layout: WaveLayout,
        context: BlockContext
    ) throws {
        let (inner, channels) = (innerWidth, convolution.channels)
        let parts = context.scratch.matrix(rows: x.rows, columns: input.rows.count)
        try context.project(x, input, into: parts)
        let gate = parts.columns(0..<inner)
        let filtered = context.scratch.matrix(rows: x.rows, columns: channels)
        try context.convolve(
            parts.columns(inner..<inner + channels), convolution, layout: layout, into: filtered)
        RowKernels.activate(filtered, .silu)
        let signal = filtered.columns(0..<inner)
        let states = groups * stateWidth
        StateSpace.run(
            signal: signal, steps: parts.columns(inner + channels..<parts.columns),
            stepBias: try context.weights.vector(stepBias), stepLimits: stepLimits,
            inputs: filtered.columns(inner..<inner + states),
            outputs: filtered.columns(inner + states..<inner + 2 * states), groups: groups,
            decayLog: try context.weights.vector(decayLog),
            skip: try context.weights.vector(skip), sequences: layout.sequences,
            kept: layout.states)
        RowKernels.siluMultiply(gate, signal)
        try context.normaliseHeads(gate, norm)
        try context.project(gate, self.output, into: output, accumulate: accumulate)
    }
}
