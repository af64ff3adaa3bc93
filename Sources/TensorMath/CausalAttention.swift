// Causal attention over packed sequences: tiles of scores, never a whole [T, T] matrix.

import CBLAS
import Kernels

/// Where a run of queries finds its keys. A plain sequence sees its own rows; a branch of a tree
/// of texts sees those of the stems it grew from as well.
package struct AttentionSpan: Sendable, Equatable {
    /// Rows of the queries, and of the output.
    package var queries: Range<Int>
    /// Rows of keys and values in the order of the text; the last of them are the queries' own.
    package var keys: [Range<Int>]

    package init(queries: Range<Int>, keys: [Range<Int>]) {
        self.queries = queries
        self.keys = keys
        precondition(length >= queries.count, "a key for each query")
    }

    /// Tokens that the last query sees.
    package var length: Int { keys.reduce(0) { $0 + $1.count } }

    /// One query of the span alone, which stands in row `row` of other queries.
    package func alone(_ query: Int, at row: Int) -> AttentionSpan {
        precondition(queries.contains(query), "a query of the span")
        let seen = length - (queries.upperBound - 1 - query)
        return AttentionSpan(queries: row..<row + 1, keys: Self.part(keys, from: 0, to: seen))
    }

    /// Rows of places `start..<end` of a text that lies in `ranges`.
    static func part(_ ranges: [Range<Int>], from start: Int, to end: Int) -> [Range<Int>] {
        var place = 0
        var result: [Range<Int>] = []
        for range in ranges {
            let low = max(start - place, 0)
            let high = min(end - place, range.count)
            if low < high { result.append(range.lowerBound + low..<range.lowerBound + high) }
            place += range.count
        }
        return result
    }
}

