// tokenizer.model alone: what is read exactly, and what is refused, with the way out.

import Foundation
import SystemPackage
import TestSupport
import Testing
import Tokenizer

/// SentencePiece models of a few pieces.
struct SmallSentencePiece {
    struct Piece {
        let content: String
        var score: Float = 0
        /// 1 normal, 2 unknown, 3 control, 4 of the user, 5 unused, 6 byte.
        var kind = 1
    }

    var pieces = [
        Piece(content: "<unk>", kind: 2), Piece(content: "<s>", kind: 3),
        Piece(content: "</s>", kind: 3), Piece(content: "ab", score: 0),
        Piece(content: "▁a", score: -1), Piece(content: "▁ab", score: -2),
        Piece(content: "▁", score: -3), Piece(content: "a", score: -4),
        Piece(content: "b", score: -5),
    ]
    /// Field -> number. A model of the type BPE.
    var training: [Int: Int] = [3: 2]
    /// No spaces are taken away.
    var normalizer: [Int: Int] = [4: 0]
    var table: [UInt8] = []

    var bytes: [UInt8] {
        var out: [UInt8] = []
        for piece in pieces {
            let score = piece.score.bitPattern
            let floatBytes = (0..<4).map { UInt8(truncatingIfNeeded: score >> (8 * $0)) }
            Self.append(
                1,
                [0x0A] + Self.varint(piece.content.utf8.count) + Array(piece.content.utf8)
                    + [0x15] + floatBytes + [0x18] + Self.varint(piece.kind), to: &out)
        }
        Self.append(2, Self.numbers(training), to: &out)
        let rules = table.isEmpty ? [] : [0x12] + Self.varint(table.count) + table
        Self.append(3, Self.numbers(normalizer) + rules, to: &out)
        return out
    }

    private static func append(_ field: Int, _ message: [UInt8], to out: inout [UInt8]) {
        out += varint(field << 3 | 2) + varint(message.count) + message
    }

    private static func numbers(_ fields: [Int: Int]) -> [UInt8] {
        fields.sorted { $0.key < $1.key }.flatMap { varint($0.key << 3) + varint($0.value) }
    }

    static func varint(_ value: Int) -> [UInt8] {
        var rest = UInt64(bitPattern: Int64(value))
        var out: [UInt8] = []
        repeat {
            out.append(UInt8(rest & 0x7F) | (rest > 0x7F ? 0x80 : 0))
            rest >>= 7
        } while rest > 0
        return out
    }
}

@Suite("tokenizer.model alone")
struct SentencePieceTests {
    private static func load(
        _ bytes: [UInt8], beside files: [String: String] = [:]
    ) throws -> Tokenizer {
        let folder = try TemporaryFolder()
        try Data(bytes).write(to: folder.url.appending(path: "tokenizer.model"))
        for (name, text) in files {
            try Data(text.utf8).write(to: folder.url.appending(path: name))
        }
        return try TokenizerFolder.load(FilePath(folder.path))
    }

    private static func refusal(
        _ bytes: [UInt8], beside files: [String: String] = [:]
    ) throws -> String {
        do {
            _ = try load(bytes, beside: files)
            return "none"
        } catch let error as TokenizerError {
            return error.description
        }
    }

    @Test("the best piece is joined first, and special tokens are found in the text")
    func reads() throws {
        let tokenizer = try Self.load(SmallSentencePiece().bytes)
        // «ab» is better than «▁a», and «▁ab» is made of it.
        #expect(try tokenizer.encode("ab a") == [1, 5, 4])
        #expect(try tokenizer.encode(" ab", addSpecialTokens: false) == [6, 5])
        #expect(try tokenizer.encode("a</s>b", addSpecialTokens: false) == [4, 2, 6, 8])
        // Unknown characters in a row are one token.
        #expect(try tokenizer.encode("aéüb", addSpecialTokens: false) == [4, 0, 8])
        #expect(try tokenizer.decode([1, 5, 4], skipSpecialTokens: true) == "ab a")
    }

    /// Merges the way the method is told: again and again the best piece, leftmost first.
    private static func reference(_ text: String, _ pieces: [SmallSentencePiece.Piece]) -> [Int32] {
        var symbols = text.map { String($0) }
        while true {
            var best: (score: Float, position: Int)?
            for position in symbols.indices.dropLast() {
                let joined = symbols[position] + symbols[position + 1]
                let piece = pieces.first { $0.content == joined }
                if let piece, piece.score > best?.score ?? -.infinity {
                    best = (piece.score, position)
                }
            }
            guard let best else { break }
            symbols[best.position] += symbols.remove(at: best.position + 1)
        }
        return symbols.compactMap { symbol in pieces.firstIndex { $0.content == symbol } }
            .map { Int32($0) }
    }

