// Byte-pair encoding of one piece of text.
// Source: tokenizers 0.23, models/bpe/model.rs, its order of unknown tokens included.

struct BytePairModel: Sendable {
    /// The `model` fields of tokenizer.json that change how a piece is encoded.
    struct Options: Sendable {
        /// Stands for characters that are not in the vocabulary. Need not be in it itself.
        var unknownToken: [UInt8]?
        /// One unknown token for several such characters in a row.
        var fusesUnknown = false
        /// Characters that are not in the vocabulary become the tokens <0x00> to <0xFF>.
        var fallsBackToBytes = false
        /// A piece that is a token is encoded as that token, without merging.
        var ignoresMerges = false
        /// Put before every character but the first of a piece; empty for none.
        var continuingPrefix: [UInt8] = []
        /// Put after the last character of a piece; empty for none.
        var endSuffix: [UInt8] = []
    }

    /// Memory that encoding reuses.
    struct Scratch: Sendable {
        var merger = BytePairMerger()
        var cache = WordCache()
    }

    let vocabulary: TokenVocabulary
    private let options: Options
    private let pairs: PairTable
    /// Number of a pair -> id of the joined token.
    private let merged: [Int32]
    /// Scalar values below 0x10000 -> id, or -1.
    private let idOfScalar: [Int32]
    private let idOfHighScalar: [UInt32: Int32]
    /// Byte -> id of <0xXX>, or -1.
    private let idOfByte: [Int32]

    /// - Parameters:
    ///   - pairs: ids that join.
    ///   - ranks: the rank of each pair; nil where they stand in the order of their ranks.
    ///   - merged: the id of each joined token.
    init(
        vocabulary: TokenVocabulary, options: Options, pairs: [(left: Int32, right: Int32)],
        ranks: [UInt32]? = nil, merged: [Int32]
    ) {
        self.vocabulary = vocabulary
        self.options = options
        self.pairs = PairTable(pairs, ranks: ranks)
        self.merged = merged
        var low = [Int32](repeating: -1, count: 0x10000)
        var high: [UInt32: Int32] = [:]
        for (scalar, id) in vocabulary.singleScalars() {
            if scalar < 0x10000 { low[Int(scalar)] = id } else { high[scalar] = id }
        }
        idOfScalar = low
        idOfHighScalar = high
        idOfByte = (0...255).map { byte in
            let digits = String(byte, radix: 16, uppercase: true)
            let name = "<0x\(byte < 16 ? "0" : "")\(digits)>"
            return vocabulary.id(of: Array(name.utf8)) ?? -1
        }
    }

    /// Appends the ids of `bytes[piece]`, which is valid UTF-8 and not empty.
    func encode(
        _ bytes: [UInt8], _ piece: Range<Int>, scratch: inout Scratch, into ids: inout [Int32]
    ) throws(TokenizerError) {
        let isShort = piece.count <= WordCache.pieceBytesMax
        let hash = isShort ? WordCache.hash(bytes, piece) : 0
        if isShort && scratch.cache.appendIDs(of: bytes, piece, hash: hash, to: &ids) { return }
        let start = ids.count
        if options.ignoresMerges, let id = vocabulary.id(of: Array(bytes[piece])) {
            ids.append(id)
        } else {
            scratch.merger.reset()
            try appendSymbols(bytes, piece, to: &scratch.merger)
            scratch.merger.mergeAll(pairs, merged: merged)
            ids.append(contentsOf: scratch.merger.symbols)
        }
        if isShort { scratch.cache.insert(bytes, piece, hash: hash, ids: ids[start...]) }
    }

    /// The symbols that merging starts from: one for each character, as far as there are tokens.
    private func appendSymbols(
        _ bytes: [UInt8], _ piece: Range<Int>, to merger: inout BytePairMerger
    ) throws(TokenizerError) {
        let hasAffixes = !options.continuingPrefix.isEmpty || !options.endSuffix.isEmpty
        // An unknown token waits here, to be fused with the next one. Byte tokens do not flush
        // it: it comes after them.
        var unknown: Int32?
        var index = piece.lowerBound
        while index < piece.upperBound {
            let (scalar, length) = UTF8Text.scalar(in: bytes, at: index)
            let end = index + length
            let id =
                hasAffixes
                ? vocabulary.id(of: affixed(bytes, index..<end, in: piece)) ?? -1
                : self.id(of: scalar)
            if id >= 0 {
                if let waiting = unknown { merger.append(waiting) }
                unknown = nil
                merger.append(id)
            } else if !options.fallsBackToBytes
                || !appendBytes(
                    of: hasAffixes
                        ? affixed(bytes, index..<end, in: piece) : Array(bytes[index..<end]),
                    to: &merger)
            {
                if let waiting = unknown, !options.fusesUnknown { merger.append(waiting) }
                // Without an unknown token the character is dropped.
                unknown = try unknownID()
            }
            index = end
        }
        if let waiting = unknown { merger.append(waiting) }
    }

    @inline(__always)
    private func id(of scalar: UInt32) -> Int32 {
        scalar < 0x10000 ? idOfScalar[Int(scalar)] : idOfHighScalar[scalar] ?? -1
    }

    private func affixed(_ bytes: [UInt8], _ character: Range<Int>, in piece: Range<Int>) -> [UInt8]
    {
        (character.lowerBound > piece.lowerBound ? options.continuingPrefix : [])
            + bytes[character]
            + (character.upperBound == piece.upperBound ? options.endSuffix : [])
    }

    /// Appends byte tokens if there is one for every byte; otherwise nothing, and returns false.
    private func appendBytes(of character: [UInt8], to merger: inout BytePairMerger) -> Bool {
        guard character.allSatisfy({ idOfByte[Int($0)] >= 0 }) else { return false }
        for byte in character { merger.append(idOfByte[Int(byte)]) }
        return true
    }

    private func unknownID() throws(TokenizerError) -> Int32? {
        guard let token = options.unknownToken else { return nil }
        guard let id = vocabulary.id(of: token) else {
            throw .unknownTokenMissing(token: String(decoding: token, as: UTF8.self))
        }
        return id
    }
}
