// Text to token ids and back, by a tokenizer.json: the face of this folder.
//
// Ids equal those of the tokenizers library on the same file, taken as written (transformers
// rebuilds some files). Source: tokenizers 0.23, tokenizer/mod.rs (order of the stages).

import JSON
import Synchronization

/// Encodes and decodes. Immutable but for reused memory; may be used by many threads at once.
package final class Tokenizer: Sendable {
    /// Positions within a text are 32-bit; a text may grow threefold before it is merged.
    static let textBytesMax = 512 << 20
    /// What normalisation may make of a text: known files less than double theirs; the longest
    /// decomposition of Unicode is 18 characters (U+FDFA, eleven times its bytes).
    static func normalizedBytesMax(_ byteCount: Int) -> Int {
        min(max(1 << 20, 16 * byteCount), 3 * textBytesMax)
    }

    /// Of all added tokens together, as they are searched for; those of known files have a few
    /// kilobytes.
    static let addedBytesMax = 16 << 20

    /// What the file asks for and is left undone, in words.
    package let warnings: [String]

    private let rawTokens: AddedTokenMatcher
    private let normalizedTokens: AddedTokenMatcher
    private let normalizer: TextNormalizer
    private let preTokenizer: PreTokenizer
    private let model: BytePairModel
    private let postProcessor: PostProcessor
    private let decoder: TokenDecoder
    private let addedTokenOfID: [Int32: AddedToken]
    private let addedIDOfContent: [[UInt8]: Int32]
    /// What decoding starts from: the normalised content, for a token that is normalised.
    private let addedSpellingOfID: [Int32: [UInt8]]
    private let specialContents: Set<[UInt8]>
    private let pool = ScratchPool()

    /// Reads the bytes of a tokenizer.json.
    package convenience init(json bytes: [UInt8]) throws(TokenizerError) {
        try self.init(json: bytes.span)
    }

    package convenience init(json bytes: Span<UInt8>) throws(TokenizerError) {
        try self.init(TokenizerFile(bytes))
    }

    /// Reads the bytes of a tokenizer.model, with the settings of a folder that holds nothing else.
    package convenience init(sentencePiece bytes: [UInt8]) throws(TokenizerError) {
        try self.init(TokenizerFile(SentencePieceFile(bytes), settings: SentencePieceSettings()))
    }

    init(_ file: TokenizerFile) throws(TokenizerError) {
        warnings = file.warnings
        normalizer = file.normalizer
        preTokenizer = file.preTokenizer
        model = file.model
        postProcessor = file.postProcessor
        decoder = file.decoder

        var scratch = SplitScratch()
        var normalized: [(token: AddedToken, pattern: [UInt8])] = []
        // Where two tokens normalise to the same the first one is found; the library's own choice
        // changes from run to run.
        let tokens = file.addedTokens
        var addedBytes = 0
        for token in tokens where token.isNormalized {
            var pattern = token.content
            var bytesAtOrigin = 0
            try file.normalizer.apply(
                to: &pattern, bytesAtOrigin: &bytesAtOrigin, scratch: &scratch)
            guard !pattern.isEmpty else {
                throw .wrongValue(
                    place: "added_tokens",
                    expected: "tokens of which the normalizer leaves something",
                    found: quoted(String(decoding: token.content, as: UTF8.self)))
            }
            addedBytes += pattern.count
            guard addedBytes <= Self.addedBytesMax else {
                throw .wrongValue(
                    place: "added_tokens",
                    expected: "at most \(Self.addedBytesMax) bytes when they are normalised",
                    found: "more")
            }
            normalized.append((token, pattern))
        }
        normalizedTokens = AddedTokenMatcher(normalized)
        rawTokens = AddedTokenMatcher(
            tokens.filter { !$0.isNormalized }.map { ($0, $0.content) })
        // The loader has seen to it that ids and contents are there once.
        addedTokenOfID = Dictionary(uniqueKeysWithValues: tokens.map { ($0.id, $0) })
        addedIDOfContent = Dictionary(uniqueKeysWithValues: tokens.map { ($0.content, $0.id) })
        addedSpellingOfID = Dictionary(
            uniqueKeysWithValues: tokens.filter { !$0.isNormalized }.map { ($0.id, $0.content) }
                + normalized.map { ($0.token.id, $0.pattern) })
        specialContents = Set(tokens.filter(\.isSpecial).map(\.content))
    }

    // MARK: Encoding

    /// The ids of a text.
    ///
    /// - Parameter addSpecialTokens: whether the post-processor adds its own (BOS, for instance).
    ///   Special tokens that the text itself spells out are found either way.
    package func encode(
        _ text: String, addSpecialTokens: Bool = true
    ) throws(TokenizerError) -> [Int32] {
        try encodeValid(Array(text.utf8), addSpecialTokens: addSpecialTokens)
    }

    /// The ids of a text given as UTF-8, which is checked.
    package func encode(
        utf8 bytes: [UInt8], addSpecialTokens: Bool = true
    ) throws(TokenizerError) -> [Int32] {
        if let offset = UTF8Text.firstInvalidOffset(in: bytes) {
            throw .invalidUTF8(offset: offset)
        }
        return try encodeValid(bytes, addSpecialTokens: addSpecialTokens)
    }

    private func encodeValid(
        _ bytes: [UInt8], addSpecialTokens: Bool
    ) throws(TokenizerError) -> [Int32] {
        guard bytes.count <= Self.textBytesMax else {
            throw .textTooLong(bytes: bytes.count, bytesMax: Self.textBytesMax)
        }
        var scratch = pool.take()
        var ids: [Int32] = []
        for segment in rawTokens.segments(of: bytes) {
            if let id = segment.id {
                ids.append(id)
            } else {
                try appendIDs(of: bytes, segment.range, scratch: &scratch, to: &ids)
            }
        }
        pool.give(scratch)
        return postProcessor.process(ids, addSpecialTokens: addSpecialTokens)
    }

    /// Normalises a stretch without raw added tokens, finds the normalised ones, and encodes the
    /// rest.
    private func appendIDs(
        of bytes: [UInt8], _ range: Range<Int>, scratch: inout TokenizerScratch,
        to ids: inout [Int32]
    ) throws(TokenizerError) {
        var text = Array(bytes[range])
        var bytesAtOrigin = range.lowerBound == 0 ? UTF8Text.length(startingWith: text[0]) : 0
        try normalizer.apply(to: &text, bytesAtOrigin: &bytesAtOrigin, scratch: &scratch.split)
        if normalizedTokens.isEmpty {
            try appendIDs(ofNormalized: text, bytesAtOrigin, scratch: &scratch, to: &ids)
            return
        }
        for segment in normalizedTokens.segments(of: text) {
            if let id = segment.id {
                ids.append(id)
            } else {
                try appendIDs(
                    ofNormalized: Array(text[segment.range]),
                    max(0, bytesAtOrigin - segment.range.lowerBound), scratch: &scratch, to: &ids)
            }
        }
    }

    private func appendIDs(
        ofNormalized text: [UInt8], _ bytesAtOrigin: Int, scratch: inout TokenizerScratch,
        to ids: inout [Int32]
    ) throws(TokenizerError) {
        if text.isEmpty { return }
        scratch.buffer.bytes = text
        scratch.buffer.pieces.removeAll(keepingCapacity: true)
        scratch.buffer.pieces.append(0..<text.count)
        scratch.buffer.bytesAtOrigin = bytesAtOrigin
        try preTokenizer.apply(to: &scratch.buffer, scratch: &scratch.split)
        for piece in scratch.buffer.pieces {
            try model.encode(scratch.buffer.bytes, piece, scratch: &scratch.model, into: &ids)
        }
    }

    // MARK: Decoding

    /// The text of ids. Ids without a token are passed over.
    ///
    /// - Parameter skipSpecialTokens: leave special tokens out.
    package func decode(
        _ ids: [Int32], skipSpecialTokens: Bool = false
    ) throws(TokenizerError) -> String {
        var tokens: [[UInt8]] = []
        for id in ids {
            guard let spelling = addedSpellingOfID[id] ?? model.vocabulary.content(of: id) else {
                continue
            }
            // The library compares spellings, not ids.
            if skipSpecialTokens && specialContents.contains(spelling) { continue }
            tokens.append(spelling)
        }
        return try decoder.decode(tokens)
    }

    // MARK: The vocabulary

    /// How many tokens there are, added ones included. Ids may leave gaps: see `idEnd`.
    package var vocabularySize: Int {
        model.vocabulary.count
            + addedTokenOfID.keys.count { model.vocabulary.content(of: $0) == nil }
    }

    /// One above the largest id.
    package var idEnd: Int {
        max(model.vocabulary.idEnd, (addedTokenOfID.keys.max().map { Int($0) } ?? -1) + 1)
    }

    /// The id of a token by its content as in the file («<s>», «Ġthe»).
    package func id(of content: String) -> Int32? {
        let bytes = Array(content.utf8)
        return addedIDOfContent[bytes] ?? model.vocabulary.id(of: bytes)
    }

    /// The content of a token as in the file, in UTF-8.
    package func content(of id: Int32) -> [UInt8]? {
        addedTokenOfID[id]?.content ?? model.vocabulary.content(of: id)
    }

    /// Whether the file calls the token special.
    func isSpecial(_ id: Int32) -> Bool {
        addedTokenOfID[id]?.isSpecial ?? false
    }
}
