// Depthwise convolution over the tokens of each sequence, on all cores.

import Kernels

package enum CausalConvolution {
    /// Channels one task works on: a few cache lines of every row.
    private static let channels = 64

    /// out[t, c] = bias[c] + sum_k weight[c, k] * x[t - K + 1 + k, c].
    ///
    /// - Parameters:
    ///   - x: [tokens, channels].
    ///   - weight: [channels, K].
    ///   - bias: [1, channels].
    ///   - kept: of each sequence, read and brought up to date; nil: all begin here.
    ///   - output: [tokens, channels].
    package static func run(
        _ x: MatrixView, weight: MatrixView, bias: MatrixView?, sequences: [Range<Int>],
        kept: [ScanState]? = nil, into output: MatrixView
    ) {
        precondition(kept?.count ?? sequences.count == sequences.count, "a state for each sequence")
        precondition(weight.rows == x.columns && weight.columns > 0, "a filter for each channel")
        precondition(bias?.columns ?? x.columns == x.columns, "a bias for each channel")
        precondition(output.isShaped(like: x), "shapes differ")
        precondition(
            kept?.allSatisfy {
                $0.inputs.rows == weight.columns - 1 && $0.inputs.columns == x.columns
            } ?? true, "states of another convolution")
        let taps = weight.transposed(columns: Array(0..<weight.columns))
        let blocks = (x.columns + channels - 1) / channels
        Parallel.forEach(blocks) { index in
            let block = index * channels..<min(x.columns, (index + 1) * channels)
            for (index, sequence) in sequences.enumerated() where !sequence.isEmpty {
                let past = kept?[index].inputs
                unsafe kernels_convolve(
                    x.pointer(row: sequence.lowerBound) + block.lowerBound, x.stride,
                    past.map { unsafe UnsafePointer($0.pointer(row: 0) + block.lowerBound) },
                    past?.stride ?? 0, taps.pointer(row: 0) + block.lowerBound, taps.stride,
                    bias.map { unsafe UnsafePointer($0.pointer(row: 0) + block.lowerBound) },
                    taps.rows, block.count, sequence.count,
                    output.pointer(row: sequence.lowerBound) + block.lowerBound, output.stride)
                if let past { remember(x, sequence, channels: block, in: past) }
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
}
