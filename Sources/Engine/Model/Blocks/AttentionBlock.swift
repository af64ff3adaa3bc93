// Self-attention of one layer over one wave of packed sequences.

import TensorMath

/// Where the tokens of a wave lie and which rotary table row each uses.
struct WaveLayout {
    /// Ranges of the sequences inside the wave, from 0.
    let sequences: [Range<Int>]
    /// Row of the rotary tables for each token of the wave.
    let positions: [Int32]
    let cosine: MatrixView
    let sine: MatrixView
}

extension AttentionBlueprint {
    /// Concatenated heads [tokens, heads * headWidth], the input of the output projection.
    ///
    /// - Parameter x: normalised stream, [tokens, hidden].
    func heads(
        _ x: MatrixView, layout: WaveLayout, context: BlockContext
    ) throws -> MatrixView {
        let tokens = x.rows
        let queries = MatrixView(rows: tokens, columns: heads * headWidth)
        let keys = MatrixView(rows: tokens, columns: keyValueHeads * headWidth)
        let values = MatrixView(rows: tokens, columns: keyValueHeads * headWidth)
        try context.project(x, query, into: queries)
        try context.project(x, key, into: keys)
        try context.project(x, value, into: values)
        for (norm, target) in [(queryNorm, queries), (keyNorm, keys)] {
            guard let norm else { continue }
            RowKernels.rmsNormHeads(
                target, gain: try context.weights.vector(norm.tensor),
                gainOffset: norm.gainOffset, epsilon: norm.epsilon)
        }
        if rotary != nil {
            for target in [queries, keys] {
                RowKernels.rotate(
                    target, headWidth: headWidth, positions: layout.positions,
                    cosine: layout.cosine, sine: layout.sine)
            }
        }
        let result = MatrixView(rows: tokens, columns: heads * headWidth)
        CausalAttention(
            heads: heads, keyValueHeads: keyValueHeads, headWidth: headWidth, scale: scale,
            window: window, softCap: softCap
        ).run(
            queries: queries, keys: keys, values: values, sequences: layout.sequences,
            into: result)
        return result
    }
}
