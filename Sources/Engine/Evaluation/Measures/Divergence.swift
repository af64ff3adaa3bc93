// How far a folded model's predictions are from the original's on a text: the mean of
// KL(original || model) over tokens, in nats, and the share of tokens on which both find the same
// token the most likely.

import Foundation
package import Model
package import TensorMath

package enum Divergence {
    /// Raised whenever the same waves give other sums than before, or the original other states.
    package static let version = 2

    package struct Result: Sendable, Equatable {
        package var divergence: Double
        /// Nil of one window, as the other error.
        var divergenceError: Double?
        package var agreement: Double
        var agreementError: Double?
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

    /// What a window adds up to.
    package struct WindowSum: Sendable, Equatable {
        /// Nats.
        package var divergence: Double
        /// Tokens on which both models agree.
        package var agreement: Double
        package var count: Int

        package init(divergence: Double, agreement: Double, count: Int) {
            self.divergence = divergence
            self.agreement = agreement
            self.count = count
        }
    }

    /// States of a wave hold at most this many floats (256 MiB): they are kept for other models,
    /// and a wave is what an interrupted comparison loses.
    private static let waveFloats = 64 << 20

    /// Windows that pass through the models together.
    ///
    /// - Parameter width: hidden width of the wider model.
    package static func waves(
        _ windows: [Perplexity.Window], width: Int
    ) -> [[Perplexity.Window]] {
        let longest = windows.map(\.tokens.count).max() ?? 1
        let tokens = min(LikelihoodRunner.waveTokens, waveFloats / width)
        let size = max(1, tokens / longest)
        return stride(from: 0, to: windows.count, by: size).map { start in
            Array(windows[start..<min(windows.count, start + size)])
        }
    }

    /// Bytes held at most beside the mapped weights: the stream of a wave, the states of both
    /// models, those of the original once more as they are packed, and logits of both.
    package static func peakByteCount(
        _ waves: [[Perplexity.Window]], original: ForwardPass, model: ForwardPass
    ) -> Int {
        waves.map { wave in
            let batch = PackedSequences(wave.map(\.tokens))
            let passes = [original, model].map {
                ForwardMemory(
                    blueprint: $0.blueprint, batch: batch, capturedRows: 0,
                    waveTokens: $0.waveTokens, mode: $0.mode)
            }
            let states = passes.map(\.stream).max() ?? 0
            return (passes.map(\.scratch).max() ?? 0) + 4 * states
                + 2 * OutputHead.byteCount(original.blueprint, rows: batch.tokens.count)
        }.max().map { $0 + model.weights.heldByteCount(tokens: model.waveTokens) } ?? 0
    }

    /// What a model predicts a wave's tokens from: its residual stream after the last layer,
    /// [predicted tokens, hidden]. A row is a fraction of the distribution it stands for (8B: 16
    /// KiB instead of 501), and the output head a fraction of the work.
    package static func states(
        _ wave: [Perplexity.Window], of forward: ForwardPass, observer: some WorkObserver
    ) throws -> MatrixView {
        let batch = PackedSequences(wave.map(\.tokens))
        let stream = try forward.run(batch, observer: observer)
        let rows = zip(batch.ranges, wave).flatMap { range, window in
            Array(range.lowerBound + window.firstPredicted - 1..<range.upperBound - 1)
        }
        return try OutputHead(forward).gather(stream, rows[...])
    }

    /// Compares what both models predict from their states of a wave, window by window.
    package static func compare(
        _ wave: [Perplexity.Window], original: (forward: ForwardPass, states: MatrixView),
        model: (forward: ForwardPass, states: MatrixView), observer: some WorkObserver
    ) throws -> [WindowSum] {
        let sizes = (
            original.forward.blueprint.vocabularySize, model.forward.blueprint.vocabularySize
        )
        guard sizes.0 == sizes.1 else {
            throw EvaluationError.vocabulariesDiffer(original: sizes.0, model: sizes.1)
        }
        let found = try compare(
            (try OutputHead(original.forward), try OutputHead(model.forward)),
            (original.states, model.states), observer: observer)
        var place = 0
        return wave.map { window in
            let count = window.tokens.count - window.firstPredicted
            let part = found[place..<place + count]
            place += count
            return WindowSum(
                divergence: part.reduce(0) { $0 + $1.divergence },
                agreement: part.reduce(0) { $0 + ($1.agrees ? 1 : 0) }, count: count)
        }
    }

    /// Errors are over windows.
    package static func result(_ sums: [WindowSum]) -> Result {
        let divergence = Perplexity.summarise(sums.map { ($0.divergence, $0.count) })
        let agreement = Perplexity.summarise(sums.map { ($0.agreement, $0.count) })
        return Result(
            divergence: divergence.meanLoss, divergenceError: divergence.standardError,
            agreement: agreement.meanLoss, agreementError: agreement.standardError,
            tokens: divergence.tokens)
    }

    /// Both models pass over the same windows, layer by layer, one after the other; logits of
    /// both exist for one chunk of tokens at a time.
    package static func measure(
        windows: [Perplexity.Window], original: ForwardPass, model: ForwardPass,
        observer: some WorkObserver
    ) throws -> Result {
        let width = max(original.blueprint.hiddenWidth, model.blueprint.hiddenWidth)
        let waves = waves(windows, width: width)
        let tokens = waves.map { $0.reduce(0) { $0 + $1.tokens.count } }
        var sums: [WindowSum] = []
        for (index, wave) in waves.enumerated() {
            let share = WaveProgress(
                observer: observer, before: tokens[..<index].reduce(0, +), tokens: tokens[index],
                total: tokens.reduce(0, +), detail: "wave \(index + 1) of \(waves.count)")
            let left = try states(wave, of: original, observer: share.part(0, of: 2))
            let right = try states(wave, of: model, observer: share.part(1, of: 2))
            sums += try compare(
                wave, original: (original, left), model: (model, right), observer: share)
        }
        return result(sums)
    }

    /// What two heads predict from states of the same tokens, token by token.
    package static func compare(
        _ heads: (OutputHead, OutputHead), _ states: (MatrixView, MatrixView),
        observer: some WorkObserver
    ) throws -> [(divergence: Double, agrees: Bool)] {
        precondition(states.0.rows == states.1.rows, "both states are of the same tokens")
        var result: [(divergence: Double, agrees: Bool)] = []
        let count = states.0.rows
        var start = 0
        while start < count {
            try observer.checkpoint()
            let chunk = start..<min(count, start + heads.0.chunkTokens)
            let left = try heads.0.logits(states.0.rows(chunk))
            let right = try heads.1.logits(states.1.rows(chunk))
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
                // Rounding may leave a hair below zero, which no divergence is; what is no number
                // stays none (`max` would make it 0, as if nothing had changed).
                divergences[row] = Float(divergence < 0 ? 0 : divergence)
                agreements[row] = best.0 == best.1 ? 1 : 0
            }
            for row in 0..<chunk.count {
                result.append((Double(divergences[row]), agreements[row] == 1))
            }
            start = chunk.upperBound
            observer.progress(
                done: start, total: count, unit: "tokens", detail: "comparing predictions")
        }
        return result
    }
}
