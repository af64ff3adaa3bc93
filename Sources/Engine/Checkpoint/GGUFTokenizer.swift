// The tokenizer's files of a model that came as a GGUF file: tokenizer.json where its vocabulary is
// byte-level merges that are cut in a way that is known by name, what it calls its special tokens,
// and its chat template.

import JSON

struct GGUFTokenizer: Sendable {
    private let file: GGUFFile
    /// Why there is no tokenizer.json; nil where there is one.
    let reason: String?

    init(_ file: GGUFFile) throws(GGUFFault) {
        self.file = file
        let way = "put the model's own tokenizer.json beside the file"
        let model = try file.text("tokenizer.ggml.model") ?? "nothing"
        let pre = try file.text("tokenizer.ggml.pre") ?? "nothing"
        if model != "gpt2" {
            reason =
                "its vocabulary is of the kind \(quoted(model)), of which no exact tokenizer.json "
                + "can be made (of `gpt2` it can); \(way)"
        } else if PreTokenizerName.named(pre) == nil {
            reason =
                "it cuts texts by rules called \(quoted(pre)), and this build knows those of "
                + PreTokenizerName.names.joined(separator: ", ") + "; \(way)"
        } else {
            reason = nil
        }
    }

    /// Kinds of tokens: `gguf`, constants.py (TokenType).
    private enum Kind {
        static let control = 3
        static let userDefined = 4
        static let unused = 5
    }

    // MARK: tokenizer.json

    func json() throws(GGUFFault) -> String {
        let pre = try file.text("tokenizer.ggml.pre") ?? "nothing"
        guard let way = PreTokenizerName.named(pre),
            let tokens = try file.texts("tokenizer.ggml.tokens"),
            let merges = try file.texts("tokenizer.ggml.merges")
        else {
            throw .key("tokenizer.ggml.tokens", expected: "tokens and merges", found: "nothing")
        }
        let kinds = try file.integers("tokenizer.ggml.token_type") ?? []
        guard kinds.isEmpty || kinds.count == tokens.count else {
            throw .key(
                "tokenizer.ggml.token_type", expected: "\(tokens.count) kinds",
                found: "\(kinds.count)")
        }
        var vocabulary: [(String, JSONValue)] = []
        var added: [JSONValue] = []
        var seen: Set<ExactString> = []
        for (id, token) in tokens.enumerated() {
            let kind = kinds.isEmpty ? 1 : kinds[id]
            guard kind != Kind.unused else { continue }
            guard seen.insert(ExactString(token)).inserted else {
                throw .repeated(what: "token", name: token)
            }
            vocabulary.append((token, .integer(id)))
            if kind == Kind.control || kind == Kind.userDefined {
                added.append(Self.added(id, token, isSpecial: kind == Kind.control))
            }
        }
        let root: JSONValue = [
            "version": "1.0", "truncation": nil, "padding": nil, "added_tokens": .array(added),
            "normalizer": way.composes ? ["type": "NFC"] : nil, "pre_tokenizer": way.json,
            "post_processor": try postProcessor(way, tokens),
            "decoder": [
                "type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true,
                "use_regex": true,
            ],
            "model": [
                "type": "BPE", "dropout": nil, "unk_token": nil,
                "continuing_subword_prefix": nil, "end_of_word_suffix": nil, "fuse_unk": false,
                "byte_fallback": false, "ignore_merges": .bool(way.ignoresMerges),
                "vocab": .object(JSONObject(vocabulary)),
                "merges": .array(merges.map { .string($0) }),
            ],
        ]
        return root.text(.python)
    }

    private static func added(_ id: Int, _ token: String, isSpecial: Bool) -> JSONValue {
        [
            "id": .integer(id), "content": .string(token), "single_word": false, "lstrip": false,
            "rstrip": false, "normalized": false, "special": .bool(isSpecial),
        ]
    }

    /// What stands before a text, and behind it.
    private func postProcessor(
        _ way: PreTokenizerName, _ tokens: [String]
    ) throws(GGUFFault) -> JSONValue {
        // Llama 3's tokens begin with one where nothing is said.
        let isBegun = try file.flag("tokenizer.ggml.add_bos_token") ?? way.ignoresMerges
        let isEnded = try file.flag("tokenizer.ggml.add_eos_token") ?? false
        var special: [(String, JSONValue)] = []
        func token(_ name: String, _ isThere: Bool) throws(GGUFFault) -> [JSONValue] {
            guard isThere, let id = try file.token(name), tokens.indices.contains(id) else {
                return []
            }
            let token = JSONValue.string(tokens[id])
            special.append(
                (
                    tokens[id],
                    ["id": token, "ids": .array([.integer(id)]), "tokens": .array([token])]
                ))
            return [["SpecialToken": ["id": token, "type_id": 0]]]
        }
        let before = try token("bos", isBegun)
        let behind = try token("eos", isEnded)
        guard !special.isEmpty else { return nil }
        func text(_ name: String, _ type: Int) -> [JSONValue] {
            [["Sequence": ["id": .string(name), "type_id": .integer(type)]]]
        }
        return [
            "type": "TemplateProcessing", "single": .array(before + text("A", 0) + behind),
            "pair": .array(before + text("A", 0) + behind + before + text("B", 1) + behind),
            "special_tokens": .object(JSONObject(special)),
        ]
    }

    // MARK: Beside it

    /// tokenizer_config.json.
    func settings() throws(GGUFFault) -> String {
        var settings: [(String, JSONValue)] = [("tokenizer_class", "PreTrainedTokenizerFast")]
        let tokens = try file.texts("tokenizer.ggml.tokens") ?? []
        for (key, name) in [
            ("bos_token", "bos"), ("eos_token", "eos"), ("unk_token", "unknown"),
            ("pad_token", "padding"),
        ] {
            if let id = try file.token(name), tokens.indices.contains(id) {
                settings.append((key, .string(tokens[id])))
            }
        }
        settings.append(("clean_up_tokenization_spaces", false))
        if let template = try file.text("tokenizer.chat_template") {
            settings.append(("chat_template", .string(template)))
        }
        return JSONValue.object(JSONObject(settings)).text(.python)
    }

    /// generation_config.json: what ends a text.
    func generation() throws(GGUFFault) -> String {
        var settings: [(String, JSONValue)] = []
        if let id = try file.token("bos") { settings.append(("bos_token_id", .integer(id))) }
        var ends: [Int] = []
        for name in ["eos", "eot", "eom"] {
            if let id = try file.token(name), !ends.contains(id) { ends.append(id) }
        }
        let values = ends.map { JSONValue.integer($0) }
        if !values.isEmpty {
            settings.append(("eos_token_id", values.count == 1 ? values[0] : .array(values)))
        }
        return JSONValue.object(JSONObject(settings)).text(.python)
    }
}
