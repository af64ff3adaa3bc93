// Log-likelihoods of continuations: what every multiple-choice task and the rolling perplexities
// are made of. Requests are sorted and cut into waves; in a wave a beginning that texts share is
// computed once. The input rule is that of lm-evaluation-harness 0.4.13, models/huggingface.py.

package import Model

/// One continuation after a context, in tokens.
package struct LikelihoodRequest: Sendable, Equatable {
    /// At least one token.
    package var context: [Int32]
    /// At least one token, at most the model's context.
    package var continuation: [Int32]

    package init(context: [Int32], continuation: [Int32]) {
        self.context = context
        self.continuation = continuation
    }

    /// What the model reads: the end of context and continuation, without the last token.
    func input(contextLength: Int) -> [Int32] {
        let all = context + continuation
        return Array(all.suffix(contextLength + 1).dropLast())
    }

    /// Whether the beginning of the context is cut off.
    func isCut(contextLength: Int) -> Bool {
        context.count + continuation.count > contextLength + 1
    }
}

/// Requests that go through the model together.
package struct LikelihoodWave: Sendable, Equatable {
    package struct Ask: Sendable, Equatable {
        /// Position of the request in the list the waves were made of.
        package var request: Int
        /// Position of its input in `texts`.
        package var text: Int
        package var targets: [Int32]
    }

    /// Different inputs, sorted.
    package var texts: [[Int32]]
    package var asks: [Ask]
    /// Tokens that are computed.
    package var tokenCount: Int
}

