// Perplexity of a text: exp of the mean negative log-likelihood per predicted token.
//
// The whole file is tokenised once, without special tokens, cut off after `limit` tokens where a
// limit is given, and read in windows of W tokens that start every `stride` tokens. Every window
// is scored on its own. Its first token is context only; of the others, those are predicted that
// no earlier window predicted. With stride = W (the default) windows are disjoint and each
// predicts W - 1 tokens; a last window of fewer than two tokens is left out. Tokens weigh
// equally: perplexity = exp(sum of losses / number of predicted tokens).

import Foundation
package import Model
import TensorMath

package struct PerplexityResult: Sendable, Equatable {
    /// Mean loss in nats per predicted token.
    var meanLoss: Double
    /// Standard error of the mean loss, over windows; nil of one window.
    package var standardError: Double?
    package var tokens: Int
    package var windows: Int

    package var perplexity: Double { exp(meanLoss) }
    /// First-order error of the perplexity: perplexity * standard error of the mean loss.
    var perplexityStandardError: Double? { standardError.map { perplexity * $0 } }

    package var figures: [TaskFigure] {
        [
            TaskFigure(
                metric: "perplexity", value: perplexity, standardError: perplexityStandardError,
                count: tokens)
        ]
    }
}

package enum Perplexity {
    /// A window and the first place in it that is predicted.
    package struct Window: Sendable, Equatable {
        package var tokens: [Int32]
        package var firstPredicted: Int
    }

    /// Windows of a token list, see the head of this file.
    package static func windows(
        of tokens: [Int32], length: Int, stride step: Int, limit: Int?
    ) throws(EvaluationError) -> [Window] {
        guard length >= 2, (1...length).contains(step) else {
            throw .windowTooSmall(window: length, stride: step)
        }
        if let limit, limit < 2 { throw .limitTooSmall(limit: limit) }
        let tokens = tokens.prefix(limit ?? tokens.count)
        var windows: [Window] = []
        var predictedEnd = 0
        var start = 0
        while start < tokens.count {
            let end = min(tokens.count, start + length)
            let first = max(1, predictedEnd - start)
            if first < end - start {
                windows.append(
                    Window(tokens: Array(tokens[start..<end]), firstPredicted: first))
                predictedEnd = end
            }
            if end == tokens.count { break }
            start += step
        }
        return windows
    }

    /// What each window asks: how likely its predicted tokens are after those before them.
    package static func requests(_ windows: [Window]) -> [LikelihoodRequest] {
        windows.map { window in
            LikelihoodRequest(
                context: Array(window.tokens[..<window.firstPredicted]),
                continuation: Array(window.tokens[window.firstPredicted...]))
        }
    }

    /// Windows are never cut, whatever the model calls its context.
    package static func contextLength(of windows: [Window]) -> Int {
        windows.map(\.tokens.count).max() ?? 1
    }

    /// - Parameter likelihoods: of the windows' requests, in their order.
    package static func result(
        _ windows: [Window], likelihoods: [Double]
    ) -> PerplexityResult {
        summarise(
            zip(windows, likelihoods).map { window, likelihood in
                (sum: -likelihood, count: window.tokens.count - window.firstPredicted)
            })
    }

    package static func measure(
        windows: [Window], forward: ForwardPass, observer: some WorkObserver
    ) throws -> PerplexityResult {
        let runner = LikelihoodRunner(
            forward: forward, contextLength: contextLength(of: windows))
        return result(
            windows, likelihoods: try runner.score(requests(windows), observer: observer))
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
            ? nil : (spread * count / (count - 1)).squareRoot() / Double(tokens)
        return PerplexityResult(
            meanLoss: mean, standardError: error, tokens: tokens, windows: windows.count)
    }
}
