// What stands beside tokenizer.model and decides ids: tokenizer_config.json, added_tokens.json.
// Source: transformers 5.24, models/llama/tokenization_llama.py (the defaults).

import JSON

struct SentencePieceSettings {
    /// The files that are read, after tokenizer.model.
    static let fileNames = ["tokenizer_config.json", "added_tokens.json"]
    /// The classes whose settings are followed; a file without a name means them, too.
    private static let classes = ["LlamaTokenizer", "LlamaTokenizerFast"]

    private let config: TokenizerFields?
    private let added: TokenizerFields?

    /// - Parameter files: the contents of the files that there are, by name.
    init(_ files: [String: JSONValue] = [:]) throws(TokenizerError) {
        func fields(_ name: String) throws(TokenizerError) -> TokenizerFields? {
            guard let value = files[name] else { return nil }
            return try TokenizerFields(value, place: name)
        }
        config = try fields(Self.fileNames[0])
        added = try fields(Self.fileNames[1])
    }

    /// Ids before every text.
    func beginning(of file: SentencePieceFile) throws(TokenizerError) -> [Int32] {
        try ids(of: file, switchedBy: "add_bos_token", default: true, "bos_token", file.bosID)
    }

    /// Ids behind every text.
    func end(of file: SentencePieceFile) throws(TokenizerError) -> [Int32] {
        try ids(of: file, switchedBy: "add_eos_token", default: false, "eos_token", file.eosID)
    }

    private func ids(
        of file: SentencePieceFile, switchedBy key: String, default fallback: Bool,
        _ token: String, _ id: Int
    ) throws(TokenizerError) -> [Int32] {
        guard try config?.bool(key, default: fallback) ?? fallback, id >= 0 else { return [] }
        guard file.pieces.indices.contains(id) else {
            throw .wrongValue(
                place: "trainer_spec.\(token == "bos_token" ? "bos_id" : "eos_id")",
                expected: "the id of a piece", found: "\(id)")
        }
        if let config, let value = config.optional(token) {
            // A string, or an object with the string as `content`.
            let content = value.string ?? value["content"]?.string ?? value.shown
            let piece = String(decoding: file.pieces[id].content, as: UTF8.self)
            guard Array(content.utf8) == file.pieces[id].content else {
                throw .wrongValue(
                    place: config.place(of: token), expected: quoted(piece),
                    found: quoted(content))
            }
        }
        return [Int32(id)]
    }

    /// Refuses what would make other ids than the pieces alone.
    func check(_ file: SentencePieceFile) throws(TokenizerError) {
        if let added { try checkAdded(added, file) }
        guard let config else { return }
        if config.optional("tokenizer_class") != nil {
            let name = try config.string("tokenizer_class")
            guard Self.classes.contains(name) else {
                throw .unsupported(
                    place: config.place(of: "tokenizer_class"), component: quoted(name),
                    hint: "known is \(Self.classes[0])")
            }
        }
        guard try config.bool("add_prefix_space", default: file.addsPrefix) == file.addsPrefix
        else {
            throw .wrongValue(
                place: config.place(of: "add_prefix_space"),
                expected: "\(file.addsPrefix), as tokenizer.model says",
                found: "\(!file.addsPrefix)")
        }
        if config.optional("added_tokens_decoder") != nil {
            try checkDecoder(config.object("added_tokens_decoder"), file)
        }
    }

    /// `added_tokens.json`: contents and their ids.
    private func checkAdded(
        _ added: TokenizerFields, _ file: SentencePieceFile
    ) throws(TokenizerError) {
        for (content, value) in added.members {
            try checkToken(content, id: value.integer, in: file, place: added.place)
        }
    }

    /// `added_tokens_decoder`: ids, and objects with a content and how to look for it.
    private func checkDecoder(
        _ decoder: TokenizerFields, _ file: SentencePieceFile
    ) throws(TokenizerError) {
        for (key, value) in decoder.members {
            let entry = try TokenizerFields(value, place: decoder.place(of: key))
            try checkToken(
                try entry.string("content"), id: Int(key), in: file, place: entry.place)
            for flag in ["lstrip", "rstrip", "single_word", "normalized"]
            where try entry.bool(flag, default: false) {
                throw .unsupported(place: entry.place(of: flag), component: "true", hint: "")
            }
        }
    }

    private func checkToken(
        _ content: String, id: Int?, in file: SentencePieceFile, place: String
    ) throws(TokenizerError) {
        guard let id, file.pieces.indices.contains(id),
            file.pieces[id].content == Array(content.utf8),
            file.pieces[id].kind == .control || file.pieces[id].kind == .unknown
        else {
            throw .unsupported(
                place: place, component: "the token \(quoted(content)), which is no special piece",
                hint: "")
        }
    }
}
