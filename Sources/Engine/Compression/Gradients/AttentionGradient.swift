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
            queries: MatrixView(rows: x.rows, columns: query.rows.count),
            keys: MatrixView(rows: x.rows, columns: key.rows.count),
            values: MatrixView(rows: x.rows, columns: value.rows.count))
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

    /// dL/d(queries, keys, values) before the rotation, from dL/d(heads' outputs).
    ///
    /// With P = softmax(scale Q K' + mask): dV = P' dO, dP = dO V',
    /// dS = P (dP - rowsum(dP P)), dQ = scale dS K, dK = scale dS' Q.
    ///
    /// - Parameter output: [tokens, heads * headWidth].
    func gradient(_ inputs: Inputs, output: MatrixView, layout: WaveLayout) -> Inputs {
        let result = Inputs(
            queries: MatrixView(rows: output.rows, columns: inputs.queries.columns),
            keys: MatrixView(rows: output.rows, columns: inputs.keys.columns),
            values: MatrixView(rows: output.rows, columns: inputs.values.columns))
        let groups = keyValueHeads
        let sequences = layout.sequences
        // Heads of a group add to the same keys: a group of a sequence is one task.
        Parallel.forEach(sequences.count * groups) { task in
            let rows = sequences[task / groups]
            let group = task % groups
            let scores = MatrixView(rows: rows.count, columns: rows.count)
            let slopes = MatrixView(rows: rows.count, columns: rows.count)
            for head in group * (heads / groups)..<(group + 1) * (heads / groups) {
                gradient(
                    head: head, group: group, rows: rows, inputs, output, scores, slopes, result)
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

    private func gradient(
        head: Int, group: Int, rows: Range<Int>, _ inputs: Inputs, _ output: MatrixView,
        _ scores: MatrixView, _ slopes: MatrixView, _ result: Inputs
    ) {
        func part(_ matrix: MatrixView, _ index: Int) -> MatrixView {
            matrix.rows(rows).columns(index * headWidth..<(index + 1) * headWidth)
        }
        let (q, k, v) = (
            part(inputs.queries, head), part(inputs.keys, group), part(inputs.values, group)
        )
        let slope = part(output, head)
        scores.assignProduct(q, k, transposingRight: true, scale: scale)
        slopes.assignProduct(slope, v, transposingRight: true)
        for row in 0..<rows.count {
            let first = window.map { max(0, row - $0 + 1) } ?? 0
            let line = scores.rows(row..<row + 1)
            RowKernels.softmax(line.columns(first..<row + 1))
            line.columns(0..<first).fill(0)
            line.columns(row + 1..<rows.count).fill(0)
        }
        // dV first: it reads the probabilities, which then become dS.
        part(result.values, group).assignProduct(
            scores, slope, transposingLeft: true, accumulate: true)
        for row in 0..<rows.count {
            let (probabilities, wanted) = (scores.row(row), slopes.row(row))
            var mean = 0.0
            for column in 0...row { mean += Double(probabilities[column]) * Double(wanted[column]) }
            for column in 0...row {
                scores[row, column] = probabilities[column] * (wanted[column] - Float(mean))
            }
        }
        part(result.queries, head).assignProduct(scores, k, scale: scale)
        part(result.keys, group).assignProduct(
            scores, q, transposingLeft: true, scale: scale, accumulate: true)
    }
}
