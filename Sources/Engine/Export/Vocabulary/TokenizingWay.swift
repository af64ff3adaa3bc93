// The two ways of llama.cpp that tokenizers of this build have: byte-level merges (`gpt2`) and
// SentencePiece (`llama`).

import Checkpoint
import JSON
import Tokenizer

struct TokenizingWay {
    /// Value of `tokenizer.ggml.model`.
    let model: String
    /// Value of `tokenizer.ggml.pre`.
    let pre: String
    var hasScores: Bool { scores != nil }
    /// What the way has beyond tokens and kinds.
    let more: [(name: String, value: MetadataValue)]
    let caveats: [String]
    /// Of SentencePiece only.
    private let scores: SentencePieceScores?

    // MARK: Byte-level

    /// - Throws: `ExportRefusal` where texts are cut in a way that llama.cpp has no name for.
    static func byteLevel(_ document: TokenizerDocument) throws -> TokenizingWay {
        guard
            let name = PreTokenizerName.find(
                document.preTokenizer, ignoresMerges: document.isOn("ignore_merges"))
        else {
            throw document.refusal(
                "llama.cpp has no name for the way its pre-tokenizer cuts texts, and would cut "
                    + "them another way",
                ExportRefusal.leaveOut)
        }
        for key in ["continuing_subword_prefix", "end_of_word_suffix"]
        where document.word(key)?.isEmpty == false {
            throw document.refusal("`\(key)` is not known to llama.cpp", ExportRefusal.leaveOut)
        }
        let normalizers = document.normalizer.components("normalizers")
        guard normalizers.allSatisfy({ $0["type"]?.string == "NFC" }) else {
            throw document.refusal(
                "llama.cpp changes no text before it cuts it, and this one's normalizer does",
                ExportRefusal.leaveOut)
        }
        return TokenizingWay(
            model: "gpt2", pre: name.name,
            more: [
                (
                    "tokenizer.ggml.merges",
                    .texts(document.merges.map { Array("\(marked($0)) \(marked($1))".utf8) })
                )
            ],
            caveats: normalizers.isEmpty
                ? []
                : [
                    "llama.cpp does not compose characters (NFC) as the tokenizer does: texts "
                        + "that are not composed get other tokens there"
                ],
            scores: nil)
    }

    /// A space between two halves is what parts them.
    private static func marked(_ half: String) -> String {
        half.replacing(" ", with: "\u{120}")
    }

    // MARK: SentencePiece

    private static let space = "\u{2581}"

    /// - Throws: `ExportRefusal` where SentencePiece would give other ids.
    static func sentencePiece(_ document: TokenizerDocument) throws -> TokenizingWay {
        guard let form = SpaceForm.read(document) else {
            throw document.refusal(
                "its normalizer and pre-tokenizer are none that llama.cpp's SentencePiece has",
                ExportRefusal.leaveOut)
        }
        guard (0...255).allSatisfy({ document.tokenizer.id(of: byteName($0)) != nil }) else {
            throw document.refusal(
                "it has no token for some bytes, and llama.cpp needs all 256",
                ExportRefusal.leaveOut)
        }
        let matched = Set(document.added.map { Array($0.content.utf8) })
        let bytes = Set((0...255).map(byteName))
        let tokens = document.contents.filter { !bytes.contains($0) }
        let scores = SentencePieceScores(document.merges, of: tokens, matched: matched) {
            document.tokenizer.id(of: $0) != nil
        }
        guard let scores, !document.isOn("ignore_merges") else {
            throw document.refusal(
                "its merges are not those of a SentencePiece model: llama.cpp would join tokens "
                    + "that this tokenizer does not",
                ExportRefusal.leaveOut)
        }
        return TokenizingWay(
            model: "llama", pre: "default",
            more: [("tokenizer.ggml.add_space_prefix", .flag(form.putsSpaceFirst))],
            caveats: form.caveats,
            scores: scores)
    }

    private static func byteName(_ byte: Int) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return "<0x\(byte < 16 ? "0" : "")\(digits)>"
    }

    // MARK: Tokens

    /// One for each row of the embedding.
    func entries(_ document: TokenizerDocument, size: Int) -> [VocabularyEntry] {
        let added = Dictionary(
            document.added.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let unknown = document.word("unk_token").map { Array($0.utf8) }
        let bytes = scores == nil ? [] : Set((0...255).map { Array(Self.byteName($0).utf8) })
        return document.entries(size: size) { id, content in
            if scores != nil, content == unknown {
                return VocabularyEntry(text: content, score: Self.addedScore, kind: .unknown)
            }
            if let entry = added[id] {
                return VocabularyEntry(
                    text: entry.isSpecial ? content : self.text(of: entry),
                    score: Self.addedScore, kind: entry.isSpecial ? .control : .userDefined)
            }
            if bytes.contains(content) { return VocabularyEntry(text: content, kind: .byte) }
            let score = scores?.values[content]
            return VocabularyEntry(text: content, score: score ?? 0, kind: .normal)
        }
    }

    /// As the converter of llama.cpp gives it to what no merge makes.
    private static let addedScore: Float = -1000

    /// llama.cpp looks for added tokens in the text as it is, before spaces are marked.
    private func text(of entry: AddedEntry) -> [UInt8] {
        let content =
            scores == nil ? entry.content : entry.content.replacing(Self.space, with: " ")
        return Array(content.utf8)
    }
}

/// What becomes of the spaces of a text before SentencePiece joins anything.
private struct SpaceForm {
    /// Whether a space is put before the text.
    let putsSpaceFirst: Bool
    /// Not before a text that begins with one.
    var keepsSpace = false
    /// Not before what follows a special token.
    var isOnlyFirst = false

    var caveats: [String] {
        var caveats: [String] = []
        if keepsSpace {
            caveats.append(
                "llama.cpp puts a space before texts that begin with one, too: such texts get "
                    + "other tokens there")
        }
        if isOnlyFirst {
            caveats.append(
                "llama.cpp puts a space behind special tokens, too: what follows one, as in all "
                    + "chats, gets other tokens there")
        }
        return caveats
    }

    /// nil for what llama.cpp does not do.
    static func read(_ document: TokenizerDocument) -> SpaceForm? {
        let space = "\u{2581}"
        var normalizers = document.normalizer.components("normalizers")
        let cuts = document.preTokenizer.components("pretokenizers")
        if normalizers.isEmpty {
            guard cuts.count == 1, cuts[0]["type"]?.string == "Metaspace",
                cuts[0]["replacement"]?.string == space, cuts[0]["split"]?.bool == false
            else { return nil }
            switch cuts[0]["prepend_scheme"]?.string {
            case "never": return SpaceForm(putsSpaceFirst: false)
            case "always": return SpaceForm(putsSpaceFirst: true, keepsSpace: true)
            case "first":
                return SpaceForm(putsSpaceFirst: true, keepsSpace: true, isOnlyFirst: true)
            default: return nil
            }
        }
        let prepends = normalizers[0]["prepend"]?.string == space
        if prepends { normalizers.removeFirst() }
        guard normalizers.count == 1, normalizers[0]["type"]?.string == "Replace",
            normalizers[0]["pattern"]?["String"]?.string == " ",
            normalizers[0]["content"]?.string == space,
            // No space is left for it.
            cuts.allSatisfy({ $0["pattern"]?["String"]?.string == " " })
        else { return nil }
        return SpaceForm(putsSpaceFirst: prepends)
    }
}
