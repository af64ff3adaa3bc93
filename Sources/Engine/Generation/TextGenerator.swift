// Texts that a model goes on with, many side by side: as soon as one ends the next takes its slot.

package import Model
import TensorMath

/// What a model said.
package struct Generated: Sendable, Equatable {
    package enum Ending: String, Sendable, Codable, CaseIterable {
        /// A stop token, which is not among the tokens; or a text to stop at, whose tokens are.
        case stop
        /// As many tokens as were asked for.
        case length
        /// The model's context is full.
        case context
    }

    package var tokens: [Int32]
    package var ending: Ending
    /// The stop token that ended it.
    package var stop: Int32?

    package init(tokens: [Int32], ending: Ending, stop: Int32? = nil) {
        self.tokens = tokens
        self.ending = ending
        self.stop = stop
    }
}

package struct TextGenerator {
    /// Raised whenever the same prompts get other tokens than before.
    package static let version = 1

    package let forward: ForwardPass
    package let stop: StopTokens
    package let sampling: Sampling
    /// Tokens of one text, at the most.
    package let tokensMax: Int
    /// Tokens of a prompt with its text, at the most; nil: as many as the context holds.
    package var lengthMax: Int?
    /// Of the first prompt: decides what is drawn for it.
    package var firstNumber = 0
    /// Whether a text is over for what it says, by its tokens; asked behind each.
    package var isOver: ([Int32]) throws -> Bool = { _ in false }
    /// Bytes that the keys and values of all texts may take together; one text is always decoded.
    package var cacheBytes = 1 << 30

    package init(_ forward: ForwardPass, stop: StopTokens, sampling: Sampling, tokensMax: Int) {
        self.forward = forward
        self.stop = stop
        self.sampling = sampling
        // No text is longer than the context.
        self.tokensMax = min(tokensMax, max(1, forward.blueprint.contextLength))
    }

    /// Products gain little from more rows than this.
    private static let slotsMax = 64

    /// What the prompts need side by side.
    package struct Room: Sendable, Equatable {
        package let slots: Int
        /// Tokens of a slot.
        package let length: Int
    }

    package func room(for prompts: [[Int32]]) -> Room {
        let longest = prompts.map(\.count).max() ?? 0
        let limit = min(forward.blueprint.contextLength, lengthMax ?? .max)
        let length = min(longest + tokensMax, max(longest, limit))
        let bytes = max(1, DecodingCache.byteCount(forward.blueprint, length: length))
        return Room(
            slots: max(1, min(prompts.count, Self.slotsMax, cacheBytes / bytes)), length: length)
    }

    /// Bytes that `run` holds at its peak.
    package func peakByteCount(_ prompts: [[Int32]]) -> Int {
        let room = room(for: prompts)
        let blueprint = forward.blueprint
        let longest = prompts.map(\.count).max() ?? 0
        let together = max(longest, forward.waveTokens) + room.slots
        let pass = ForwardMemory(
            blueprint: blueprint,
            batch: PackedSequences([[Int32](repeating: 0, count: max(together, room.length))]),
            capturedRows: 0, waveTokens: forward.waveTokens, mode: forward.mode)
        return room.slots * DecodingCache.byteCount(blueprint, length: room.length) + pass.total
            // Logits as they are made, and what is drawn from.
            + OutputHead.byteCount(blueprint, rows: room.slots)
            // Products compiled for each number of tokens that is met, and what the allocator
            // keeps between steps: up to 35 MiB were held beyond the rest.
            + (48 << 20)
            + 4 * room.slots * blueprint.vocabularySize
            // No layer is released between steps.
            + forward.weights.source.ownByteCount(
                blueprint.tensorsAround + blueprint.layers.flatMap(\.tensors))
    }

    /// Goes on with every prompt.
    ///
    /// - Parameters:
    ///   - prompts: token ids; each with what the tokenizer puts before a text.
    ///   - onToken: sees each token of each prompt, by the prompt's number, in time's order.
    /// - Returns: for each prompt what follows it.
    /// - Throws: `GenerationError`, `ModelError.tokenOutsideVocabulary`, what `observer`,
    ///   `isOver` and `onToken` throw.
    package func run(
        _ prompts: [[Int32]], observer: some WorkObserver,
        onToken: (_ prompt: Int, _ token: Int32) throws -> Void = { _, _ in }
    ) throws -> [Generated] {
        try check(prompts)
        var results = prompts.map { _ in Generated(tokens: [], ending: .length) }
        guard tokensMax > 0, !prompts.isEmpty else { return results }
        let room = room(for: prompts)
        let decoder = try Decoder(forward, slots: room.slots, length: room.length)
        var waiting = prompts.indices[...]
        var free = Array((0..<room.slots).reversed())
        var texts: [Text] = []
        var finished = 0
        while !waiting.isEmpty || !texts.isEmpty {
            admit(&waiting, of: prompts, into: &texts, free: &free)
            let logits = try decoder.extend(
                texts.map { Decoder.Piece(slot: $0.slot, tokens: $0.next) },
                observer: Quiet(observer))
            let draws = texts.indices.map { texts[$0].draws.uniform() }
            let chosen = sampling.choose(logits, draws: draws)
            for (index, token) in chosen.enumerated() {
                let prompt = texts[index].prompt
                var isStop = stop.ids.contains(token)
                if isStop {
                    results[prompt].stop = token
                } else {
                    results[prompt].tokens.append(token)
                    try onToken(prompt, token)
                    isStop = try isOver(results[prompt].tokens)
                }
                texts[index].next = [token]
                let count = results[prompt].tokens.count
                let length = prompts[prompt].count + count
                let isLong = count == tokensMax || length == lengthMax
                let isFull = length >= forward.blueprint.contextLength
                guard isStop || isLong || isFull else { continue }
                results[prompt].ending = isStop ? .stop : isLong ? .length : .context
                texts[index].isOver = true
                decoder.cache.clear(texts[index].slot)
                free.append(texts[index].slot)
                finished += 1
            }
            texts.removeAll(where: \.isOver)
            observer.progress(
                done: finished * tokensMax
                    + texts.reduce(0) { $0 + results[$1.prompt].tokens.count },
                total: prompts.count * tokensMax, unit: "tokens",
                detail: "\(finished) of \(prompts.count) texts")
        }
        return results
    }

    /// A text in its slot.
    private struct Text {
        let prompt: Int
        let slot: Int
        /// Tokens that the model has not seen.
        var next: [Int32]
        var draws: SeededGenerator
        var isOver = false
    }

    /// Prompts of at most a wave together, lest their streams need more memory than the plan.
    private func admit(
        _ waiting: inout Range<Int>.SubSequence, of prompts: [[Int32]], into texts: inout [Text],
        free: inout [Int]
    ) {
        var tokens = 0
        while let prompt = waiting.first, let slot = free.last,
            tokens == 0 || tokens + prompts[prompt].count <= forward.waveTokens
        {
            waiting.removeFirst()
            free.removeLast()
            tokens += prompts[prompt].count
            texts.append(
                Text(
                    prompt: prompt, slot: slot, next: prompts[prompt],
                    draws: sampling.generator(of: firstNumber + prompt)))
        }
    }

    private func check(_ prompts: [[Int32]]) throws(GenerationError) {
        for (index, prompt) in prompts.enumerated() {
            guard !prompt.isEmpty else { throw .emptyPrompt(number: index + 1) }
            guard prompt.count < forward.blueprint.contextLength else {
                throw .promptTooLong(
                    number: index + 1, tokens: prompt.count,
                    contextLength: forward.blueprint.contextLength)
            }
        }
    }
}
