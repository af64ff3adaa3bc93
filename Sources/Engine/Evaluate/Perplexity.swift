// Perplexity of a text: exp of the mean negative log-likelihood per predicted token.
//
// The whole file is tokenised once, without special tokens, and cut into windows of W tokens.
// Every window is scored on its own: its first token is context only, the W - 1 others are
// predicted. Tokens weigh equally: perplexity = exp(sum of losses / number of predicted tokens).
// Without a limit the windows are disjoint and cover the text (a last window of at least two
// tokens counts); with a limit n, n windows start at evenly spaced places.

import Foundation
import TensorMath

package struct PerplexityResult: Sendable, Equatable {
    /// Mean loss in nats per predicted token.
    package var meanLoss: Double
    /// Standard error of the mean loss, over windows.
    package var standardError: Double
    package var tokens: Int
    package var windows: Int

    package var perplexity: Double { exp(meanLoss) }
    /// First-order error of the perplexity: perplexity * standard error of the mean loss.
    package var perplexityStandardError: Double { perplexity * standardError }
}

package enum EvaluationError: Error, Equatable, CustomStringConvertible {
    case textTooShort(path: String, tokens: Int)
    case windowTooSmall(window: Int)

    package var description: String {
        switch self {
        case .textTooShort(let path, let tokens):
            "\(path): \(tokens) tokens; perplexity needs at least 2: give a longer text"
        case .windowTooSmall(let window):
            "window \(window): at least 2 tokens are needed, one of them is predicted"
        }
    }
}

package enum Perplexity {
    /// Hidden states of a batch hold at most this many floats (1 GiB); a larger text passes
    /// through the model in several batches.
    private static let batchFloats = 256 << 20

    /// Windows of a token list, see the head of this file.
    package static func windows(
        of tokens: [Int32], length: Int, limit: Int?
    ) throws(EvaluationError) -> [[Int32]] {
        guard length >= 2 else { throw .windowTooSmall(window: length) }
        if let limit, tokens.count > length {
            let last = tokens.count - length
            let count = min(limit, last + 1)
            return (0..<count).map { index in
                let start = count == 1 ? 0 : last * index / (count - 1)
                return Array(tokens[start..<start + length])
            }
        }
        return stride(from: 0, to: tokens.count, by: length).map {
            Array(tokens[$0..<min(tokens.count, $0 + length)])
        }.filter { $0.count >= 2 }
    }

    package static func measure(
        windows: [[Int32]], forward: ForwardPass, observer: some WorkObserver
    ) throws -> PerplexityResult {
        let width = forward.weights.blueprint.hiddenWidth
        let longest = windows.map(\.count).max() ?? 1
        let perBatch = max(1, batchFloats / (width * longest))
        let head = try OutputHead(forward)
        var perWindow: [(sum: Double, count: Int)] = []
        var start = 0
        while start < windows.count {
            let batch = PackedSequences(
                Array(windows[start..<min(windows.count, start + perBatch)]))
            let stream = try forward.run(batch, observer: observer)
            let rows = batch.ranges.flatMap { Array($0.dropLast()) }
            let targets = rows.map { batch.tokens[$0 + 1] }
            let losses = try head.losses(stream, rows: rows, targets: targets, observer: observer)
            var place = 0
            for range in batch.ranges {
                let count = range.count - 1
                perWindow.append((losses[place..<place + count].reduce(0, +), count))
                place += count
            }
            start += perBatch
        }
        return summarise(perWindow)
    }

    /// Token-weighted mean and the standard error of a ratio of sums over windows.
    static func summarise(_ windows: [(sum: Double, count: Int)]) -> PerplexityResult {
        let tokens = windows.reduce(0) { $0 + $1.count }
        let mean = windows.reduce(0) { $0 + $1.sum } / Double(max(1, tokens))
        let count = Double(windows.count)
        let spread = windows.reduce(0.0) { partial, window in
            let residual = window.sum - mean * Double(window.count)
            return partial + residual * residual
        }
        let error =
            windows.count < 2
            ? 0 : (spread * count / (count - 1)).squareRoot() / Double(tokens)
        return PerplexityResult(
            meanLoss: mean, standardError: error, tokens: tokens, windows: windows.count)
    }
}
