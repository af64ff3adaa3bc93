// What merge weights are judged by, and its derivative by the last stream: cross-entropy of the
// next token, or the divergence KL(original || folded) of its distribution.

import Foundation
import Model
import TensorMath

/// Cross-entropy of the next token, or KL(original || folded), both in nats.
package enum LearnObjective: String, Sendable, CaseIterable {
    case loss, kl
}

/// From the stream [tokens, hidden] behind the last layer to a loss in nats, and its derivative by
/// the stream.
struct LossHead {
    private let forward: ForwardPass
    private let head: OutputHead
    /// The original's head, for KL.
    private let original: OutputHead?

    init(_ weights: ModelWeights, original: ModelWeights?) throws {
        forward = ForwardPass(weights: weights, mode: .float32)
        head = try OutputHead(forward)
        self.original = try original.map {
            try OutputHead(ForwardPass(weights: $0, mode: .float32))
        }
    }

    /// The sum over `rows` in nats; adds its derivative to `gradient`.
    ///
    /// - Parameters:
    ///   - stream: [tokens, hidden], before the final norm.
    ///   - teacher: the original's stream, same shape; nil for cross-entropy.
    ///   - rows: tokens that predict, with the ids they should.
    ///   - gradient: as `stream`; nil where only the loss is wanted.
    func evaluate(
        _ stream: MatrixView, teacher: MatrixView?, rows: [Int], targets: [Int32],
        gradient: MatrixView?
    ) throws -> Double {
        var total = 0.0
        var start = 0
        while start < rows.count {
            let chunk = start..<min(rows.count, start + head.chunkTokens)
            let inputs = head.gather(stream, rows[chunk])
            let logits = try head.logits(inputs)
            let sums = head.logSumExp(logits)
            if let teacher, let original {
                let wanted = try original.logits(original.gather(teacher, rows[chunk]))
                total += divergence(
                    logits, sums, wanted, original.logSumExp(wanted), slopes: gradient != nil)
            } else {
                total += surprise(logits, sums, targets[chunk], slopes: gradient != nil)
            }
            if let gradient { try pull(logits, inputs, rows[chunk], gradient) }
            start = chunk.upperBound
        }
        return total
    }

    /// Turns logits into p - onehot where `slopes`.
    private func surprise(
        _ logits: MatrixView, _ sums: [Double], _ targets: ArraySlice<Int32>, slopes: Bool
    ) -> Double {
        var total = 0.0
        for (row, target) in targets.enumerated() {
            total += sums[row] - Double(logits[row, Int(target)])
        }
        guard slopes else { return total }
        RowKernels.softmax(logits)
        for (row, target) in targets.enumerated() { logits[row, Int(target)] -= 1 }
        return total
    }

    /// KL of each row, sum q (log q - log p); turns logits into p - q where `slopes`.
    private func divergence(
        _ logits: MatrixView, _ sums: [Double], _ wanted: MatrixView, _ wantedSums: [Double],
        slopes: Bool
    ) -> Double {
        // A float each for the sum and its rounding, because threads write to buffers of floats.
        let parts = MatrixView(rows: logits.rows, columns: 2)
        Parallel.forEach(logits.rows) { row in
            let (found, right) = (logits.row(row), wanted.row(row))
            var sum = 0.0
            for column in found.indices {
                let log = Double(right[column]) - wantedSums[row]
                sum += exp(log) * (log - Double(found[column]) + sums[row])
            }
            parts[row, 0] = Float(sum)
            parts[row, 1] = Float(sum - Double(Float(sum)))
        }
        if slopes {
            RowKernels.softmax(logits)
            RowKernels.softmax(wanted)
            logits.subtract(wanted)
        }
        return (0..<parts.rows).reduce(0) { $0 + Double(parts[$1, 0]) + Double(parts[$1, 1]) }
    }

    /// Through the output projection and the final norm, back to the rows of the stream.
    private func pull(
        _ slopes: MatrixView, _ inputs: MatrixView, _ rows: ArraySlice<Int>, _ gradient: MatrixView
    ) throws {
        let blueprint = forward.weights.blueprint
        let normal = MatrixView(rows: inputs.rows, columns: inputs.columns)
        normal.assignProduct(
            slopes, try forward.weights.source.weight(blueprint.outputHead).floats())
        let result = MatrixView(rows: inputs.rows, columns: inputs.columns)
        RowGradients.rmsNorm(
            inputs, gain: try forward.weights.vector(blueprint.finalNorm.tensor),
            norm: blueprint.finalNorm, output: normal, addingTo: result, gainGradient: nil)
        for (index, row) in rows.enumerated() {
            RowKernels.add(gradient.rows(row..<row + 1), result.rows(index..<index + 1))
        }
    }
}