    @Test("joining equals the plain method, of pieces with one score, too", arguments: 0..<40)
    func equalsReference(seed: Int) throws {
        var random = TokenizerTestGenerator(seed: UInt64(seed))
        var model = SmallSentencePiece()
        model.normalizer[3] = 0
        model.pieces = Array(model.pieces.prefix(3)) + ["a", "b", "c"].map { .init(content: $0) }
        while model.pieces.count < 24 {
            let halves = (0..<2).map { _ in
                model.pieces[Int.random(in: 3..<model.pieces.count, using: &random)].content
            }
            let joined = halves.joined()
            if joined.count > 7 || model.pieces.contains(where: { $0.content == joined }) {
                continue
            }
            let score = -Float(Int.random(in: 1...(seed % 2 == 0 ? 4 : 1000), using: &random))
            model.pieces.append(.init(content: joined, score: score))
        }
        let tokenizer = try Tokenizer(sentencePiece: model.bytes)
        for length in 0..<40 {
            let text = String((0..<length).map { _ in "abc".randomElement(using: &random) ?? "a" })
            let ids = try tokenizer.encode(text, addSpecialTokens: false)
            #expect(ids == Self.reference(text, model.pieces), "\(text)")
        }
    }

    @Test("without the prefix, a text begins as it does")
    func withoutPrefix() throws {
        var model = SmallSentencePiece()
        model.normalizer[3] = 0
        let tokenizer = try Self.load(model.bytes)
        #expect(try tokenizer.encode("ab a", addSpecialTokens: false) == [3, 4])
        #expect(try tokenizer.decode([4, 3]) == " aab")
    }

