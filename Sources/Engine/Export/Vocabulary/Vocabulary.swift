// The tokenizer of a model as a GGUF loader takes it: tokens with their kinds, merges or scores,
// and how texts are cut.

import JSON
import Tokenizer

struct Vocabulary {
    /// In the order of the file.
    let metadata: [(name: String, value: MetadataValue)]
    /// Where texts get other ids than here, in words.
    let caveats: [String]

    /// - Parameter size: rows of the embedding.
    /// - Throws: `ExportRefusal` for a tokenizer that loaders would follow wrongly,
    ///   `TokenizerError`.
    init(_ document: TokenizerDocument, size: Int) throws {
        let end = document.tokenizer.idEnd
        guard end <= size else {
            throw document.refusal(
                "it has ids up to \(end - 1), the model's embedding \(size) rows",
                "use the tokenizer.json that the model was trained with")
        }
        let way: TokenizingWay =
            if document.isOn("byte_fallback") {
                try .sentencePiece(document)
            } else {
                try .byteLevel(document)
            }
        let entries = way.entries(document, size: size)
        guard Set(entries.map(\.text)).count == entries.count else {
            throw document.refusal(
                "two of its tokens are one to llama.cpp", ExportRefusal.leaveOut)
        }
        var metadata: [(name: String, value: MetadataValue)] = [
            ("tokenizer.ggml.model", .text(way.model)), ("tokenizer.ggml.pre", .text(way.pre)),
            ("tokenizer.ggml.tokens", .texts(entries.map(\.text))),
        ]
        if way.hasScores {
            metadata.append(("tokenizer.ggml.scores", .reals(entries.map(\.score))))
        }
        metadata.append(
            ("tokenizer.ggml.token_type", .integers(entries.map(\.kind.rawValue))))
        metadata += way.more
        self.metadata = metadata
        caveats = way.caveats
    }
}

/// A token as the file lists it.
struct VocabularyEntry {
    var text: [UInt8]
    var score: Float = 0
    var kind: TokenKind
}

extension TokenizerDocument {
    func refusal(_ reason: String, _ cure: String) -> ExportRefusal {
        ExportRefusal(subject: "the tokenizer of \(path)", reason: reason, cure: cure)
    }

    /// Of all tokens, added ones included.
    var contents: [String] {
        (0..<tokenizer.idEnd).compactMap { tokenizer.content(of: Int32($0)) }
            .map { String(decoding: $0, as: UTF8.self) }
    }

    /// Every id below `size`: tokens of the file, and rows of the embedding that have none.
    func entries(
        size: Int, _ make: (_ id: Int, _ content: [UInt8]) -> VocabularyEntry
    ) -> [VocabularyEntry] {
        (0..<size).map { id in
            guard let content = tokenizer.content(of: Int32(id)) else {
                return VocabularyEntry(
                    text: Array("[PAD\(id)]".utf8), score: -10_000, kind: .unused)
            }
            return make(id, content)
        }
    }
}