package struct LikelihoodRunner {
    /// Raised whenever the same choices get other likelihoods than before.
    package static let version = 2

    package let forward: ForwardPass
    /// Longest input; longer ones lose their beginning.
    package let contextLength: Int
    /// Tokens computed by one wave at most (a longer text is a wave of its own). Waves are what
    /// an interrupted evaluation keeps, and each reads the model's weights once.
    let waveTokensMax: Int

    /// Stream, keys and values of a wave hold at most this many floats (1 GiB).
    private static let waveFloats = 256 << 20
    /// A wave of 16,384 tokens computes some ten times as long as it reads weights, and on two
    /// cores loses minutes of an 8B model's work where it is interrupted.
    static let waveTokens = 16_384

    package init(forward: ForwardPass, contextLength: Int, waveTokensMax: Int? = nil) {
        self.forward = forward
        self.contextLength = contextLength
        let width = forward.weights.blueprint.hiddenWidth + 2 * forward.keyWidthMax
        self.waveTokensMax =
            waveTokensMax ?? max(1, min(Self.waveTokens, Self.waveFloats / width))
    }

    // MARK: Waves

    /// Cuts requests into waves. Pure: depends on the requests and the model's shape alone.
    package func waves(
        _ requests: [LikelihoodRequest]
    ) throws(EvaluationError) -> [LikelihoodWave] {
        for request in requests {
            precondition(!request.context.isEmpty, "a context has at least one token")
            guard (1...contextLength).contains(request.continuation.count) else {
                throw .continuationLength(
                    tokens: request.continuation.count, contextLength: contextLength)
            }
        }
        let inputs = requests.map { $0.input(contextLength: contextLength) }
        let classes = inputs.map { frequencyClass(of: $0) }
        let order = requests.indices.sorted { left, right in
            if classes[left] != classes[right] { return classes[left] < classes[right] }
            if inputs[left] == inputs[right] { return left < right }
            return TextForest.isBefore(inputs[left], inputs[right])
        }
        var waves: [LikelihoodWave] = []
        var wave = LikelihoodWave(texts: [], asks: [], tokenCount: 0)
        var waveClass = 0
        for request in order {
            let input = inputs[request]
            if wave.texts.last != input {
                var new = input.count
                if forward.sharesBeginnings, let before = wave.texts.last {
                    new -= TextForest.commonCount(before, input)
                }
                let isFull = wave.tokenCount + new > waveTokensMax
                if !wave.texts.isEmpty, isFull || classes[request] != waveClass {
                    waves.append(wave)
                    wave = LikelihoodWave(texts: [], asks: [], tokenCount: 0)
                    new = input.count
                }
                wave.texts.append(input)
                wave.tokenCount += new
                waveClass = classes[request]
            }
            wave.asks.append(
                .init(
                    request: request, text: wave.texts.count - 1,
                    targets: requests[request].continuation))
        }
        if !wave.texts.isEmpty { waves.append(wave) }
        return waves
    }

    /// Texts of different classes are rotated by different frequencies (dynamic, longrope).
    private func frequencyClass(of text: [Int32]) -> Int {
        forward.weights.blueprint.rotaries.map { rotary in
            switch rotary.scaling {
            case .dynamic(_, let contextLength): max(text.count, contextLength)
            case .longrope(_, _, let originalLength, _): text.count > originalLength ? 1 : 0
            default: 0
            }
        }.max() ?? 0
    }

    /// Bytes held at most beside the mapped weights: stream, keys and values of a wave, what a
    /// layer holds of it, and logits.
    package func peakByteCount(_ waves: [LikelihoodWave]) -> Int {
        let blueprint = forward.blueprint
        let texts = waves.flatMap(\.texts).map(\.count)
        let longest = max(forward.waveTokens, texts.max() ?? 0)
        return waves.map { wave in
            let memory = ForwardMemory(
                blueprint: blueprint, batch: PackedSequences(wave.texts), capturedRows: 0,
                waveTokens: forward.waveTokens, mode: forward.mode)
            let asked = wave.asks.reduce(0) { $0 + $1.targets.count }
            return memory.scratch
                + 4 * wave.tokenCount * (blueprint.hiddenWidth + 2 * forward.keyWidthMax)
                + OutputHead.byteCount(blueprint, rows: asked)
        }.max().map { $0 + forward.weights.heldByteCount(tokens: longest) } ?? 0
    }

    // MARK: Scores

    /// Log-likelihoods of a wave's asks, in nats, in their order.
    package func score(
        _ wave: LikelihoodWave, observer: some WorkObserver
    ) throws -> [Double] {
        let forest = TextForest(wave.texts, sharesBeginnings: forward.sharesBeginnings)
        let stream = try forward.run(
            forest, length: wave.texts.map(\.count).max() ?? 1, observer: observer)
        // Targets by row, each row's logits computed once.
        var targets: [Int: [Int32]] = [:]
        var places: [[(row: Int, target: Int)]] = []
        for ask in wave.asks {
            let first = wave.texts[ask.text].count - ask.targets.count
            places.append(
                ask.targets.enumerated().map { offset, target in
                    let row = forest.row(text: ask.text, position: first + offset)
                    if let known = targets[row]?.firstIndex(of: target) { return (row, known) }
                    targets[row, default: []].append(target)
                    return (row, targets[row, default: []].count - 1)
                })
        }
        let rows = targets.keys.sorted()
        let found = try OutputHead(forward).logLikelihoods(
            stream, rows: rows, targets: rows.map { targets[$0, default: []] },
            observer: observer)
        let rank = Dictionary(uniqueKeysWithValues: rows.enumerated().map { ($1, $0) })
        return places.map { places in
            places.reduce(0) { $0 + found[rank[$1.row, default: 0]][$1.target] }
        }
    }

    /// Log-likelihoods of all requests, in their order.
    package func score(
        _ requests: [LikelihoodRequest], observer: some WorkObserver
    ) throws -> [Double] {
        var result = [Double](repeating: 0, count: requests.count)
        let waves = try waves(requests)
        let total = waves.reduce(0) { $0 + $1.tokenCount }
        var before = 0
        for (index, wave) in waves.enumerated() {
            let share = WaveProgress(
                observer: observer, before: before, tokens: wave.tokenCount, total: total,
                detail: "wave \(index + 1) of \(waves.count)")
            for (ask, value) in zip(wave.asks, try score(wave, observer: share)) {
                result[ask.request] = value
            }
            before += wave.tokenCount
        }
        return result
    }
}
