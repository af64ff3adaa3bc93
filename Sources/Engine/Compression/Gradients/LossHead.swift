// What merge weights are judged by, and its derivative by the last stream: cross-entropy of the
// next token, or the divergence KL(original || folded) of its distribution.

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
    private let product: MatrixProduct
    private let head: OutputHead
    /// The original's head, for KL.
    private let original: OutputHead?

    private var blueprint: ModelBlueprint { forward.weights.blueprint }

    init(_ weights: ModelWeights, original: ModelWeights?, mode: ComputeMode) throws {
        forward = ForwardPass(weights: weights, mode: mode)
        product = try MatrixProduct(mode: mode)
        head = try OutputHead(forward)
        self.original = try original.map {
            try OutputHead(ForwardPass(weights: $0, mode: mode))
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
        // Once for all chunks: in f32 a stored 16-bit matrix is widened whole.
        let matrix = try gradient.map { _ in
            product.factor(
                try forward.weights.source.weight(forward.weights.blueprint.outputHead))
        }
        let cap = blueprint.finalSoftCap
        var total = 0.0
        var start = 0
        while start < rows.count {
            let chunk = start..<min(rows.count, start + head.chunkTokens)
            let inputs = head.gather(stream, rows[chunk])
            let logits = try head.logits(inputs)
            // Scores become their slopes in place; the way back through a cap reads the scores.
            let capped = cap.flatMap { _ in gradient.map { _ in logits.copy() } }
            let sums = head.logSumExp(logits)
            if let teacher, let original {
                let wanted = try original.logits(original.gather(teacher, rows[chunk]))
                total += RowGradients.divergence(
                    found: logits, wanted: wanted, sums: (sums, original.logSumExp(wanted)))
            } else {
                total += surprise(logits, sums, targets[chunk], slopes: gradient != nil)
            }
            if let gradient, let matrix {
                if let cap, let capped {
                    RowGradients.softCap(logits, capped: capped, cap: cap)
                }
                if let scale = blueprint.logitScale { RowKernels.scale(logits, by: scale) }
                try pull(logits, by: matrix, inputs, rows[chunk], gradient)
            }
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

    /// Through the output projection and the final norm, back to the rows of the stream.
    private func pull(
        _ slopes: MatrixView, by matrix: ProductFactor, _ inputs: MatrixView,
        _ rows: ArraySlice<Int>, _ gradient: MatrixView
    ) throws {
        let normal = MatrixView(rows: inputs.rows, columns: inputs.columns)
        try product.multiply(product.factor(slopes), matrix, into: normal)
        let result = MatrixView(rows: inputs.rows, columns: inputs.columns)
        let context = BlockContext(product: product, weights: forward.weights)
        var none: TensorGradients?
        try context.pull(blueprint.finalNorm, inputs, normal, &none, addingTo: result)
        for (index, row) in rows.enumerated() {
            RowKernels.add(gradient.rows(row..<row + 1), result.rows(index..<index + 1))
        }
    }
}