/// Scaled dot-product attention with grouped queries, per sequence of a packed batch.
package struct CausalAttention: Sendable {
    package let heads: Int
    package let keyValueHeads: Int
    /// Of queries and keys.
    package let headWidth: Int
    package let valueWidth: Int
    /// Scores are q . k * scale.
    package let scale: Float
    /// Key j is visible to query i iff i - window < j <= i; nil: all j <= i.
    package let window: Int?
    /// scores = cap * tanh(scores / cap) before the mask; nil: none.
    package let softCap: Float?

    /// Queries of one tile; a tile's scores are [tile, keys] and live in a thread's scratch.
    private static let tile = 64

    /// - Parameter valueWidth: nil: as queries and keys.
    package init(
        heads: Int, keyValueHeads: Int, headWidth: Int, valueWidth: Int? = nil, scale: Float,
        window: Int?, softCap: Float?
    ) {
        precondition(heads % keyValueHeads == 0, "query heads do not share key-value heads evenly")
        self.heads = heads
        self.keyValueHeads = keyValueHeads
        self.headWidth = headWidth
        self.valueWidth = valueWidth ?? headWidth
        self.scale = scale
        self.window = window
        self.softCap = softCap
    }

    /// Floats of scratch for sequences up to `length` tokens.
    package static func scratchFloats(length: Int) -> Int { Parallel.threadCount * tile * length }

    /// Attention of packed sequences; no token attends outside its own.
    ///
    /// - Parameters:
    ///   - queries: [tokens, heads * headWidth], rotated.
    ///   - keys: [tokens, keyValueHeads * headWidth], rotated.
    ///   - values: [tokens, keyValueHeads * valueWidth].
    ///   - sequences: token ranges of the packed sequences.
    ///   - output: [tokens, heads * valueWidth].
    package func run(
        queries: MatrixView, keys: MatrixView, values: MatrixView, sequences: [Range<Int>],
        into output: MatrixView
    ) {
        run(
            queries: queries, keys: keys, values: values,
            spans: sequences.map { AttentionSpan(queries: $0, keys: [$0]) }, into: output)
    }

    /// Attention of spans, whose keys may lie before the rows of `queries` and be shared.
    ///
    /// - Parameters: shapes as for sequences; `keys` and `values` may have more rows.
    ///   - sinks: [1, heads], a score of each head that takes its share of the sum, no more.
    package func run(
        queries: MatrixView, keys: MatrixView, values: MatrixView, spans: [AttentionSpan],
        sinks: MatrixView? = nil, into output: MatrixView
    ) {
        precondition(queries.columns == heads * headWidth, "queries do not match")
        precondition(keys.columns == keyValueHeads * headWidth, "keys do not match")
        precondition(values.columns == keyValueHeads * valueWidth, "values do not match")
        precondition(values.rows == keys.rows, "a value for each key")
        precondition(output.rows == queries.rows && output.columns == heads * valueWidth, "output")
        let tasks = tiles(of: spans)
        let longest = spans.map(\.length).max() ?? 0
        let tallest = min(Self.tile, spans.map(\.queries.count).max() ?? 0)
        let scratch = MatrixView(rows: Parallel.threadCount, columns: tallest * longest)
        Parallel.forEach(tasks.count) { index in
            attend(
                tasks[index], q: queries, k: keys, v: values, sinks: sinks, output: output,
                scores: scratch.rows(Parallel.threadIndex..<Parallel.threadIndex + 1))
        }
    }

    /// One tile of queries of one head.
    private struct Tile: Sendable {
        /// Rows of queries.
        let queries: Range<Int>
        /// Rows of the keys that any query of the tile sees, in the order of the text.
        let keys: [Range<Int>]
        /// Places of the first query and of the first of `keys` in the text.
        let position: Int
        let firstPosition: Int
        let head: Int
    }

    private func tiles(of spans: [AttentionSpan]) -> [Tile] {
        spans.flatMap { span in
            stride(from: 0, to: span.queries.count, by: Self.tile).flatMap { start in
                let count = min(Self.tile, span.queries.count - start)
                let position = span.length - span.queries.count + start
                var first = 0
                if let window { first = max(first, position - window + 1) }
                let keys = AttentionSpan.part(span.keys, from: first, to: position + count)
                let row = span.queries.lowerBound + start
                return (0..<heads).map { head in
                    Tile(
                        queries: row..<row + count, keys: keys, position: position,
                        firstPosition: first, head: head)
                }
            }
        }
    }

    private func attend(
        _ tile: Tile, q: MatrixView, k: MatrixView, v: MatrixView, sinks: MatrixView?,
        output: MatrixView, scores: MatrixView
    ) {
        let queries = tile.queries
        let group = tile.head / (heads / keyValueHeads)
        let queryColumn = tile.head * headWidth
        let keyColumn = group * headWidth
        let rowLength = tile.keys.reduce(0) { $0 + $1.count }
        let table = unsafe scores.pointer(row: 0)
        let sink = unsafe sinks.map { unsafe UnsafePointer($0.pointer(row: 0) + tile.head) }
        // scores[i, j] = scale * q[i, :] . k[j, :]
        var column = 0
        for keys in tile.keys {
            unsafe cblas_sgemm(
                CblasRowMajor, CblasNoTrans, CblasTrans, Int32(queries.count), Int32(keys.count),
                Int32(headWidth), scale, q.pointer(row: queries.lowerBound) + queryColumn,
                Int32(q.stride), k.pointer(row: keys.lowerBound) + keyColumn, Int32(k.stride), 0,
                table + column, Int32(rowLength))
            column += keys.count
        }
        for row in 0..<queries.count {
            let query = tile.position + row
            let line = unsafe table + row * rowLength
            var visibleFrom = 0
            if let window { visibleFrom = max(0, query - window + 1 - tile.firstPosition) }
            let visibleTo = query + 1 - tile.firstPosition
            if let softCap {
                unsafe kernels_soft_cap(line + visibleFrom, visibleTo - visibleFrom, softCap)
            }
            unsafe kernels_softmax(line + visibleFrom, visibleTo - visibleFrom, sink)
            for column in 0..<visibleFrom { unsafe line[column] = 0 }
            for column in visibleTo..<rowLength { unsafe line[column] = 0 }
        }
        // output[i, :] = scores[i, :] v, the sum over the ranges of keys.
        column = 0
        for keys in tile.keys {
            unsafe cblas_sgemm(
                CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(queries.count),
                Int32(valueWidth), Int32(keys.count), 1, table + column, Int32(rowLength),
                v.pointer(row: keys.lowerBound) + group * valueWidth, Int32(v.stride),
                column == 0 ? 0 : 1,
                output.pointer(row: queries.lowerBound) + tile.head * valueWidth,
                Int32(output.stride))
            column += keys.count
        }
    }
}
