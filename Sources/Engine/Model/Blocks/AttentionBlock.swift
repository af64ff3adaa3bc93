// Self-attention of one layer over one wave of packed sequences.

package import TensorMath

/// Where the tokens of a wave lie and which rotary table row each uses.
package struct WaveLayout {
    /// Ranges of the sequences inside the wave, from 0.
    package let sequences: [Range<Int>]
    /// Row of the rotary tables for each token of the wave.
    package let positions: [Int32]
    /// Rotary tables, [rows, rotated features / 2].
    package let cosine: MatrixView
    package let sine: MatrixView
    /// Keys and values that later branches of the wave's texts read; nil: none do.
    var shared: SharedKeys?
}

/// Keys and values of one layer for a whole forest of texts, of which a wave is a run of rows.
struct SharedKeys {
    /// [tokens of the forest, widest keys of any layer].
    let keys: MatrixView
    /// As `keys`.
    let values: MatrixView
    /// The wave's rows.
    let rows: Range<Int>
    /// Queries counted from the wave's first row, keys from the forest's.
    let spans: [AttentionSpan]
}

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
        func matrix(_ store: MatrixView?) -> MatrixView {
            guard let shared = layout.shared, let store else {
                return context.scratch.matrix(rows: tokens, columns: keyWidth)
            }
            return store.rows(shared.rows).columns(0..<keyWidth)
        }
        let keys = matrix(layout.shared?.keys)
        let values = matrix(layout.shared?.values)
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
        if let shared = layout.shared {
            attention.run(
                queries: queries, keys: shared.keys.columns(0..<keyWidth),
                values: shared.values.columns(0..<keyWidth), spans: shared.spans, into: result)
        } else {
            attention.run(
                queries: queries, keys: keys, values: values, sequences: layout.sequences,
                into: result)
        }
        return result
    }
}
