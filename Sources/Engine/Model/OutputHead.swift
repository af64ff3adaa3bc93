// From the residual stream to logits: whole rows for `forward`, and streamed token losses for
// perplexity, which never hold more than one chunk of logits.

package import TensorMath

/// Final norm, output projection and what is measured on the logits.
package struct OutputHead {
    private let forward: ForwardPass
    private let context: BlockContext

    /// Logits computed at once hold at most this many floats (64 MiB).
    private static let chunkFloats = 16 << 20

    package init(_ forward: ForwardPass) throws {
        self.forward = forward
        context = BlockContext(
            product: try MatrixProduct(mode: forward.mode), weights: forward.weights)
    }

    private var blueprint: ModelBlueprint { forward.weights.blueprint }

    /// Tokens whose logits fit a chunk.
    package var chunkTokens: Int { max(1, Self.chunkFloats / blueprint.vocabularySize) }

    /// Logits [rows, vocabulary] of rows of the stream (before the final norm).
    package func logits(_ stream: MatrixView) throws -> MatrixView {
        let normal = try forward.finalNorm(stream)
        let result = MatrixView(rows: stream.rows, columns: blueprint.vocabularySize)
        let weight = try forward.weights.source.weight(blueprint.outputHead)
        try context.product.multiply(normal, weight, into: result)
        if let cap = blueprint.finalSoftCap { RowKernels.softCap(result, cap: cap) }
        return result
    }

    /// Negative log-likelihood, in nats, of `targets[i]` given the stream at row `rows[i]`.
    package func losses(
        _ stream: MatrixView, rows: [Int], targets: [Int32], observer: some WorkObserver
    ) throws -> [Double] {
        precondition(rows.count == targets.count, "a target for each row")
        var losses = [Double](repeating: 0, count: rows.count)
        var start = 0
        while start < rows.count {
            try observer.checkpoint()
            let chunk = start..<min(rows.count, start + chunkTokens)
            let gathered = MatrixView(rows: chunk.count, columns: stream.columns)
            for (index, row) in rows[chunk].enumerated() {
                gathered.rows(index..<index + 1).assign(stream.rows(row..<row + 1))
            }
            let logits = try logits(gathered)
            let results = FloatBuffer(count: 2 * chunk.count)
            Parallel.forEach(chunk.count) { index in
                // Split into two floats, because a buffer holds floats and a loss wants double.
                let sum = RowKernels.logSumExp(logits, row: index)
                let loss = sum - Double(logits[index, Int(targets[chunk.lowerBound + index])])
                results[2 * index] = Float(loss)
                results[2 * index + 1] = Float(loss - Double(Float(loss)))
            }
            for index in 0..<chunk.count {
                losses[chunk.lowerBound + index] =
                    Double(results[2 * index]) + Double(results[2 * index + 1])
            }
            start = chunk.upperBound
            observer.progress(
                done: start, total: rows.count, unit: "tokens", detail: "output head")
        }
        return losses
    }
}
