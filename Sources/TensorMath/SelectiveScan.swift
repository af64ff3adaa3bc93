// The two recurrences of a Mamba-1 mixer, per channel and sequence, on all cores.

import Kernels

package enum SelectiveScan {
    /// Channels one task works on: a cache line of every row.
    private static let channels = 16

    /// Depthwise causal convolution, then silu:
    /// out[t, c] = silu(bias[c] + sum_k weight[c, k] * x[t - K + 1 + k, c]).
    ///
    /// - Parameters:
    ///   - x: [tokens, channels].
    ///   - weight: [channels, K].
    ///   - bias: [1, channels].
    ///   - kept: of each sequence, read and brought up to date; nil: all begin here.
    ///   - output: [tokens, channels].
    package static func convolve(
        _ x: MatrixView, weight: MatrixView, bias: MatrixView?, sequences: [Range<Int>],
        kept: [ScanState]? = nil, into output: MatrixView
    ) {
        CausalConvolution.run(
            x, weight: weight, bias: bias, sequences: sequences, kept: kept, into: output)
        RowKernels.activate(output, .silu)
    }

    /// s = exp(d A) s + d u B; y = (s . C + skip u) silu(gate), with d = softplus(delta) and
    /// A = -exp(decayLog); y replaces `signal`. States are f32 and start at zero, or where `kept`
    /// has them.
    ///
    /// - Parameters:
    ///   - signal: u, [tokens, channels], replaced by y.
    ///   - delta: [tokens, channels] before softplus.
    ///   - inputs, outputs: B and C, [tokens, states].
    ///   - gate: [tokens, channels].
    ///   - decayLog: [channels, states].
    ///   - skip: [1, channels].
    ///   - kept: of each sequence, read and brought up to date; nil: all begin here.
    package static func run(
        signal: MatrixView, delta: MatrixView, inputs: MatrixView, outputs: MatrixView,
        gate: MatrixView, decayLog: MatrixView, skip: MatrixView, sequences: [Range<Int>],
        kept: [ScanState]? = nil
    ) {
        precondition(kept?.count ?? sequences.count == sequences.count, "a state for each sequence")
        precondition(decayLog.rows == signal.columns, "a decay for each channel")
        precondition(inputs.columns == decayLog.columns, "states differ")
        precondition(outputs.columns == decayLog.columns, "states differ")
        precondition(decayLog.columns <= 256, "more states than the kernel holds")
        forEachBlock(signal.columns) { block in
            for (index, sequence) in sequences.enumerated() where !sequence.isEmpty {
                for channel in block {
                    unsafe kernels_selective_scan(
                        signal.pointer(row: sequence.lowerBound) + channel, signal.stride,
                        delta.pointer(row: sequence.lowerBound) + channel, delta.stride,
                        gate.pointer(row: sequence.lowerBound) + channel, gate.stride,
                        inputs.pointer(row: sequence.lowerBound), inputs.stride,
                        outputs.pointer(row: sequence.lowerBound), outputs.stride,
                        decayLog.pointer(row: channel), skip[0, channel], decayLog.columns,
                        sequence.count, kept?[index].states.pointer(row: channel))
                }
            }
        }
    }

    private static func forEachBlock(_ count: Int, _ body: @Sendable (Range<Int>) -> Void) {
        let blocks = (count + channels - 1) / channels
        Parallel.forEach(blocks) { block in
            body(block * channels..<min(count, (block + 1) * channels))
        }
    }
}
