// The recurrence of a Mamba-2 mixer, per head and sequence, on all cores.

import Kernels

package enum StateSpace {
    /// For each head S = exp(d A) S + d u B'; y = S C + skip u, with d = softplus(step + bias)
    /// within the limits and A = -exp(decayLog); y replaces `signal`. States are f32 and start at
    /// zero, or where `kept` has them.
    ///
    /// - Parameters:
    ///   - signal: u, [tokens, heads * width], replaced by y.
    ///   - steps: [tokens, heads], before bias and softplus.
    ///   - stepBias, decayLog, skip: [1, heads].
    ///   - inputs, outputs: B and C, [tokens, groups * states]; heads in a row share a group.
    ///   - kept: of each sequence, read and brought up to date; nil: all begin here.
    package static func run(
        signal: MatrixView, steps: MatrixView, stepBias: MatrixView,
        stepLimits: ClosedRange<Float>, inputs: MatrixView, outputs: MatrixView, groups: Int,
        decayLog: MatrixView, skip: MatrixView, sequences: [Range<Int>], kept: [ScanState]? = nil
    ) {
        let heads = steps.columns
        precondition(kept?.count ?? sequences.count == sequences.count, "a state for each sequence")
        precondition(heads > 0 && signal.columns % heads == 0, "heads do not fill the row")
        precondition(heads % groups == 0 && inputs.columns % groups == 0, "groups of one size")
        precondition(inputs.columns == outputs.columns, "states differ")
        precondition(
            [stepBias, decayLog, skip].allSatisfy { $0.columns == heads }, "a value for each head")
        let (width, states) = (signal.columns / heads, inputs.columns / groups)
        Parallel.forEach(heads * sequences.count) { task in
            let (head, index) = (task % heads, task / heads)
            let sequence = sequences[index]
            guard !sequence.isEmpty else { return }
            let state =
                kept.map { $0[index].states.rows(head * width..<(head + 1) * width) }
                ?? MatrixView(rows: width, columns: states)
            precondition(state.columns == states && state.isContiguous, "a state of another shape")
            let (first, group) = (sequence.lowerBound, head / (heads / groups))
            unsafe kernels_state_space(
                signal.pointer(row: first) + head * width, signal.stride,
                steps.pointer(row: first) + head, steps.stride, stepBias[0, head],
                stepLimits.lowerBound, stepLimits.upperBound,
                inputs.pointer(row: first) + group * states, inputs.stride,
                outputs.pointer(row: first) + group * states, outputs.stride, decayLog[0, head],
                skip[0, head], width, states, sequence.count, state.pointer(row: 0))
        }
    }
}
