// The two recurrences of a Mamba-1 mixer, per channel and sequence, on all cores.

import Kernels

/// What a sequence leaves for the tokens that follow it.
package struct ScanState: Sendable {
    /// The last inputs of the convolution, oldest first, [K - 1, channels].
    package let inputs: MatrixView
    /// [channels, states].
    package let states: MatrixView

    /// Of a sequence that has not begun.
    package init(channels: Int, filterWidth: Int, states: Int) {
        inputs = MatrixView(rows: filterWidth - 1, columns: channels)
        self.states = MatrixView(rows: channels, columns: states)
    }

    package func clear() {
        inputs.fill(0)
        states.fill(0)
    }
}

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
        precondition(kept?.count ?? sequences.count == sequences.count, "a state for each sequence")
        precondition(weight.rows == x.columns, "a filter for each channel")
        precondition(output.rows == x.rows && output.columns == x.columns, "shapes differ")
        let width = weight.columns
        forEachBlock(x.columns) { block in
            for (index, sequence) in sequences.enumerated() {
                let past = kept?[index].inputs
                for token in sequence {
                    for channel in block {
                        var sum = bias.map { $0[0, channel] } ?? 0
                        for tap in 0..<width {
                            let source = token - width + 1 + tap
                            if source >= sequence.lowerBound {
                                sum += weight[channel, tap] * x[source, channel]
                            } else if let past {
                                let row = source - sequence.lowerBound + width - 1
                                sum += weight[channel, tap] * past[row, channel]
                            }
                        }
                        output[token, channel] = sum
                    }
                }
                if let past { remember(x, sequence, channels: block, in: past) }
            }
        }
        let ones = MatrixView(rows: 1, columns: x.columns)
        ones.fill(1)
        Parallel.forEachRun(of: x.rows, grain: max(1, 16_384 / max(1, x.columns))) { run in
            for row in run {
                let line = unsafe output.pointer(row: row)
                unsafe kernels_silu_multiply(line, ones.pointer(row: 0), x.columns, line)
            }
        }
    }

    /// Moves the last inputs up to the end of a sequence.
    private static func remember(
        _ x: MatrixView, _ sequence: Range<Int>, channels: Range<Int>, in past: MatrixView
    ) {
        for row in 0..<past.rows {
            let source = sequence.upperBound - past.rows + row
            for channel in channels {
                // Rows that are read lie behind those written.
                past[row, channel] =
                    source >= sequence.lowerBound
                    ? x[source, channel] : past[row + sequence.count, channel]
            }
        }
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
