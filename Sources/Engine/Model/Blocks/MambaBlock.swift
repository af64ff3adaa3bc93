// The Mamba-1 mixer as Jamba uses it: gated causal convolution and a selective state space, with
// RMS norms on dt, B and C. Reference: transformers modeling_jamba.py, slow path.

import TensorMath

extension MambaBlueprint {
    /// output (+)= mixer(x) over one wave; the state starts at zero in every sequence, or where
    /// the wave's layout keeps it.
    ///
    /// - Parameter x: normalised stream, [tokens, hidden].
    func run(
        _ x: MatrixView, into output: MatrixView, accumulate: Bool, layout: WaveLayout,
        context: BlockContext
    ) throws {
        let tokens = x.rows
        let both = MatrixView(rows: tokens, columns: 2 * innerWidth)
        try context.project(x, input, into: both)
        let gate = both.columns(innerWidth..<2 * innerWidth)
        let signal = MatrixView(rows: tokens, columns: innerWidth)
        SelectiveScan.convolve(
            both.columns(0..<innerWidth),
            weight: try context.weights.source.weight(convolutionWeight).floats(),
            bias: try convolutionBias.map { try context.weights.vector($0) },
            sequences: layout.sequences, kept: layout.states, into: signal)
        let selected = MatrixView(
            rows: tokens, columns: timeStepRank + 2 * stateWidth)
        try context.project(signal, parameters, into: selected)
        let steps = selected.columns(0..<timeStepRank)
        let inputs = selected.columns(timeStepRank..<timeStepRank + stateWidth)
        let outputs = selected.columns(timeStepRank + stateWidth..<selected.columns)
        try context.normalise(steps, timeStepNorm, into: steps)
        try context.normalise(inputs, inputNorm, into: inputs)
        try context.normalise(outputs, outputNorm, into: outputs)
        let delta = MatrixView(rows: tokens, columns: innerWidth)
        // A row of `steps` is wider than its view: products read strided inputs.
        try context.project(steps, timeStep, into: delta)
        SelectiveScan.run(
            signal: signal, delta: delta, inputs: inputs, outputs: outputs, gate: gate,
            decayLog: try context.weights.source.weight(decayLog).floats(),
            skip: try context.weights.vector(skip), sequences: layout.sequences,
            kept: layout.states)
        try context.project(signal, self.output, into: output, accumulate: accumulate)
    }
}
