// What the least squares and the tuning of one layer get from the fold of the whole model.

import Model
import TensorMath

/// What a part of a fold works on: the stream it gets, and the one it shall make, [tokens, hidden]
/// each.
struct FoldTask {
    let waves: [ForwardPass.Wave]
    let stream: MatrixView
    let target: MatrixView
    /// Reads the original's weights, redirected ones in place of their own.
    let context: BlockContext
    /// Says how far the part is; throws to stop the work.
    let tell: (String) throws -> Void

    /// Sums Z'Z and Z'(target - stream - bias) over all waves.
    func accumulate(
        features: Int, bias: MatrixView?,
        _ compute: (_ wave: ForwardPass.Wave, _ stream: MatrixView) throws -> MatrixView
    ) throws -> GramAccumulator {
        var sums = GramAccumulator(features: features, targets: stream.columns)
        for wave in waves {
            try tell("\(wave.tokens.upperBound) of \(stream.rows) tokens")
            let input = stream.rows(wave.tokens)
            let wanted = MatrixView(rows: input.rows, columns: input.columns)
            wanted.assign(target.rows(wave.tokens))
            wanted.subtract(input)
            if let bias {
                let negative = MatrixView(rows: 1, columns: bias.columns)
                negative.subtract(bias)
                RowKernels.addBias(wanted, negative)
            }
            sums.add(features: try compute(wave, input), targets: wanted)
        }
        return sums
    }
}
