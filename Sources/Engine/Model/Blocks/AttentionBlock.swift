// Self-attention of one layer over one wave of packed sequences.

import Foundation
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
        let kept = layout.kept?.narrowed(keys: keyWidth, values: keyWidth)
        let keys = matrix(kept?.place(in: \.keys))
        let values = matrix(kept?.place(in: \.values))
        if asking.rows > 0 { try context.project(asking, query, into: queries) }
        try context.project(x, key, into: keys)
        try context.project(x, value, into: values)
        if !normsFollowRotation { try normalise(queries, keys, context) }
        if let clip {
            for target in [queries, keys, values] { RowKernels.clamp(target, to: clip) }
        }
        if let rotary {
            layout.rotation(rotary).turn(keys, headWidth: headWidth)
            layout.rotation(rotary).turn(queries, headWidth: headWidth, asked: asked)
        }
        if normsFollowRotation { try normalise(queries, keys, context) }
        if let temperature {
            let places = asked.map { $0.map { layout.places[$0] } } ?? layout.places
            RowKernels.scale(queries, rowsBy: places.map(temperature.factor))
        }
        let result = context.scratch.matrix(rows: asking.rows, columns: heads * headWidth)
        let attention = CausalAttention(
            heads: heads, keyValueHeads: keyValueHeads, headWidth: headWidth, scale: scale,
            window: window, softCap: softCap)
        kept?.take(keys, values, of: layout.sequences)
        attention.run(
            queries: queries, keys: kept?.keys ?? keys, values: kept?.values ?? values,
            spans: layout.spans(asked),
            sinks: try sinks.map { try context.weights.vector($0) }, into: result)
        if let outputGate {
            let gates = context.scratch.matrix(rows: result.rows, columns: result.columns)
            if asking.rows > 0 { try context.project(asking, outputGate, into: gates) }
            RowKernels.activate(gates, .sigmoid)
            RowKernels.multiply(result, gates)
        }
        return result
    }

    /// Norms of the heads, in place.
    package func normalise(
        _ queries: MatrixView, _ keys: MatrixView, _ context: BlockContext
    ) throws {
        if let queryNorm { try context.normaliseHeads(queries, queryNorm) }
        if let keyNorm { try context.normaliseHeads(keys, keyNorm) }
    }
}

extension QueryTemperature {
    package func factor(at position: Int32) -> Float {
        1 + beta * log(1 + (Float(position) / Float(length)).rounded(.down))
    }
}
