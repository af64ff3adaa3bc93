// Causal attention over packed sequences: tiles of scores, never a whole [T, T] matrix.

import CBLAS
import Kernels

/// Scaled dot-product attention with grouped queries, per sequence of a packed batch.
package struct CausalAttention: Sendable {
    package let heads: Int
    package let keyValueHeads: Int
    package let headWidth: Int
    /// Scores are q . k * scale.
    package let scale: Float
    /// Key j is visible to query i iff i - window < j <= i; nil: all j <= i.
    package let window: Int?
    /// scores = cap * tanh(scores / cap) before the mask; nil: none.
    package let softCap: Float?

    /// Queries of one tile; a tile's scores are [tile, keys] and live in a thread's scratch.
    private static let tile = 64

    package init(
        heads: Int, keyValueHeads: Int, headWidth: Int, scale: Float, window: Int?,
        softCap: Float?
    ) {
        precondition(heads % keyValueHeads == 0, "query heads do not share key-value heads evenly")
        self.heads = heads
        self.keyValueHeads = keyValueHeads
        self.headWidth = headWidth
        self.scale = scale
        self.window = window
        self.softCap = softCap
    }

    /// Floats of scratch for sequences up to `length` tokens.
    package static func scratchFloats(length: Int) -> Int { Parallel.threadCount * tile * length }

    /// - Parameters:
    ///   - queries: [tokens, heads * headWidth], rotated.
    ///   - keys, values: [tokens, keyValueHeads * headWidth]; keys rotated.
    ///   - sequences: token ranges of the packed sequences; no token attends outside its own.
    ///   - output: [tokens, heads * headWidth].
    package func run(
        queries: MatrixView, keys: MatrixView, values: MatrixView, sequences: [Range<Int>],
        into output: MatrixView
    ) {
        precondition(queries.columns == heads * headWidth, "queries do not match")
        precondition(keys.columns == keyValueHeads * headWidth, "keys do not match")
        precondition(values.columns == keys.columns && values.rows == keys.rows, "values differ")
        precondition(output.rows == queries.rows && output.columns == queries.columns, "output")
        let tasks = tiles(of: sequences)
        let longest = sequences.map(\.count).max() ?? 0
        let scratch = MatrixView(rows: Parallel.threadCount, columns: Self.tile * longest)
        Parallel.forEach(tasks.count) { index in
            let task = tasks[index]
            attend(
                head: task.head, queries: task.queries, sequence: task.sequence, q: queries,
                k: keys, v: values, output: output,
                scores: scratch.rows(Parallel.threadIndex..<Parallel.threadIndex + 1))
        }
    }

    /// One tile of queries of one head.
    private struct Tile: Sendable {
        let sequence: Range<Int>
        let queries: Range<Int>
        let head: Int
    }

    private func tiles(of sequences: [Range<Int>]) -> [Tile] {
        sequences.flatMap { sequence in
            stride(from: sequence.lowerBound, to: sequence.upperBound, by: Self.tile).flatMap {
                start in
                (0..<heads).map { head in
                    Tile(
                        sequence: sequence,
                        queries: start..<min(start + Self.tile, sequence.upperBound), head: head)
                }
            }
        }
    }

    private func attend(
        head: Int, queries: Range<Int>, sequence: Range<Int>, q: MatrixView, k: MatrixView,
        v: MatrixView, output: MatrixView, scores: MatrixView
    ) {
        // Keys that any query of the tile sees.
        var first = sequence.lowerBound
        if let window { first = max(first, queries.lowerBound - window + 1) }
        let keyRange = first..<queries.upperBound
        let group = head / (heads / keyValueHeads)
        let queryColumn = head * headWidth
        let keyColumn = group * headWidth
        let rowLength = keyRange.count
        let table = unsafe scores.pointer(row: 0)
        // scores[i, j] = scale * q[i, :] . k[j, :]
        unsafe cblas_sgemm(
            CblasRowMajor, CblasNoTrans, CblasTrans, Int32(queries.count), Int32(rowLength),
            Int32(headWidth), scale, q.pointer(row: queries.lowerBound) + queryColumn,
            Int32(q.stride), k.pointer(row: first) + keyColumn, Int32(k.stride), 0, table,
            Int32(rowLength))
        for row in 0..<queries.count {
            let query = queries.lowerBound + row
            let line = unsafe table + row * rowLength
            var visibleFrom = 0
            if let window { visibleFrom = max(0, query - window + 1 - first) }
            let visibleTo = query + 1 - first
            if let softCap {
                unsafe kernels_soft_cap(line + visibleFrom, visibleTo - visibleFrom, softCap)
            }
            unsafe kernels_softmax(line + visibleFrom, visibleTo - visibleFrom)
            for column in 0..<visibleFrom { unsafe line[column] = 0 }
            for column in visibleTo..<rowLength { unsafe line[column] = 0 }
        }
        // output[i, :] = scores[i, :] v
        unsafe cblas_sgemm(
            CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(queries.count), Int32(headWidth),
            Int32(rowLength), 1, table, Int32(rowLength), v.pointer(row: first) + keyColumn,
            Int32(v.stride), 0, output.pointer(row: queries.lowerBound) + queryColumn,
            Int32(output.stride))
    }
}
