// Decoding: new tokens go through the layers after those that a cache holds. Whole prompts and
// single tokens are the same thing, of different length.

package import TensorMath

/// A model with the sequences that it goes on with. For one thread of control.
package final class Decoder {
    package let forward: ForwardPass
    package let cache: DecodingCache
    private let context: BlockContext
    private let head: OutputHead

    /// - Parameters:
    ///   - slots: sequences side by side.
    ///   - length: tokens of one, at the most.
    package init(_ forward: ForwardPass, slots: Int, length: Int) throws {
        self.forward = forward
        cache = DecodingCache(forward.blueprint, slots: slots, length: length)
        context = BlockContext(
            product: try MatrixProduct(mode: forward.mode), weights: forward.weights)
        head = try OutputHead(forward)
    }

    /// Tokens that go on with what a slot holds.
    package struct Piece: Sendable {
        package let slot: Int
        package let tokens: [Int32]

        package init(slot: Int, tokens: [Int32]) {
            self.slot = slot
            self.tokens = tokens
        }
    }

    /// Takes pieces in, and says what follows each.
    ///
    /// - Parameter pieces: of different slots, none empty.
    /// - Returns: logits behind the last token of each piece, [pieces, vocabulary].
    /// - Throws: `ModelError.tokenOutsideVocabulary`; what `observer` throws.
    ///
    /// Weights stay mapped: the next step reads them again, and the kernel may drop them.
    package func extend(_ pieces: [Piece], observer: some WorkObserver) throws -> MatrixView {
        let pieces = pieces.map(rotatedAlike)
        let places = pieces.flatMap { piece in
            let start = cache.tokens[piece.slot].count
            return start..<start + piece.tokens.count
        }
        let stream = try forward.embed(pieces.flatMap(\.tokens), places: places)
        let waves = try waves(of: pieces)
        for (layer, blueprint) in forward.blueprint.layers.enumerated() {
            try observer.checkpoint()
            for wave in waves {
                try blueprint.run(
                    stream.rows(wave.tokens),
                    layout: cache.layout(wave.layout, wave.runs, layer: layer), context: context)
            }
        }
        var end = 0
        let last = pieces.map { piece in
            end += piece.tokens.count
            return end - 1
        }
        return try head.logits(head.gather(stream, last[...]))
    }

    /// The piece; or the whole sequence, where the keys that are kept were rotated by factors
    /// that are no longer in force (transformers' Phi3ForCausalLM computes it anew, too).
    private func rotatedAlike(_ piece: Piece) -> Piece {
        let kept = cache.tokens[piece.slot]
        let limits = forward.blueprint.rotaries.compactMap(\.shortLengthMax)
        guard let limit = limits.min(), !kept.isEmpty,
            kept.count <= limit, kept.count + piece.tokens.count > limit
        else { return piece }
        cache.clear(piece.slot)
        return Piece(slot: piece.slot, tokens: kept + piece.tokens)
    }

    private struct Wave {
        /// Rows of the stream.
        let tokens: Range<Int>
        let layout: WaveLayout
        let runs: [DecodingCache.Run]
    }

    /// A part of a piece that goes through a layer at once.
    private struct Part {
        let slot: Int
        let rows: Range<Int>
        /// Place of the first token in its sequence.
        let position: Int
        /// Tokens of the sequence, with the whole piece.
        let length: Int
    }

    /// A long piece is taken in parts, which read one another's keys.
    private func waves(of pieces: [Piece]) throws -> [Wave] {
        var waves: [Wave] = []
        var parts: [Part] = []
        var width = 0
        var end = 0
        func close() {
            if !parts.isEmpty { waves.append(wave(parts, rows: end - width..<end)) }
            parts = []
            width = 0
        }
        for piece in pieces {
            let length = cache.tokens[piece.slot].count + piece.tokens.count
            var left = piece.tokens[...]
            while !left.isEmpty {
                if width == forward.waveTokens { close() }
                let taken = left.prefix(forward.waveTokens - width)
                let position = cache.tokens[piece.slot].count
                parts.append(
                    Part(
                        slot: piece.slot, rows: cache.add(taken, to: piece.slot),
                        position: position, length: length))
                left = left.dropFirst(taken.count)
                width += taken.count
                end += taken.count
            }
        }
        close()
        return waves
    }

    private func wave(_ parts: [Part], rows: Range<Int>) -> Wave {
        var start = 0
        // Scalings that depend on the length take that which the sequence has by then, as
        // transformers does when it generates; keys that are kept stay as they were rotated.
        let layout = WaveLayout(
            parts.map { part in
                defer { start += part.rows.count }
                return TextRun(
                    rows: start..<start + part.rows.count, position: part.position,
                    length: part.length)
            }, rotaries: forward.blueprint.rotaries)
        return Wave(
            tokens: rows, layout: layout,
            runs: parts.map { DecodingCache.Run(slot: $0.slot, rows: $0.rows) })
    }
}
