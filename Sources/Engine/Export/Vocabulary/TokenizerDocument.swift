// tokenizer.json as a tree: what of it a GGUF file repeats. That it can be read at all, and what it
// does to texts, the tokenizer itself has checked.

import DurableIO
import JSON
import SystemPackage
import Tokenizer

/// An added token as the file has it.
struct AddedEntry {
    let id: Int
    let content: String
    let isSpecial: Bool
    /// Looked for in normalised text.
    let isNormalized: Bool
}

struct TokenizerDocument {
    /// For messages.
    let path: String
    let tokenizer: Tokenizer
    let added: [AddedEntry]
    /// Pairs that join, the first first.
    let merges: [(left: String, right: String)]
    private let root: JSONValue

    /// As `Tokenizer` limits the file.
    private static let limits = JSONLimits(bytes: 64 << 20, values: 8_000_000)

    /// - Throws: `TokenizerError` for a model without a tokenizer that can be read.
    init(_ files: SideFiles) throws {
        tokenizer = try TokenizerFolder.loadJSON(files)
        let name = "tokenizer.json"
        path = files.path(name).string
        guard let bytes = try files.read(name, bytesMax: Self.limits.bytes) else {
            throw TokenizerError.notFound(folder: files.folder.string)
        }
        root = try JSONValue(parsing: bytes.span, limits: Self.limits)
        added = root["added_tokens"]?.elements { $0 }?.compactMap(AddedEntry.init) ?? []
        merges = root["model"]?["merges"]?.elements { $0 }?.compactMap(Self.halves) ?? []
    }

    var normalizer: JSONValue { root["normalizer"] ?? .null }
    var preTokenizer: JSONValue { root["pre_tokenizer"] ?? .null }

    /// A switch of the model; false where it is absent.
    func isOn(_ key: String) -> Bool { root["model"]?[key]?.bool ?? false }

    func word(_ key: String) -> String? { root["model"]?[key]?.string }

    private static func halves(_ value: JSONValue) -> (left: String, right: String)? {
        if let parts = value.elements({ $0.string }) {
            return parts.count == 2 ? (parts[0], parts[1]) : nil
        }
        // A comment of the text files that merges once came from has more words, or one.
        // Cut by bytes: a space and a mark behind it are one Character.
        let parts = (value.string?.utf8).map { text in
            text.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
                .map { String(decoding: $0, as: UTF8.self) }
        }
        guard let parts, parts.count == 2, parts[0] != "#version:" else { return nil }
        return (parts[0], parts[1])
    }
}

extension AddedEntry {
    /// nil for an entry without content, which the tokenizer passes over.
    fileprivate init?(_ value: JSONValue) {
        guard let id = value["id"]?.integer, let content = value["content"]?.string,
            !content.isEmpty
        else { return nil }
        self.init(
            id: id, content: content, isSpecial: value["special"]?.bool ?? false,
            isNormalized: value["normalized"]?.bool ?? false)
    }
}
