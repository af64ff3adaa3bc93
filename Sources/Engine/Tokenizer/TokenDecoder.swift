// From the contents of tokens back to text.
// Source: tokenizers 0.23, decoders/*.rs.

/// The decoders of a file, flattened into steps: each takes the strings of the one before.
struct TokenDecoder: Sendable {
    enum Step: Sendable {
        /// All tokens become one string of bytes, mended where they are not UTF-8.
        case byteLevel
        case replace(PieceMatcher, with: [UInt8])
        /// <0xE2><0x82><0xAC> becomes «€».
        case byteFallback
        /// All tokens become one.
        case fuse
        /// Takes the character from the ends of every token, so many times at most.
        case strip(character: [UInt8], start: Int, stop: Int)
        /// Replacement characters become spaces.
        case metaspace(replacement: [UInt8], dropsFirst: Bool)
    }

    private static let mended = Array("\u{FFFD}".utf8)

    private let steps: [Step]

    /// - Parameter steps: nil for a file without a decoder: tokens are joined by spaces.
    init(steps: [Step]?) {
        self.steps = steps ?? []
        joinsBySpace = steps == nil
    }

    private let joinsBySpace: Bool

    /// - Parameter tokens: contents, each valid UTF-8.
    func decode(_ tokens: [[UInt8]]) throws(TokenizerError) -> String {
        if joinsBySpace {
            return String(decoding: Array(tokens.joined(separator: [0x20])), as: UTF8.self)
        }
        var tokens = tokens
        let original = tokens.reduce(0) { $0 + $1.count }
        let limit = Tokenizer.normalizedBytesMax(original)
        for step in steps {
            // What a step may still add: replacing is the only one whose factor a file chooses.
            var room = limit - tokens.reduce(0) { $0 + $1.count }
            func take(_ bytes: Int) throws(TokenizerError) {
                room -= bytes
                guard room >= 0 else {
                    throw .grownTooLong(component: "decoder", bytes: original, bytesMax: limit)
                }
            }
            try take(0)
            switch step {
            case .byteLevel:
                let bytes = tokens.flatMap(ByteLevelAlphabet.decode)
                tokens = [Array(String(decoding: bytes, as: UTF8.self).utf8)]
            case .replace(let matcher, let content):
                var scratch = PatternScratch()
                for index in tokens.indices {
                    tokens[index] = try Self.replacing(
                        matcher, by: content, in: tokens[index], scratch: &scratch, take)
                }
            case .byteFallback: tokens = Self.joiningByteTokens(tokens)
            case .fuse: tokens = [Array(tokens.joined())]
            case .strip(let character, let start, let stop):
                tokens = tokens.map {
                    Self.stripping(character, start: start, stop: stop, from: $0)
                }
            case .metaspace(let replacement, let dropsFirst):
                for index in tokens.indices {
                    let content = index == 0 && dropsFirst ? [] : [UInt8(ascii: " ")]
                    var scratch = PatternScratch()
                    tokens[index] = try Self.replacing(
                        .literal(replacement), by: content, in: tokens[index],
                        scratch: &scratch, take)
                }
            }
        }
        return String(decoding: Array(tokens.joined()), as: UTF8.self)
    }

    /// - Parameter take: told before memory is taken how many bytes come to be.
    private static func replacing(
        _ matcher: PieceMatcher, by content: [UInt8], in token: [UInt8],
        scratch: inout PatternScratch, _ take: (Int) throws(TokenizerError) -> Void
    ) throws(TokenizerError) -> [UInt8] {
        var matches: [Range<Int>] = []
        try matcher.appendMatches(in: token, 0..<token.count, scratch: &scratch, to: &matches)
        if matches.isEmpty { return token }
        try take(max(0, matches.reduce(0) { $0 + content.count - $1.count }))
        var output: [UInt8] = []
        var position = 0
        for match in matches {
            output += token[position..<match.lowerBound]
            output += content
            position = match.upperBound
        }
        return output + token[position...]
    }

    /// Runs of byte tokens become the text they spell, or one U+FFFD for each of their bytes.
    private static func joiningByteTokens(_ tokens: [[UInt8]]) -> [[UInt8]] {
        var output: [[UInt8]] = []
        var run: [UInt8] = []
        func flush() {
            if UTF8Text.firstInvalidOffset(in: run) == nil {
                if !run.isEmpty { output.append(run) }
            } else {
                output += [[UInt8]](repeating: mended, count: run.count)
            }
            run = []
        }
        for token in tokens {
            if let byte = byteValue(of: token) {
                run.append(byte)
            } else {
                flush()
                output.append(token)
            }
        }
        flush()
        return output
    }

    /// The byte of a token <0xXX>. The library's number parser lets a plus sign through.
    private static func byteValue(of token: [UInt8]) -> UInt8? {
        guard token.count == 6, token.starts(with: "<0x".utf8), token[5] == UInt8(ascii: ">") else {
            return nil
        }
        let isSigned = token[3] == UInt8(ascii: "+")
        return UInt8(String(decoding: token[(isSigned ? 4 : 3)..<5], as: UTF8.self), radix: 16)
    }

    private static func stripping(
        _ character: [UInt8], start: Int, stop: Int, from token: [UInt8]
    ) -> [UInt8] {
        var rest = token[...]
        for _ in 0..<start {
            guard rest.starts(with: character) else { break }
            rest = rest.dropFirst(character.count)
        }
        for _ in 0..<stop {
            guard rest.suffix(character.count) == character[...] else { break }
            rest = rest.dropLast(character.count)
        }
        return Array(rest)
    }
}

extension TokenizerFile {
    /// Nil for a file without a decoder.
    static func decoderSteps(
        in fields: TokenizerFields
    ) throws(TokenizerError) -> [TokenDecoder.Step]? {
        guard fields.optional("decoder") != nil else { return nil }
        return try decoderSteps(fields.object("decoder"))
    }

    private static func decoderSteps(
        _ fields: TokenizerFields
    ) throws(TokenizerError) -> [TokenDecoder.Step] {
        let type = try fields.string("type")
        switch type {
        case "Sequence":
            var steps: [TokenDecoder.Step] = []
            for part in try fields.components("decoders") { steps += try decoderSteps(part) }
            return steps
        case "ByteLevel": return [.byteLevel]
        case "Replace":
            return [.replace(try matcher(in: fields), with: try fields.bytes("content"))]
        case "ByteFallback": return [.byteFallback]
        case "Fuse": return [.fuse]
        case "Strip":
            let range = 0...1_000
            return [
                .strip(
                    character: try fields.character("content"),
                    start: try fields.integer("start", in: range),
                    stop: try fields.integer("stop", in: range))
            ]
        case "Metaspace":
            let scheme = try prependScheme(in: fields)
            return [
                .metaspace(
                    replacement: try fields.character("replacement"), dropsFirst: scheme != .never)
            ]
        default:
            throw unsupported(
                "decoder", type, in: fields,
                known: "Sequence, ByteLevel, Replace, ByteFallback, Fuse, Strip, Metaspace")
        }
    }
}
