// A tokenizer from tokenizer.model alone, where its ids are exactly those of SentencePiece.
//
// Source: sentencepiece 0.2, bpe_model.cc and normalizer.cc. Special tokens that a text spells out
// are found in it, as the tokenizers library does and SentencePiece does not; the text between two
// of them is encoded for itself, as Llama 2's published tokenizer.json says.

import JSON

extension TokenizerFile {
    private static let space = Array("▁".utf8)

    /// - Throws: what makes another tokenizer of the file than this program has.
    init(_ file: SentencePieceFile, settings: SentencePieceSettings) throws(TokenizerError) {
        try Self.refuseInexact(file)
        model = try BytePairModel(file)
        var steps: [TextNormalizer.Step] = file.addsPrefix ? [.prepend(Self.space)] : []
        steps.append(.replace(.literal([UInt8(ascii: " ")]), with: Self.space))
        normalizer = TextNormalizer(steps: steps)
        preTokenizer = PreTokenizer(steps: [])
        addedTokens = file.pieces.enumerated().filter {
            $0.element.kind == .control || $0.element.kind == .unknown
        }.map { id, piece in
            AddedToken(
                content: piece.content, id: Int32(id), isSingleWord: false, stripsLeft: false,
                stripsRight: false, isNormalized: false, isSpecial: true)
        }
        postProcessor = PostProcessor(
            before: try settings.beginning(of: file), after: try settings.end(of: file))
        let literal = PieceMatcher.literal(Self.space)
        var decoding: [TokenDecoder.Step] = [.replace(literal, with: [UInt8(ascii: " ")])]
        if file.fallsBackToBytes { decoding.append(.byteFallback) }
        decoding.append(.fuse)
        if file.addsPrefix {
            decoding.append(.strip(character: [UInt8(ascii: " ")], start: 1, stop: 0))
        }
        decoder = TokenDecoder(steps: decoding)
        warnings = []
    }

    private static func refuseInexact(_ file: SentencePieceFile) throws(TokenizerError) {
        func refuse(_ place: String, _ component: String) throws(TokenizerError) {
            throw .unsupported(place: place, component: component, hint: "")
        }
        if file.modelType != 2 {
            let names: [UInt64: String] = [1: "Unigram", 3: "words", 4: "characters"]
            let name = names[file.modelType] ?? "\(file.modelType)"
            try refuse("trainer_spec.model_type", "the model \(quoted(name)) (known is BPE)")
        }
        if file.putsSpaceBehind {
            try refuse("trainer_spec.treat_whitespace_as_suffix", "a space behind each word")
        }
        if file.rewritesText { try refuse("normalizer_spec", "a table that rewrites the text") }
        if file.removesExtraSpaces {
            try refuse("normalizer_spec.remove_extra_whitespaces", "taking spaces away")
        }
        if !file.escapesSpaces {
            try refuse("normalizer_spec.escape_whitespaces", "leaving spaces as they are")
        }
        for (index, piece) in file.pieces.enumerated() {
            let place = "pieces[\(index)]"
            switch piece.kind {
            case .userDefined: try refuse(place, "a piece that the user defined")
            case .unused: try refuse(place, "a piece that is not to be used")
            case .control, .unknown:
                // A text's character would be taken for it.
                if piece.content.count == UTF8Text.length(startingWith: piece.content[0]) {
                    try refuse(place, "a special piece of one character")
                }
            case .normal, .byte: continue
            }
        }
    }
}

extension BytePairModel {
    /// SentencePiece joins the two neighbours that make the piece of the best score, the leftmost
    /// where several have it. So a pair's rank is that of the score; pairs may share one.
    init(_ file: SentencePieceFile) throws(TokenizerError) {
        var vocabulary = TokenVocabulary(capacity: file.pieces.count)
        var normal: [[UInt8]: Int32] = [:]
        normal.reserveCapacity(file.pieces.count)
        for (index, piece) in file.pieces.enumerated() {
            guard vocabulary.insert(piece.content, id: Int32(index)) else {
                throw .wrongValue(
                    place: "pieces[\(index)]", expected: "every piece once",
                    found: "\(quoted(String(decoding: piece.content, as: UTF8.self))) again")
            }
            if piece.kind == .normal { normal[piece.content] = Int32(index) }
        }
        var options = Options()
        options.fusesUnknown = true
        options.fallsBackToBytes = file.fallsBackToBytes
        options.unknownToken = file.pieces.first { $0.kind == .unknown }?.content
        let unknownCount = file.pieces.count { $0.kind == .unknown }
        guard unknownCount == 1 else {
            throw .wrongValue(
                place: "pieces", expected: "one of the type unknown", found: "\(unknownCount)")
        }
        let byteCount = file.pieces.count { $0.kind == .byte }
        if file.fallsBackToBytes && byteCount != 256 {
            throw .wrongValue(
                place: "pieces", expected: "256 of the type byte", found: "\(byteCount)")
        }
        var pairs: [(left: Int32, right: Int32)] = []
        var ranks: [UInt32] = []
        var merged: [Int32] = []
        for (id, rank) in try Self.ranked(file) {
            let halves = try Self.halves(of: id, in: file, normal)
            pairs += halves
            ranks += [UInt32](repeating: rank, count: halves.count)
            merged += [Int32](repeating: Int32(id), count: halves.count)
        }
        self.init(
            vocabulary: vocabulary, options: options, pairs: pairs, ranks: ranks, merged: merged)
    }

    /// The pieces of several characters and their ranks: the same for the same score.
    private static func ranked(
        _ file: SentencePieceFile
    ) throws(TokenizerError) -> [(id: Int, rank: UInt32)] {
        let ids = file.pieces.indices.filter { index in
            let piece = file.pieces[index]
            return piece.kind == .normal
                && piece.content.count > UTF8Text.length(startingWith: piece.content[0])
        }
        for id in ids where file.pieces[id].score.isNaN {
            throw .wrongValue(
                place: "pieces[\(id)].score", expected: "a number", found: "none")
        }
        var rank: UInt32 = 0
        var best: Float?
        return ids.sorted { file.pieces[$0].score > file.pieces[$1].score }.map { id in
            if let best, best != file.pieces[id].score { rank += 1 }
            best = file.pieces[id].score
            return (id, rank)
        }
    }

    /// The pairs of pieces that make a piece.
    private static func halves(
        of id: Int, in file: SentencePieceFile, _ normal: [[UInt8]: Int32]
    ) throws(TokenizerError) -> [(left: Int32, right: Int32)] {
        let content = file.pieces[id].content
        var pairs: [(left: Int32, right: Int32)] = []
        var index = 0
        while index < content.count {
            let end = index + UTF8Text.length(startingWith: content[index])
            let character = Array(content[index..<end])
            // SentencePiece joins characters that are no pieces; here they have no id to join.
            guard normal[character] != nil else {
                throw .unsupported(
                    place: "pieces[\(id)].piece",
                    component: "a character that is no piece, "
                        + quoted(String(decoding: character, as: UTF8.self)), hint: "")
            }
            if index > 0, let left = normal[Array(content[..<index])],
                let right = normal[Array(content[index...])]
            {
                pairs.append((left: left, right: right))
            }
            index = end
        }
        return pairs
    }
}
