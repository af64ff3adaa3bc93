// Back-propagation through causal attention with grouped queries: scores are computed again, one
// head of one sequence at a time.

import Model
import TensorMath

extension AttentionBlueprint {
    /// Queries, keys and values of a wave as attention reads them (biased, normalised, rotated).
    struct Inputs {
        /// [tokens, heads * headWidth].
        let queries: MatrixView
        /// [tokens, keyValueHeads * headWidth].
        let keys: MatrixView
        /// As `keys`.
        let values: MatrixView
        /// What the norms of the heads got; nil where there is none.
        fileprivate var normalised: (queries: MatrixView?, keys: MatrixView?) = (nil, nil)
        /// Queries and keys behind the clip, before they were rotated; nil where nothing clips.
        fileprivate var clipped: (queries: MatrixView, keys: MatrixView)?
    }

    /// - Parameter x: normalised stream, [tokens, hidden].
    func inputs(
        _ x: MatrixView, layout: WaveLayout, context: BlockContext
    ) throws -> Inputs {
        var result = Inputs(
            queries: context.scratch.matrix(rows: x.rows, columns: query.rows.count),
            keys: context.scratch.matrix(rows: x.rows, columns: key.rows.count),
            values: context.scratch.matrix(rows: x.rows, columns: value.rows.count))
        try context.project(x, query, into: result.queries)
        try context.project(x, key, into: result.keys)
        try context.project(x, value, into: result.values)
        if !normsFollowRotation { try normalise(&result, context) }
        if let clip {
            for target in [result.queries, result.keys, result.values] {
                RowKernels.clamp(target, to: clip)
            }
            result.clipped = (
                context.scratch.copy(result.queries), context.scratch.copy(result.keys)
            )
        }
        turn(result, layout, back: false)
        if normsFollowRotation { try normalise(&result, context) }
        scale(result.queries, layout)
        return result
    }

    private func normalise(_ inputs: inout Inputs, _ context: BlockContext) throws {
        inputs.normalised = (
            queryNorm.map { _ in context.scratch.copy(inputs.queries) },
            keyNorm.map { _ in context.scratch.copy(inputs.keys) }
        )
        try normalise(inputs.queries, inputs.keys, context)
    }

    private func turn(_ inputs: Inputs, _ layout: WaveLayout, back: Bool) {
        guard let rotary else { return }
        for target in [inputs.queries, inputs.keys] {
            layout.rotation(rotary).turn(target, headWidth: headWidth, back: back)
        }
    }

    /// Queries by their positions; its own transpose.
    private func scale(_ queries: MatrixView, _ layout: WaveLayout) {
        guard let temperature else { return }
        RowKernels.scale(queries, rowsBy: layout.places.map(temperature.factor))
    }

    /// What the output projection reads, [tokens, heads * headWidth].
    struct Heads {
        let output: MatrixView
        /// What the gate multiplied, and the gate behind its sigmoid; nil where there is none.
        fileprivate let gated: (heads: MatrixView, gates: MatrixView)?

        /// Turns the slopes of `output` into those of what the gate multiplied, in place.
        ///
        /// - Returns: the slopes of what the gate's projection gives; nil where there is no gate.
        func pullGate(_ slopes: MatrixView, _ context: BlockContext) -> MatrixView? {
            guard let gated else { return nil }
            // g (1 - g) = g - g g.
            let result = context.scratch.copy(gated.gates)
            RowKernels.multiply(result, gated.gates)
            RowKernels.scale(result, by: -1)
            RowKernels.add(result, gated.gates)
            RowKernels.multiply(result, gated.heads)
            RowKernels.multiply(result, slopes)
            RowKernels.multiply(slopes, gated.gates)
            return result
        }
    }

    /// - Parameter x: normalised stream, [tokens, hidden].
    func heads(
        _ inputs: Inputs, _ x: MatrixView, layout: WaveLayout, context: BlockContext
    ) throws -> Heads {
        let result = context.scratch.matrix(
            rows: inputs.queries.rows, columns: heads * headWidth)
        CausalAttention(
            heads: heads, keyValueHeads: keyValueHeads, headWidth: headWidth, scale: scale,
            window: window, softCap: softCap
        ).run(
            queries: inputs.queries, keys: inputs.keys, values: inputs.values,
            spans: layout.sequences.map { AttentionSpan(queries: $0, keys: [$0]) },
            sinks: try sinks.map { try context.weights.vector($0) }, into: result)
        guard let outputGate else { return Heads(output: result, gated: nil) }
        let gates = context.scratch.matrix(rows: result.rows, columns: result.columns)
        try context.project(x, outputGate, into: gates)
        RowKernels.activate(gates, .sigmoid)
        let output = context.scratch.copy(result)
        RowKernels.multiply(output, gates)
        return Heads(output: output, gated: (result, gates))
    }

    /// dL/d(queries, keys, values) as they were projected, from dL/d(heads' outputs).
    ///
    /// - Parameters:
    ///   - output: [tokens, heads * headWidth].
    ///   - tensors: takes the gradients of norms and sinks; nil where none are wanted.
    func gradient(
        _ inputs: Inputs, output: MatrixView, layout: WaveLayout, context: BlockContext,
        tensors: inout TensorGradients?
    ) throws -> Inputs {
        var slopes = try attend(
            inputs, output: output, layout: layout, context: context, tensors: &tensors)
        scale(slopes.queries, layout)
        if normsFollowRotation { slopes = try pullNorms(slopes, inputs, context, &tensors) }
        turn(slopes, layout, back: true)
        if let clip {
            if let clipped = inputs.clipped {
                RowGradients.clamp(slopes.queries, clamped: clipped.queries, to: clip)
                RowGradients.clamp(slopes.keys, clamped: clipped.keys, to: clip)
            }
            RowGradients.clamp(slopes.values, clamped: inputs.values, to: clip)
        }
        if !normsFollowRotation { slopes = try pullNorms(slopes, inputs, context, &tensors) }
        return slopes
    }