    @Test("tokenizer_config.json says which special tokens stand around a text")
    func switches() throws {
        let bytes = SmallSentencePiece().bytes
        func ids(_ config: String) throws -> [Int32] {
            try Self.load(bytes, beside: ["tokenizer_config.json": config]).encode("ab")
        }
        #expect(try ids("{}") == [1, 5])
        #expect(try ids(#"{"add_bos_token": false}"#) == [5])
        #expect(try ids(#"{"add_eos_token": true, "eos_token": "</s>"}"#) == [1, 5, 2])
        #expect(
            try ids(
                """
                {"tokenizer_class": "LlamaTokenizer", "bos_token": {"content": "<s>"},
                "added_tokens_decoder": {"1": {"content": "<s>", "lstrip": false}}}
                """) == [1, 5])
        // -1: there is no such token.
        var model = SmallSentencePiece()
        model.training[41] = -1
        #expect(try Self.load(model.bytes).encode("ab") == [5])
    }

    struct Case: CustomTestStringConvertible {
        let testDescription: String
        let message: String
        let change: @Sendable (inout SmallSentencePiece) -> Void

        init(
            _ fault: String, _ message: String,
            _ change: @escaping @Sendable (inout SmallSentencePiece) -> Void
        ) {
            (testDescription, self.message, self.change) = (fault, message, change)
        }
    }

    static let cases = [
        Case("Unigram", "trainer_spec.model_type: the model `Unigram`") { $0.training[3] = 1 },
        Case("spaces behind words", "trainer_spec.treat_whitespace_as_suffix") {
            $0.training[24] = 1
        },
        Case("a table", "normalizer_spec: a table that rewrites the text") { $0.table = [1] },
        Case("spaces taken away", "normalizer_spec.remove_extra_whitespaces") {
            $0.normalizer[4] = 1
        },
        Case("spaces left", "normalizer_spec.escape_whitespaces") { $0.normalizer[5] = 0 },
        Case("a user's piece", "pieces[9]: a piece that the user defined") {
            $0.pieces.append(.init(content: "xy", kind: 4))
        },
        Case("an unused piece", "pieces[9]: a piece that is not to be used") {
            $0.pieces.append(.init(content: "xy", kind: 5))
        },
        Case("a short special piece", "pieces[9]: a special piece of one character") {
            $0.pieces.append(.init(content: "é", kind: 3))
        },
        Case("a piece twice", "pieces[9]: expected every piece once, found `ab` again") {
            $0.pieces.append(.init(content: "ab", score: -9))
        },
        Case("no number", "pieces[9].score: expected a number, found none") {
            $0.pieces.append(.init(content: "ba", score: .nan))
        },
        Case("a character that is no piece", "pieces[9].piece: a character that is no piece, `c`") {
            $0.pieces.append(.init(content: "ac", score: -9))
        },
        Case("no unknown piece", "pieces: expected one of the type unknown, found 0") {
            $0.pieces[0] = .init(content: "<pad>", kind: 3)
        },
        Case("too few byte pieces", "pieces: expected 256 of the type byte, found 1") {
            $0.training[35] = 1
            $0.pieces.append(.init(content: "<0x00>", kind: 6))
        },
        Case("a kind beyond", "pieces[9].type: expected a number in 1...6, found 7") {
            $0.pieces.append(.init(content: "x", kind: 7))
        },
        Case("an empty piece", "pieces[9].piece: expected 1 to 200 bytes of UTF-8, found 0") {
            $0.pieces.append(.init(content: ""))
        },
        Case("a long piece", "pieces[9].piece: expected 1 to 200 bytes of UTF-8, found 201") {
            $0.pieces.append(.init(content: String(repeating: "a", count: 201)))
        },
        Case("a BOS beyond", "trainer_spec.bos_id: expected the id of a piece, found 9") {
            $0.training[41] = 9
        },
        Case("no pieces", "pieces: expected some, found none") { $0.pieces = [] },
    ]

    @Test("what would give other ids is refused, with its place and the way out", arguments: cases)
    func refuses(example: Case) throws {
        var model = SmallSentencePiece()
        example.change(&model)
        let message = try Self.refusal(model.bytes)
        #expect(message.contains("found only tokenizer.model (SentencePiece), which does not do: "))
        #expect(message.contains(example.message), "\(message)")
        #expect(message.contains(".save_pretrained("))
    }

    @Test(
        "files beside it that add tokens, or ask for another class, are refused",
        arguments: [
            (
                "added_tokens.json", #"{"<x>": 9}"#,
                "added_tokens.json: the token `<x>`, which is no special piece"
            ),
            (
                "tokenizer_config.json",
                #"{"added_tokens_decoder": {"9": {"content": "<x>"}}}"#,
                "tokenizer_config.json.added_tokens_decoder.9: the token `<x>`"
            ),
            (
                "tokenizer_config.json",
                #"{"added_tokens_decoder": {"1": {"content": "<s>", "lstrip": true}}}"#,
                "added_tokens_decoder.1.lstrip: true is not supported"
            ),
            (
                "tokenizer_config.json", #"{"tokenizer_class": "XGLMTokenizer"}"#,
                "tokenizer_config.json.tokenizer_class: `XGLMTokenizer` is not supported"
            ),
            (
                "tokenizer_config.json", #"{"add_prefix_space": false}"#,
                "tokenizer_config.json.add_prefix_space: expected true"
            ),
            (
                "tokenizer_config.json", #"{"bos_token": "<bos>"}"#,
                "tokenizer_config.json.bos_token: expected `<s>`, found `<bos>`"
            ),
            ("tokenizer_config.json", "{", "tokenizer_config.json: line 1, column 2"),
        ])
    func refusesSettings(name: String, text: String, message: String) throws {
        let refusal = try Self.refusal(SmallSentencePiece().bytes, beside: [name: text])
        #expect(refusal.contains(message), "\(refusal)")
    }

    @Test("tokenizer.json comes first, and is asked for where the file itself is needed")
    func jsonFirst() throws {
        let folder = try TemporaryFolder()
        let path = FilePath(folder.path)
        func names() throws -> [String?] {
            try TokenizerFolder.files(of: path).map { $0.lastComponent?.string }
        }
        let model = folder.url.appending(path: "tokenizer.model")
        try Data(SmallSentencePiece().bytes).write(to: model)
        #expect(try names() == ["tokenizer.model"])
        try Data("{}".utf8).write(to: folder.url.appending(path: "tokenizer_config.json"))
        #expect(try names() == ["tokenizer.model", "tokenizer_config.json"])
        let error = #expect(throws: TokenizerError.self) { try TokenizerFolder.loadJSON(path) }
        #expect(error?.description.contains("found only tokenizer.model") == true)
        let json = SmallTokenizer.json(model: SmallTokenizer.model(["a", "b"]))
        try Data(json.utf8).write(to: folder.url.appending(path: "tokenizer.json"))
        #expect(try TokenizerFolder.load(path).encode("ab") == [0, 1])
        #expect(try names() == ["tokenizer.json"])
    }

    @Test("damaged files are read or refused, and what was read can be used", arguments: 0..<8)
    func damaged(seed: Int) throws {
        let url = FamilyFixture.folder.appending(path: "llama-spm.model")
        let original = Array(try Data(contentsOf: url))
        var random = TokenizerTestGenerator(seed: UInt64(seed))
        var readCount = 0
        for _ in 0..<60 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let position = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes.removeSubrange(position...)
                case 1: bytes.remove(at: position)
                default: bytes[position] = UInt8.random(in: 0...255, using: &random)
                }
                if bytes.isEmpty { bytes = [0] }
            }
            guard let tokenizer = try? Tokenizer(sentencePiece: bytes) else { continue }
            readCount += 1
            let ids = try tokenizer.encode("Hello wörld </s> 中文 a\u{301} <0x41>")
            _ = try tokenizer.decode(ids)
        }
        #expect(readCount < 60)
    }
}
