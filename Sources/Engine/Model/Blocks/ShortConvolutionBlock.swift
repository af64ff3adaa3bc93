// The short convolution of LFM2. Reference: transformers modeling_lfm2.py.

import TensorMath

extension ShortConvolutionBlueprint {
    /// output (+)= mixer(x) over one wave; sequences begin with it, or where its layout keeps their
    /// last tokens.
    ///
    /// - Parameter x: normalised stream, [tokens, hidden].
    func run(
        _ x: MatrixView, into output: MatrixView, accumulate: Bool, layout: WaveLayout,
        context: BlockContext
    ) throws {
        let width = convolution.channels
        let parts = context.scratch.matrix(rows: x.rows, columns: 3 * width)
        try context.project(x, input, into: parts)
        let fed = parts.columns(2 * width..<3 * width)
        RowKernels.multiply(fed, parts.columns(0..<width))
        let filtered = context.scratch.matrix(rows: x.rows, columns: width)
        try context.convolve(fed, convolution, layout: layout, into: filtered)
        RowKernels.multiply(filtered, parts.columns(width..<2 * width))
        try context.project(filtered, self.output, into: output, accumulate: accumulate)
    }
}

extension BlockContext {
    /// - Parameters:
    ///   - x: [tokens, channels].
    ///   - output: [tokens, channels].
    func convolve(
        _ x: MatrixView, _ convolution: ConvolutionBlueprint, layout: WaveLayout,
        into output: MatrixView
    ) throws {
        CausalConvolution.run(
            x, weight: try weights.source.weight(convolution.weight).floats(),
            bias: try convolution.bias.map { try weights.vector($0) },
            sequences: layout.sequences, kept: layout.states, into: output)
    }
}
