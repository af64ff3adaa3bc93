// Back-propagation through causal attention with grouped queries: scores are computed again, one
// head of one sequence at a time.

import Model
import TensorMath

extension AttentionBlueprint {
    /// Queries, keys and values of a wave as attention reads them (biased, rotated).
    struct Inputs {
        /// [tokens, heads * headWidth].
        let queries: MatrixView
        /// [tokens, keyValueHeads * headWidth].
        let keys: MatrixView
        /// As `keys`.
        let values: MatrixView
    }

    /// - Parameter x: normalised stream, [tokens, hidden].
    func inputs(
        _ x: MatrixView, layout: WaveLayout, context: BlockContext
    ) throws -> Inputs {
        let result = Inputs(
            queries: context.scratch.matrix(rows: x.rows, columns: query.rows.count),
            keys: context.scratch.matrix(rows: x.rows, columns: key.rows.count),
            values: context.scratch.matrix(rows: x.rows, columns: value.rows.count))
        try context.project(x, query, into: result.queries)
        try context.project(x, key, into: result.keys)
        try context.project(x, value, into: result.values)
        if rotary != nil {
            for target in [result.queries, result.keys] {
                RowKernels.rotate(
                    target, headWidth: headWidth, positions: layout.positions,
                    cosine: layout.cosine, sine: layout.sine)
            }
        }
        return result
    }

    /// Concatenated heads, [tokens, heads * headWidth], of what attention reads.
    func heads(_ inputs: Inputs, layout: WaveLayout, context: BlockContext) -> MatrixView {
        let result = context.scratch.matrix(
            rows: inputs.queries.rows, columns: heads * headWidth)
        CausalAttention(
            heads: heads, keyValueHeads: keyValueHeads, headWidth: headWidth, scale: scale,
            window: window, softCap: softCap
        ).run(
            queries: inputs.queries, keys: inputs.keys, values: inputs.values,
            sequences: layout.sequences, into: result)
        return result
    }

    /// dL/d(queries, keys, values) before the rotation, from dL/d(heads' outputs).
    ///
    /// With P = softmax(scale Q K' + mask): dV = P' dO, dP = dO V',
    /// dS = P (dP - rowsum(dP P)), dQ = scale dS K, dK = scale dS' Q.
    ///
    /// - Parameter output: [tokens, heads * headWidth].
    func gradient(
        _ inputs: Inputs, output: MatrixView, layout: WaveLayout, context: BlockContext
    ) -> Inputs {
        func zeros(_ like: MatrixView) -> MatrixView {
            context.scratch.zeros(rows: output.rows, columns: like.columns)
        }
        let result = Inputs(
            queries: zeros(inputs.queries), keys: zeros(inputs.keys), values: zeros(inputs.values))
        let groups = keyValueHeads
        let sequences = layout.sequences
        // Heads of a group add to the same keys: a group of a sequence is one task.
        Parallel.forEach(sequences.count * groups) { task in
            let rows = sequences[task / groups]
            let group = task % groups
            let height = min(Self.tile, rows.count)
            let scores = MatrixView(rows: height, columns: rows.count)
            let slopes = MatrixView(rows: height, columns: rows.count)
            for head in group * (heads / groups)..<(group + 1) * (heads / groups) {
                for start in stride(from: 0, to: rows.count, by: Self.tile) {
                    let tile = start..<min(rows.count, start + Self.tile)
                    gradient(
                        Tile(head: head, group: group, sequence: rows, queries: tile), inputs,
                        output, scores, slopes, result)
                }
            }
        }
        if rotary != nil {
            // The transposed rotation is the one by the opposite angle.
            let opposite = MatrixView(rows: layout.sine.rows, columns: layout.sine.columns)
            opposite.subtract(layout.sine)
            for target in [result.queries, result.keys] {
                RowKernels.rotate(
                    target, headWidth: headWidth, positions: layout.positions,
                    cosine: layout.cosine, sine: opposite)
            }
        }
        return result
    }

    /// Queries whose scores are computed at once: what lies behind them in a sequence is masked,
    /// and is not computed.
    private static var tile: Int { 128 }

    private struct Tile {
        let head: Int
        let group: Int
        /// Tokens of the wave.
        let sequence: Range<Int>
        /// Tokens of the sequence.
        let queries: Range<Int>
    }

    /// - Parameters:
    ///   - allScores, allSlopes: scratch, [tile, longest].
    ///   - result: takes what the tile adds.
    private func gradient(
        _ tile: Tile, _ inputs: Inputs, _ output: MatrixView, _ allScores: MatrixView,
        _ allSlopes: MatrixView, _ result: Inputs
    ) {
        let start = tile.sequence.lowerBound
        let first = window.map { max(0, tile.queries.lowerBound - $0 + 1) } ?? 0
        let seen = first..<tile.queries.upperBound
        func part(_ matrix: MatrixView, _ rows: Range<Int>, _ index: Int) -> MatrixView {
            matrix.rows(start + rows.lowerBound..<start + rows.upperBound)
                .columns(index * headWidth..<(index + 1) * headWidth)
        }
        let q = part(inputs.queries, tile.queries, tile.head)
        let (k, v) = (part(inputs.keys, seen, tile.group), part(inputs.values, seen, tile.group))
        let slope = part(output, tile.queries, tile.head)
        let scores = allScores.rows(0..<q.rows).columns(0..<seen.count)
        let slopes = allSlopes.rows(0..<q.rows).columns(0..<seen.count)
        scores.assignProduct(q, k, transposingRight: true, scale: scale)
        slopes.assignProduct(slope, v, transposingRight: true)
        for (row, query) in tile.queries.enumerated() {
            let from = window.map { max(0, query - $0 + 1) } ?? 0
            let line = scores.rows(row..<row + 1)
            let visible = from - first..<query + 1 - first
            RowKernels.softmax(line.columns(visible))
            line.columns(0..<visible.lowerBound).fill(0)
            line.columns(visible.upperBound..<seen.count).fill(0)
        }
        // dV first: it reads the probabilities, which then become dS.
        part(result.values, seen, tile.group).assignProduct(
            scores, slope, transposingLeft: true, accumulate: true)
        for row in 0..<q.rows {
            RowGradients.softmax(scores, slopes: slopes, row: row, columns: 0..<seen.count)
        }
        part(result.queries, tile.queries, tile.head).assignProduct(scores, k, scale: scale)
        part(result.keys, seen, tile.group).assignProduct(
            scores, q, transposingLeft: true, scale: scale, accumulate: true)
    }
}