    private func pullNorms(
        _ slopes: Inputs, _ inputs: Inputs, _ context: BlockContext,
        _ tensors: inout TensorGradients?
    ) throws -> Inputs {
        Inputs(
            queries: try context.pullHeads(
                queryNorm, inputs.normalised.queries, slopes.queries, &tensors),
            keys: try context.pullHeads(keyNorm, inputs.normalised.keys, slopes.keys, &tensors),
            values: slopes.values)
    }

    /// dL/d(queries, keys, values) as attention reads them.
    ///
    /// With C = cap(scale Q K') and P = softmax(C + mask): dV = P' dO, dP = dO V',
    /// dC = P (dP - rowsum(dP P)), dS = dC (1 - (C / cap)^2), dQ = scale dS K, dK = scale dS' Q;
    /// a sink's slope is what the rows of dC lack to sum to 0.
    private func attend(
        _ inputs: Inputs, output: MatrixView, layout: WaveLayout, context: BlockContext,
        tensors: inout TensorGradients?
    ) throws -> Inputs {
        func zeros(_ like: MatrixView) -> MatrixView {
            context.scratch.zeros(rows: output.rows, columns: like.columns)
        }
        let result = Inputs(
            queries: zeros(inputs.queries), keys: zeros(inputs.keys), values: zeros(inputs.values))
        let groups = keyValueHeads
        let sequences = layout.sequences
        let sink = try sinks.map { try context.weights.vector($0) }
        // A row for each sequence: tasks of one head must not add to one number.
        let sinkSlopes = MatrixView(rows: sequences.count, columns: heads)
        // Heads of a group add to the same keys: a group of a sequence is one task.
        Parallel.forEach(sequences.count * groups) { task in
            let rows = sequences[task / groups]
            let group = task % groups
            let height = min(Self.tile, rows.count)
            let scratch = TileScratch(
                scores: MatrixView(rows: height, columns: rows.count),
                slopes: MatrixView(rows: height, columns: rows.count),
                capped: softCap.map { _ in MatrixView(rows: height, columns: rows.count) })
            for head in group * (heads / groups)..<(group + 1) * (heads / groups) {
                for start in stride(from: 0, to: rows.count, by: Self.tile) {
                    let tile = start..<min(rows.count, start + Self.tile)
                    gradient(
                        Tile(
                            head: head, group: group, sequence: rows, queries: tile,
                            sink: sink?.columns(head..<head + 1),
                            sinkSlope: sinkSlopes.rows(task / groups..<task / groups + 1)
                                .columns(head..<head + 1)),
                        inputs, output, scratch, result)
                }
            }
        }
        if let sinks, let place = try tensors?.vector(sinks, context) {
            RowGradients.sumColumns(sinkSlopes, addingTo: place)
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
        /// [1, 1], the head's; nil where it has none.
        let sink: MatrixView?
        /// [1, 1], takes the sink's slope.
        let sinkSlope: MatrixView
    }

    /// Of one task, each [tile, longest].
    private struct TileScratch {
        let scores: MatrixView
        let slopes: MatrixView
        /// Where scores are capped.
        let capped: MatrixView?
    }

    /// - Parameter result: takes what the tile adds.
    private func gradient(
        _ tile: Tile, _ inputs: Inputs, _ output: MatrixView, _ scratch: TileScratch,
        _ result: Inputs
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
        let scores = scratch.scores.rows(0..<q.rows).columns(0..<seen.count)
        let slopes = scratch.slopes.rows(0..<q.rows).columns(0..<seen.count)
        let capped = scratch.capped?.rows(0..<q.rows).columns(0..<seen.count)
        scores.assignProduct(q, k, transposingRight: true, scale: scale)
        slopes.assignProduct(slope, v, transposingRight: true)
        if let softCap {
            RowKernels.softCap(scores, cap: softCap)
            capped?.assign(scores)
        }
        for (row, query) in tile.queries.enumerated() {
            let from = window.map { max(0, query - $0 + 1) } ?? 0
            let line = scores.rows(row..<row + 1)
            let visible = from - first..<query + 1 - first
            RowKernels.softmax(line.columns(visible), sink: tile.sink)
            line.columns(0..<visible.lowerBound).fill(0)
            line.columns(visible.upperBound..<seen.count).fill(0)
        }
        // dV first: it reads the probabilities, which then become dC.
        part(result.values, seen, tile.group).assignProduct(
            scores, slope, transposingLeft: true, accumulate: true)
        for row in 0..<q.rows {
            RowGradients.softmax(scores, slopes: slopes, row: row, columns: 0..<seen.count)
        }
        if tile.sink != nil {
            let ones = MatrixView(rows: 1, columns: seen.count)
            ones.fill(1)
            let sum = (0..<q.rows).reduce(0.0) { $0 + scores.rows($1..<$1 + 1).dot(ones) }
            tile.sinkSlope[0, 0] -= Float(sum)
        }
        if let softCap, let capped { RowGradients.softCap(scores, capped: capped, cap: softCap) }
        part(result.queries, tile.queries, tile.head).assignProduct(scores, k, scale: scale)
        part(result.keys, seen, tile.group).assignProduct(
            scores, q, transposingLeft: true, scale: scale, accumulate: true)
    }
}
