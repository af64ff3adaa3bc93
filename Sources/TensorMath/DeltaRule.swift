// The gated delta rule, per value head and sequence, on all cores.

import Kernels

package enum DeltaRule {
    /// Widest value head.
    package static let valueWidthMax = 1024

    /// For each value head S = exp(g) S; S = S + k (sigmoid(strength) (v - S'k))'; out = S'q, with
    /// g = -exp(decayLog) softplus(decay + bias); `out` replaces `values`. States are f32 and start
    /// at zero, or where `kept` has them.
    ///
    /// - Parameters:
    ///   - queries, keys: [tokens, key heads * keyWidth]; value heads in a row share a key head.
    ///   - values: [tokens, value heads * value width], replaced.
    ///   - decays, strengths: [tokens, value heads].
    ///   - decayBias, decayLog: [1, value heads].
    ///   - kept: of each sequence, read and brought up to date; nil: all begin here.
    package static func run(
        queries: MatrixView, keys: MatrixView, values: MatrixView, decays: MatrixView,
        strengths: MatrixView, decayBias: MatrixView, decayLog: MatrixView, keyWidth: Int,
        sequences: [Range<Int>], kept: [ScanState]? = nil
    ) {
        let (heads, keyHeads) = (decays.columns, keys.columns / keyWidth)
        precondition(kept?.count ?? sequences.count == sequences.count, "a state for each sequence")
        precondition(heads > 0 && values.columns % heads == 0, "heads do not fill the row")
        precondition(heads % keyHeads == 0 && queries.columns == keys.columns, "keys do not match")
        precondition(strengths.columns == heads, "a strength for each head")
        precondition(
            decayBias.columns == heads && decayLog.columns == heads, "a decay for each head")
        let valueWidth = values.columns / heads
        precondition(valueWidth <= valueWidthMax, "wider values than the kernel holds")
        Parallel.forEach(heads * sequences.count) { task in
            let (head, index) = (task % heads, task / heads)
            let sequence = sequences[index]
            guard !sequence.isEmpty else { return }
            let state =
                kept.map { $0[index].states.rows(head * keyWidth..<(head + 1) * keyWidth) }
                ?? MatrixView(rows: keyWidth, columns: valueWidth)
            precondition(
                state.columns == valueWidth && state.isContiguous, "a state of another shape")
            let (first, key) = (sequence.lowerBound, head / (heads / keyHeads) * keyWidth)
            unsafe kernels_delta_rule(
                queries.pointer(row: first) + key, queries.stride,
                keys.pointer(row: first) + key, keys.stride,
                values.pointer(row: first) + head * valueWidth, values.stride,
                decays.pointer(row: first) + head, decays.stride,
                strengths.pointer(row: first) + head, strengths.stride, decayBias[0, head],
                decayLog[0, head], keyWidth, valueWidth, sequence.count, state.pointer(row: 0))
        }
    }
}
