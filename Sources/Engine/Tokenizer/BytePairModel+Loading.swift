// The object `model` of tokenizer.json.
// Source: tokenizers 0.23, models/bpe/serialization.rs and models/bpe/model.rs (build).

import JSON

extension BytePairModel {
    init(_ fields: TokenizerFields) throws(TokenizerError) {
        // The first files of this format left the type out.
        let type =
            fields.optional("type") == nil && fields.optional("merges") != nil
            ? "BPE" : try fields.string("type")
        guard type == "BPE" else {
            throw TokenizerFile.unsupported("model", type, in: fields, known: "BPE")
        }
        try Self.refuseDropout(fields)
        var options = Options()
        options.unknownToken = try fields.optionalBytes("unk_token")
        options.fusesUnknown = try fields.bool("fuse_unk", default: false)
        options.fallsBackToBytes = try fields.bool("byte_fallback", default: false)
        options.ignoresMerges = try fields.bool("ignore_merges", default: false)
        options.continuingPrefix = try fields.optionalBytes("continuing_subword_prefix") ?? []
        options.endSuffix = try fields.optionalBytes("end_of_word_suffix") ?? []
        let vocabulary = try Self.vocabulary(in: fields)
        let (pairs, merged) = try Self.merges(
            in: fields, vocabulary: vocabulary, prefix: options.continuingPrefix)
        self.init(vocabulary: vocabulary, options: options, pairs: pairs, merged: merged)
    }

    private static func refuseDropout(_ fields: TokenizerFields) throws(TokenizerError) {
        switch fields.optional("dropout") {
        case nil: return
        case let value? where value.finiteDouble == 0: return
        case let value?:
            throw .unsupported(
                place: fields.place(of: "dropout"), component: "a dropout of \(value.shown)",
                hint: "it makes ids random; set it to null")
        }
    }

    private static func vocabulary(
        in fields: TokenizerFields
    ) throws(TokenizerError) -> TokenVocabulary {
        let place = fields.place(of: "vocab")
        let value = try fields.required("vocab")
        guard case .object(let object) = value else {
            throw .wrongValue(place: place, expected: "an object", found: value.shown)
        }
        var vocabulary = TokenVocabulary(capacity: object.count)
        for (token, value) in object {
            let id = try TokenizerFields.integer(
                value, in: 0...Int(TokenVocabulary.idMax), place: "\(place)[\(quoted(token))]")
            guard vocabulary.insert(Array(token.utf8), id: Int32(id)) else {
                throw .wrongValue(
                    place: "\(place)[\(quoted(token))]", expected: "an id of its own",
                    found: "the id \(id) a second time")
            }
        }
        return vocabulary
    }

    /// Merges are ["a b", …], or since 2024 [["a", "b"], …].
    private static func merges(
        in fields: TokenizerFields, vocabulary: TokenVocabulary, prefix: [UInt8]
    ) throws(TokenizerError) -> (pairs: [(left: Int32, right: Int32)], merged: [Int32]) {
        let values = try fields.array("merges")
        var pairs: [(left: Int32, right: Int32)] = []
        var merged: [Int32] = []
        pairs.reserveCapacity(values.count)
        merged.reserveCapacity(values.count)
        for (index, value) in values.enumerated() {
            guard let (left, right) = halves(of: value) else {
                // A comment of the text files that merges once came from.
                if value.string?.utf8.starts(with: "#version".utf8) == true { continue }
                throw .wrongValue(
                    place: "\(fields.place(of: "merges"))[\(index)]", expected: "two tokens",
                    found: value.shown)
            }
            // The right half loses the prefix that marks it as not the beginning of a word.
            let joined = left + right.dropFirst(prefix.count)
            var ids: [Int32] = []
            for content in [left, right, joined] {
                guard let id = vocabulary.id(of: content) else {
                    throw .wrongValue(
                        place: "\(fields.place(of: "merges"))[\(index)]",
                        expected: "tokens of the vocabulary",
                        found: quoted(String(decoding: content, as: UTF8.self)))
                }
                ids.append(id)
            }
            pairs.append((left: ids[0], right: ids[1]))
            merged.append(ids[2])
        }
        return (pairs, merged)
    }

    private static func halves(of value: JSONValue) -> (left: [UInt8], right: [UInt8])? {
        switch value {
        case .string(let line):
            if line.utf8.starts(with: "#version".utf8) { return nil }
            let parts = line.utf8.split(
                separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
            return parts.count == 2 ? (Array(parts[0]), Array(parts[1])) : nil
        case .array(let parts):
            guard parts.count == 2, case .string(let left) = parts[0],
                case .string(let right) = parts[1]
            else { return nil }
            return (Array(left.utf8), Array(right.utf8))
        default: return nil
        }
    }
}
