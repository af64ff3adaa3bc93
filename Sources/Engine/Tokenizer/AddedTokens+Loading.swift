// The list `added_tokens` of tokenizer.json.

import JSON

extension TokenizerFile {
    /// The added tokens with the ids that the library gives them, which the file must agree with.
    ///
    /// The library takes the id of a token that the model knows, and numbers the others itself:
    /// from the count of the model's tokens, in the order of the file.
    static func addedTokens(
        in fields: TokenizerFields, model: BytePairModel
    ) throws(TokenizerError) -> [AddedToken] {
        guard fields.optional("added_tokens") != nil else { return [] }
        let modelCount = model.vocabulary.count
        var tokens: [AddedToken] = []
        var contents: Set<[UInt8]> = []
        var ids: Set<Int32> = []
        var largest: Int?
        for (index, value) in try fields.array("added_tokens").enumerated() {
            let entry = try TokenizerFields(value, place: "added_tokens[\(index)]")
            let content = try entry.bytes("content")
            let inFile = try entry.integer("id", in: 0...Int(TokenVocabulary.idMax))
            // The library passes over such an entry.
            if content.isEmpty { continue }
            let text = String(decoding: content, as: UTF8.self)
            guard contents.insert(content).inserted else {
                throw .wrongValue(
                    place: entry.place, expected: "every token once", found: "\(quoted(text)) again"
                )
            }
            let known = model.vocabulary.id(of: content).map(Int.init)
            let next = if let largest, largest >= modelCount { largest + 1 } else { modelCount }
            guard inFile == known ?? next else {
                throw .addedTokenNumber(content: text, inFile: inFile, assigned: known ?? next)
            }
            let isFree = known != nil || model.vocabulary.content(of: Int32(inFile)) == nil
            guard isFree, ids.insert(Int32(inFile)).inserted else {
                throw .wrongValue(
                    place: entry.place, expected: "an id of its own", found: "\(inFile)")
            }
            largest = max(largest ?? 0, inFile)
            tokens.append(
                AddedToken(
                    content: content, id: Int32(inFile),
                    isSingleWord: try entry.bool("single_word"),
                    stripsLeft: try entry.bool("lstrip"),
                    stripsRight: try entry.bool("rstrip"),
                    isNormalized: try entry.bool("normalized"),
                    isSpecial: try entry.bool("special")))
        }
        return tokens
    }
}
