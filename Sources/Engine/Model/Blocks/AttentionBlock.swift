// Self-attention of one layer over one wave of packed sequences.

package import TensorMath

extension AttentionBlueprint {
    /// Concatenated heads [tokens, heads * headWidth], the input of the output projection.
    ///
    /// - Parameters:
    ///   - x: normalised stream, [tokens, hidden].
    ///   - asked: tokens of the wave whose heads are wanted, a row each; nil: all. Keys and values
    ///     are made of all tokens.
    package func heads(
        _ x: MatrixView, asked: [Int]? = nil, layout: WaveLayout, context: BlockContext
    ) throws -> MatrixView {
        let tokens = x.rows
        let asking = asked.map { context.gather($0, of: x) } ?? x
        let queries = context.scratch.matrix(rows: asking.rows, columns: heads * headWidth)
        let keyWidth = keyValueHeads * headWidth
        func matrix(_ place: MatrixView?) -> MatrixView {
            place ?? context.scratch.matrix(rows: tokens, columns: keyWidth)
        }
        let kept = layout.kept?.narrowed(to: keyWidth)
        let keys = matrix(kept?.place(in: \.keys))
        let values = matrix(kept?.place(in: \.values))
        if asking.rows > 0 { try context.project(asking, query, into: queries) }
        try context.project(x, key, into: keys)
        try context.project(x, value, into: values)
        for (norm, target) in [(queryNorm, queries), (keyNorm, keys)] {
            guard let norm else { continue }
            RowKernels.rmsNormHeads(
                target, gain: try context.weights.vector(norm.tensor),
                gainOffset: norm.gainOffset, epsilon: norm.epsilon)
        }
        if rotary != nil {
            let positions = layout.positions
            for (target, positions) in [
                (queries, asked.map { $0.map { positions[$0] } } ?? positions), (keys, positions),
            ] {
                RowKernels.rotate(
                    target, headWidth: headWidth, positions: positions,
                    cosine: layout.cosine, sine: layout.sine)
            }
        }
        let result = context.scratch.matrix(rows: asking.rows, columns: heads * headWidth)
        let attention = CausalAttention(
            heads: heads, keyValueHeads: keyValueHeads, headWidth: headWidth, scale: scale,
            window: window, softCap: softCap)
        kept?.take(keys, values, of: layout.sequences)
        let spans =
            kept?.spans ?? layout.sequences.map { AttentionSpan(queries: $0, keys: [$0]) }
        attention.run(
            queries: queries, keys: kept?.keys ?? keys, values: kept?.values ?? values,
            spans: asked.map { Self.spans($0, of: spans) } ?? spans, into: result)
        return result
    }

    /// A span for each token asked for.
    private static func spans(_ asked: [Int], of spans: [AttentionSpan]) -> [AttentionSpan] {
        asked.enumerated().compactMap { row, token in
            spans.first { $0.queries.contains(token) }?.alone(token, at: row)
        }
    }
}
