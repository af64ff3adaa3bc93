// Self-attention of one layer over one wave of packed sequences.

package import TensorMath

extension AttentionBlueprint {
    /// Concatenated heads [tokens, heads * headWidth], the input of the output projection.
    ///
    /// - Parameter x: normalised stream, [tokens, hidden].
    package func heads(
        _ x: MatrixView, layout: WaveLayout, context: BlockContext
    ) throws -> MatrixView {
        let tokens = x.rows
        let queries = context.scratch.matrix(rows: tokens, columns: heads * headWidth)
        let keyWidth = keyValueHeads * headWidth
        func matrix(_ place: MatrixView?) -> MatrixView {
            place ?? context.scratch.matrix(rows: tokens, columns: keyWidth)
        }
        let kept = layout.kept?.narrowed(to: keyWidth)
        let keys = matrix(kept?.place(in: \.keys))
        let values = matrix(kept?.place(in: \.values))
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
        let result = context.scratch.matrix(rows: tokens, columns: heads * headWidth)
        let attention = CausalAttention(
            heads: heads, keyValueHeads: keyValueHeads, headWidth: headWidth, scale: scale,
            window: window, softCap: softCap)
        if let kept {
            kept.take(keys, values, of: layout.sequences)
            attention.run(
                queries: queries, keys: kept.keys, values: kept.values, spans: kept.spans,
                into: result)
        } else {
            attention.run(
                queries: queries, keys: keys, values: values, sequences: layout.sequences,
                into: result)
        }
        return result
    }
}
