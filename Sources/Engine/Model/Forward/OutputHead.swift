// From the residual stream to logits: whole rows for `forward`, and streamed token losses for
// perplexity, which never hold more than one chunk of logits.

package import TensorMath

/// Final norm, output projection and what is measured on the logits.
package struct OutputHead {
    private let forward: ForwardPass
    private let context: BlockContext

    /// Logits computed at once hold at most this many floats (64 MiB).
    package static let chunkFloats = 16 << 20

    /// Bytes of the logits of as many rows, and of the states that they come from.
    package static func byteCount(_ blueprint: ModelBlueprint, rows: Int) -> Int {
        let chunk = min(rows, max(1, chunkFloats / blueprint.vocabularySize))
        return 4 * chunk * (blueprint.vocabularySize + 2 * blueprint.hiddenWidth)
    }

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
        let normal = context.scratch.matrix(rows: stream.rows, columns: stream.columns)
        try context.normalise(stream, blueprint.finalNorm, into: normal)
        let result = context.scratch.matrix(
            rows: stream.rows, columns: blueprint.vocabularySize)
        let weight = try forward.weights.source.weight(blueprint.outputHead)
        try context.product.multiply(normal, weight, into: result)
        if let bias = blueprint.headBias {
            RowKernels.addBias(result, try forward.weights.vector(bias))
        }
        if let scale = blueprint.logitScale { RowKernels.scale(result, by: scale) }
        if let cap = blueprint.finalSoftCap { RowKernels.softCap(result, cap: cap) }
        return result
    }

    /// Negative log-likelihood, in nats, of `targets[i]` given the stream at row `rows[i]`.
    package func losses(
        _ stream: MatrixView, rows: [Int], targets: [Int32], observer: some WorkObserver
    ) throws -> [Double] {
        precondition(rows.count == targets.count, "a target for each row")
        return try logLikelihoods(
            stream, rows: rows, targets: targets.map { [$0] }, observer: observer
        ).map { -$0[0] }
    }

    /// Log-likelihoods, in nats, of each of `targets[i]` given the stream at row `rows[i]`.
    package func logLikelihoods(
        _ stream: MatrixView, rows: [Int], targets: [[Int32]], observer: some WorkObserver
    ) throws -> [[Double]] {
        precondition(rows.count == targets.count, "targets for each row")
        for target in targets.joined() where !(0..<blueprint.vocabularySize).contains(Int(target)) {
            throw ModelError.tokenOutsideVocabulary(
                token: Int(target), vocabularySize: blueprint.vocabularySize)
        }
        var result: [[Double]] = []
        result.reserveCapacity(rows.count)
        var start = 0
        while start < rows.count {
            try observer.checkpoint()
            let chunk = start..<min(rows.count, start + chunkTokens)
            let logits = try logits(gather(stream, rows[chunk]))
            let sums = logSumExp(logits)
            for index in chunk {
                let row = index - chunk.lowerBound
                result.append(targets[index].map { Double(logits[row, Int($0)]) - sums[row] })
            }
            start = chunk.upperBound
            observer.progress(
                done: start, total: rows.count, unit: "tokens", detail: "output head")
        }
        return result
    }

    /// Rows of a stream as a matrix of their own.
    package func gather(_ stream: MatrixView, _ rows: ArraySlice<Int>) -> MatrixView {
        let gathered = MatrixView(rows: rows.count, columns: stream.columns)
        for (index, row) in rows.enumerated() {
            gathered.rows(index..<index + 1).assign(stream.rows(row..<row + 1))
        }
        return gathered
    }

    /// log(sum exp) of each row, in double.
    package func logSumExp(_ logits: MatrixView) -> [Double] {
        // Split into two floats, because a buffer holds floats and a sum wants double.
        let results = FloatBuffer(count: 2 * logits.rows)
        Parallel.forEach(logits.rows) { row in
            let sum = RowKernels.logSumExp(logits, row: row)
            results[2 * row] = Float(sum)
            results[2 * row + 1] = Float(sum - Double(Float(sum)))
        }
        return (0..<logits.rows).map { Double(results[2 * $0]) + Double(results[2 * $0 + 1]) }
    }
}
