// The tokens that begin and end texts, and the chat template.

import ChatTemplate
import Checkpoint
import Generation
import JSON
import Tokenizer

enum SpecialTokens {
    /// Names of transformers' files, and of the format.
    private static let names = [
        ("bos_token", "bos"), ("eos_token", "eos"), ("unk_token", "unknown"),
        ("sep_token", "seperator"), ("pad_token", "padding"), ("mask_token", "mask"),
    ]

    /// - Throws: `ExportRefusal` for a tokenizer that puts more around a text than one token
    ///   before it and one behind it.
    static func metadata(
        of checkpoint: Checkpoint, _ document: TokenizerDocument
    ) throws -> [(name: String, value: MetadataValue)] {
        let (files, tokenizer) = (checkpoint.sideFiles, document.tokenizer)
        let named = try ChatTemplateFolder.specialTokens(in: files)
        var ids: [String: Int32] = [:]
        for (key, name) in names {
            ids[name] = named[key]?.string.flatMap { tokenizer.id(of: $0) }
        }
        let around = try around(document)
        if let first = around.before { ids["bos"] = first }
        if let last = around.behind { ids["eos"] = last }
        // Other tokens that end what a model writes: of a turn, of a message.
        var stops = try StopTokens(checkpoint).ids.sorted().filter {
            tokenizer.content(of: $0) != nil
        }
        if ids["eos"] == nil { ids["eos"] = stops.first }
        stops.removeAll { $0 == ids["eos"] }
        for (name, id) in zip(["eot", "eom"], stops) { ids[name] = id }
        var metadata: [(name: String, value: MetadataValue)] = []
        for name in names.map(\.1) + ["eot", "eom"] {
            guard let id = ids[name] else { continue }
            metadata.append(("tokenizer.ggml.\(name)_token_id", .count(UInt32(id))))
        }
        metadata.append(("tokenizer.ggml.add_bos_token", .flag(around.before != nil)))
        metadata.append(("tokenizer.ggml.add_eos_token", .flag(around.behind != nil)))
        if let template = try ChatTemplateFolder.source(in: files) {
            metadata.append(("tokenizer.chat_template", .text(template)))
        }
        return metadata
    }

    /// What the tokenizer puts before and behind a text.
    private static func around(
        _ document: TokenizerDocument
    ) throws -> (before: Int32?, behind: Int32?) {
        let text = "a"
        let plain = try document.tokenizer.encode(text, addSpecialTokens: false)
        let whole = try document.tokenizer.encode(text)
        let start = (0...max(0, whole.count - plain.count)).first {
            whole[$0...].starts(with: plain)
        }
        guard let start, start <= 1, whole.count - plain.count - start <= 1 else {
            throw document.refusal(
                "it puts more than one token before or behind a text, and llama.cpp one",
                ExportRefusal.leaveOut)
        }
        let behind = whole.count > plain.count + start ? whole.last : nil
        return (start == 1 ? whole.first : nil, behind)
    }
}
