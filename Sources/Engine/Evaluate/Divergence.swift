// How far a folded model's predictions are from the original's on a text: the mean of
// KL(original || model) over tokens, in nats, and the share of tokens on which both find the same
// token the most likely.

import Foundation
import TensorMath

package enum Divergence {
    package struct Result: Sendable, Equatable {
        package var divergence: Double
        package var divergenceError: Double
        package var agreement: Double
        package var agreementError: Double
        package var tokens: Int

        package var figures: [TaskFigure] {
            [
                TaskFigure(
                    metric: "kl_divergence", value: divergence, standardError: divergenceError,
                    count: tokens),
                TaskFigure(
                    metric: "top1_agreement", value: agreement, standardError: agreementError,
                    count: tokens),
            ]
        }

        /// Of a model to itself.
        package static func none(tokens: Int) -> Result {
            Result(
                divergence: 0, divergenceError: 0, agreement: 1, agreementError: 0,
                tokens: tokens)
        }
    }

    /// Streams of both models hold at most this many floats each (1 GiB).
    private static let batchFloats = 256 << 20

    /// Both models pass over the same windows, layer by layer, one after the other; logits of
    /// both exist for one chunk of tokens at a time. Errors are over windows.
    package static func measure(
        windows: [Perplexity.Window], original: ForwardPass, model: ForwardPass,
        observer: some WorkObserver
    ) throws -> Result {
        let vocabulary = original.weights.blueprint.vocabularySize
        guard vocabulary == model.weights.blueprint.vocabularySize else {
            throw EvaluationError.vocabulariesDiffer(
                original: vocabulary, model: model.weights.blueprint.vocabularySize)
        }
        let heads = (try OutputHead(original), try OutputHead(model))
        let width = max(
            original.weights.blueprint.hiddenWidth, model.weights.blueprint.hiddenWidth)
        let longest = windows.map(\.tokens.count).max() ?? 1
        let perBatch = max(1, batchFloats / (width * longest))
        var sums: [(divergence: Double, agreement: Double, count: Int)] = []
        var start = 0
        while start < windows.count {
            let chunk = windows[start..<min(windows.count, start + perBatch)]
            let batch = PackedSequences(chunk.map(\.tokens))
            let streams = (
                try original.run(batch, observer: observer),
                try model.run(batch, observer: observer)
            )
            let scored = zip(batch.ranges, chunk).map { range, window in
                range.lowerBound + window.firstPredicted - 1..<range.upperBound - 1
            }
            let rows = scored.flatMap { Array($0) }
            let found = try compare(heads, streams, rows: rows, observer: observer)
            var place = 0
            for range in scored {
                let part = found[place..<place + range.count]
                sums.append(
                    (
                        part.reduce(0) { $0 + $1.divergence },
                        part.reduce(0) { $0 + ($1.agrees ? 1 : 0) }, range.count
                    ))
                place += range.count
            }
            start += perBatch
        }
        let divergence = Perplexity.summarise(sums.map { ($0.divergence, $0.count) })
        let agreement = Perplexity.summarise(sums.map { ($0.agreement, $0.count) })
        return Result(
            divergence: divergence.meanLoss, divergenceError: divergence.standardError,
            agreement: agreement.meanLoss, agreementError: agreement.standardError,
            tokens: divergence.tokens)
    }

    private static func compare(
        _ heads: (OutputHead, OutputHead), _ streams: (MatrixView, MatrixView), rows: [Int],
        observer: some WorkObserver
    ) throws -> [(divergence: Double, agrees: Bool)] {
        var result: [(divergence: Double, agrees: Bool)] = []
        var start = 0
        while start < rows.count {
            try observer.checkpoint()
            let chunk = rows[start..<min(rows.count, start + heads.0.chunkTokens)]
            let left = try heads.0.logits(heads.0.gather(streams.0, chunk))
            let right = try heads.1.logits(heads.1.gather(streams.1, chunk))
            let sums = (heads.0.logSumExp(left), heads.1.logSumExp(right))
            let divergences = FloatBuffer(count: chunk.count)
            let agreements = FloatBuffer(count: chunk.count)
            Parallel.forEach(chunk.count) { row in
                let (p, q) = (left.row(row), right.row(row))
                var divergence = 0.0
                var best = (0, 0)
                for index in p.indices {
                    let logP = Double(p[index]) - sums.0[row]
                    divergence += exp(logP) * (logP - (Double(q[index]) - sums.1[row]))
                    if p[index] > p[best.0] { best.0 = index }
                    if q[index] > q[best.1] { best.1 = index }
                }
                // Rounding may leave a hair below zero, which no divergence is.
                divergences[row] = Float(max(0, divergence))
                agreements[row] = best.0 == best.1 ? 1 : 0
            }
            for row in 0..<chunk.count {
                result.append((Double(divergences[row]), agreements[row] == 1))
            }
            start = chunk.endIndex
            observer.progress(
                done: start, total: rows.count, unit: "tokens", detail: "comparing predictions")
        }
        return result
    }
}
