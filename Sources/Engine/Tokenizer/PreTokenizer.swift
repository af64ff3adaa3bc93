// Cuts normalised text into the pieces that are encoded each for itself.
// Source: tokenizers 0.23, pre_tokenizers/*.rs.

/// The pre-tokenizers of a file, flattened into steps: each works on all pieces of the one before.
struct PreTokenizer: Sendable {
    enum Step: Sendable {
        case split(PieceMatcher, SplitBehavior, inverted: Bool)
        /// A space before every piece that does not begin with one.
        case prefixSpace
        /// Every byte becomes a character of the byte-level alphabet.
        case byteLevel
        case metaspace(replacement: [UInt8], scheme: PrependScheme)
    }

    /// Which pieces get the replacement character put before them.
    enum PrependScheme: String, Sendable, CaseIterable {
        case always, first, never
    }

    private let steps: [Step]

    init(steps: [Step]) {
        self.steps = steps
    }

    /// Replaces the pieces of `buffer`, and its bytes where a step rewrites them.
    func apply(
        to buffer: inout PieceBuffer, scratch: inout SplitScratch
    ) throws(TokenizerError) {
        let original = buffer.bytes.count
        for step in steps {
            // A step multiplies by five at most; many of them know no end.
            let limit = Tokenizer.normalizedBytesMax(original)
            guard buffer.bytes.count <= limit else {
                throw .grownTooLong(component: "pre_tokenizer", bytes: original, bytesMax: limit)
            }
            switch step {
            case .split(let matcher, let behavior, let inverted):
                scratch.pieces.removeAll(keepingCapacity: true)
                for piece in buffer.pieces {
                    scratch.matches.removeAll(keepingCapacity: true)
                    try matcher.appendMatches(
                        in: buffer.bytes, piece, scratch: &scratch.pattern, to: &scratch.matches)
                    behavior.split(
                        piece, at: scratch.matches, inverted: inverted, into: &scratch.pieces)
                }
                swap(&buffer.pieces, &scratch.pieces)
            case .prefixSpace:
                rewrite(&buffer, scratch: &scratch) { bytes, piece, output in
                    if bytes[piece.lowerBound] != UInt8(ascii: " ") {
                        output.append(UInt8(ascii: " "))
                    }
                    output.append(contentsOf: bytes[piece])
                }
            case .byteLevel:
                let table = ByteLevelAlphabet.utf8OfByte
                rewrite(&buffer, scratch: &scratch) { bytes, piece, output in
                    for byte in bytes[piece] {
                        let (first, second) = table[Int(byte)]
                        output.append(first)
                        if second != 0 { output.append(second) }
                    }
                }
            case .metaspace(let replacement, let scheme):
                applyMetaspace(replacement, scheme, to: &buffer, scratch: &scratch)
            }
        }
    }

    private func applyMetaspace(
        _ replacement: [UInt8], _ scheme: PrependScheme, to buffer: inout PieceBuffer,
        scratch: inout SplitScratch
    ) {
        let bytesAtOrigin = buffer.bytesAtOrigin
        rewrite(&buffer, scratch: &scratch) { bytes, piece, output in
            let isWanted =
                switch scheme {
                case .always: true
                case .first: piece.lowerBound < bytesAtOrigin
                case .never: false
                }
            let begins =
                bytes[piece.lowerBound] == UInt8(ascii: " ")
                || bytes[piece].starts(with: replacement)
            if isWanted && !begins { output.append(contentsOf: replacement) }
            for byte in bytes[piece] {
                if byte == UInt8(ascii: " ") {
                    output.append(contentsOf: replacement)
                } else {
                    output.append(byte)
                }
            }
        }
    }

    /// Writes every piece anew, through `transform(bytes, piece, &output)`.
    ///
    /// `transform` must give, for the beginning of a piece, the beginning of what it gives for the
    /// whole: that tells how much of the output comes from the text's first character.
    private func rewrite(
        _ buffer: inout PieceBuffer, scratch: inout SplitScratch,
        _ transform: ([UInt8], Range<Int>, inout [UInt8]) -> Void
    ) {
        var atOrigin: [UInt8] = []
        for piece in buffer.pieces.prefix(while: { $0.lowerBound < buffer.bytesAtOrigin }) {
            transform(buffer.bytes, piece.clamped(to: 0..<buffer.bytesAtOrigin), &atOrigin)
        }
        scratch.bytes.removeAll(keepingCapacity: true)
        for index in buffer.pieces.indices {
            let start = scratch.bytes.count
            transform(buffer.bytes, buffer.pieces[index], &scratch.bytes)
            buffer.pieces[index] = start..<scratch.bytes.count
        }
        swap(&buffer.bytes, &scratch.bytes)
        buffer.bytesAtOrigin = atOrigin.count
    }
}
