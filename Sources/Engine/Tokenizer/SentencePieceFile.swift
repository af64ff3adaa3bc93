// tokenizer.model: the pieces and settings of a SentencePiece model.
// Source: sentencepiece 0.2, src/sentencepiece_model.proto (fields and their defaults).

/// What a tokenizer.model says, as far as it decides ids.
struct SentencePieceFile {
    /// Largest known: 4.7 MB, of 262,144 pieces.
    static let bytesMax = 16 << 20
    /// Longest known: 93 bytes. Every cut of a piece is looked up.
    static let pieceBytesMax = 200

    enum Kind: UInt64 {
        case normal = 1
        case unknown, control, userDefined, unused, byte
    }

    struct Piece {
        var content: [UInt8] = []
        var score: Float = 0
        var kind = Kind.normal
    }

    var pieces: [Piece] = []
    /// 1 Unigram, 2 BPE, 3 words, 4 characters.
    var modelType: UInt64 = 1
    var fallsBackToBytes = false
    var putsSpaceBehind = false
    /// Ids below zero: there is none.
    var bosID = 1
    var eosID = 2
    /// Whether a text, or what is decoded, is rewritten by a table of the file.
    var rewritesText = false
    /// Whether a space is put before every text.
    var addsPrefix = true
    var removesExtraSpaces = true
    /// Whether spaces become «▁».
    var escapesSpaces = true

    init(_ bytes: [UInt8]) throws(TokenizerError) {
        guard bytes.count <= Self.bytesMax else {
            throw .wrongValue(
                place: "tokenizer.model", expected: "at most \(Self.bytesMax) bytes",
                found: "\(bytes.count)")
        }
        var reader = ProtobufReader(bytes, 0..<bytes.count)
        while let (field, value) = try reader.next() {
            guard case .bytes(let range) = value else { continue }
            var inner = ProtobufReader(bytes, range)
            switch field {
            case 1: try addPiece(&inner, bytes)
            case 2: try readTraining(&inner)
            case 3: try readNormalizer(&inner)
            case 5: try readDenormalizer(&inner)
            default: continue
            }
        }
        guard !pieces.isEmpty else {
            throw .wrongValue(place: "pieces", expected: "some", found: "none")
        }
    }

    private mutating func addPiece(
        _ reader: inout ProtobufReader, _ bytes: [UInt8]
    ) throws(TokenizerError) {
        var piece = Piece()
        let place = "pieces[\(pieces.count)]"
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (1, .bytes(let range)): piece.content = Array(bytes[range])
            case (2, .bits32(let bits)): piece.score = Float(bitPattern: bits)
            case (3, .number(let number)):
                guard let kind = Kind(rawValue: number) else {
                    throw .wrongValue(
                        place: "\(place).type", expected: "a number in 1...6", found: "\(number)")
                }
                piece.kind = kind
            default: continue
            }
        }
        guard pieces.count <= Int(TokenVocabulary.idMax) else {
            throw .wrongValue(
                place: "pieces", expected: "at most \(TokenVocabulary.idMax + 1)", found: "more")
        }
        guard (1...Self.pieceBytesMax).contains(piece.content.count),
            UTF8Text.firstInvalidOffset(in: piece.content) == nil
        else {
            throw .wrongValue(
                place: "\(place).piece",
                expected: "1 to \(Self.pieceBytesMax) bytes of UTF-8",
                found: "\(piece.content.count) bytes")
        }
        pieces.append(piece)
    }

    private mutating func readTraining(_ reader: inout ProtobufReader) throws(TokenizerError) {
        while let (field, value) = try reader.next() {
            guard case .number(let number) = value else { continue }
            switch field {
            case 3: modelType = number
            case 24: putsSpaceBehind = number != 0
            case 35: fallsBackToBytes = number != 0
            case 41: bosID = Int(Int32(truncatingIfNeeded: number))
            case 42: eosID = Int(Int32(truncatingIfNeeded: number))
            default: continue
            }
        }
    }

    private mutating func readNormalizer(_ reader: inout ProtobufReader) throws(TokenizerError) {
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (2, .bytes(let table)): if !table.isEmpty { rewritesText = true }
            case (3, .number(let number)): addsPrefix = number != 0
            case (4, .number(let number)): removesExtraSpaces = number != 0
            case (5, .number(let number)): escapesSpaces = number != 0
            default: continue
            }
        }
    }

    private mutating func readDenormalizer(
        _ reader: inout ProtobufReader
    ) throws(TokenizerError) {
        while let (field, value) = try reader.next() {
            if case (2, .bytes(let table)) = (field, value), !table.isEmpty { rewritesText = true }
        }
    }
}
