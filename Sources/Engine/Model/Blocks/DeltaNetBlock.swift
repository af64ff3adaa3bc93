// Gated DeltaNet: a convolution, the gated delta rule for each head, and a gated norm. Reference:
// transformers modeling_qwen3_next.py, slow path.

import TensorMath

extension DeltaNetBlueprint {
    /// Of the lengths of queries and keys.
    private static var lengthEpsilon: Float { 1e-6 }

    /// output (+)= mixer(x) over one wave; sequences begin with it, or where its layout keeps their
    /// states.
    ///
    /// - Parameter x: normalised stream, [tokens, hidden].
    func run(
        _ x: MatrixView, into output: MatrixView, accumulate: Bool, layout: WaveLayout,
        context: BlockContext
    ) throws {
        func projected(_ projections: [ProjectionBlueprint]) throws -> MatrixView {
            let all = context.scratch.matrix(
                rows: x.rows, columns: projections.reduce(0) { $0 + $1.rows.count })
            var first = 0
            for projection in projections {
                let end = first + projection.rows.count
                try context.project(x, projection, into: all.columns(first..<end))
                first = end
            }
            return all
        }
        let parts = try projected(mixed)
        let filtered = context.scratch.matrix(rows: x.rows, columns: parts.columns)
        try context.convolve(parts, convolution, layout: layout, into: filtered)
        RowKernels.activate(filtered, .silu)
        let queries = filtered.columns(0..<keysWidth)
        let keys = filtered.columns(keysWidth..<2 * keysWidth)
        let values = filtered.columns(2 * keysWidth..<filtered.columns)
        let length = Float(keyWidth).squareRoot()
        scaleHeads(queries, to: 1 / length)
        scaleHeads(keys, to: 1)
        let rates = try projected([decay, strength])
        DeltaRule.run(
            queries: queries, keys: keys, values: values, decays: rates.columns(0..<valueHeads),
            strengths: rates.columns(valueHeads..<2 * valueHeads),
            decayBias: try context.weights.vector(decayBias),
            decayLog: try context.weights.vector(decayLog), keyWidth: keyWidth,
            sequences: layout.sequences, kept: layout.states)
        try context.normaliseHeads(values, norm)
        let gates = try projected([gate])
        RowKernels.siluMultiply(gates, values)
        try context.project(gates, self.output, into: output, accumulate: accumulate)
    }

    /// Every head is as long as `length`: x / sqrt(sum x^2 + epsilon) of each.
    private func scaleHeads(_ x: MatrixView, to length: Float) {
        let gain = MatrixView(rows: 1, columns: keyWidth)
        // Over the root of the mean instead of that of the sum.
        gain.fill(length / Float(keyWidth).squareRoot())
        RowKernels.normalise(
            x, groups: keyWidth, gain: gain, gainOffset: 0,
            epsilon: Self.lengthEpsilon / Float(keyWidth), isCentred: false)
    }
}
