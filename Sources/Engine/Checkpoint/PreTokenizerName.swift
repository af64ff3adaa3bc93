// Which of a loader's built-in ways to cut texts is that of a tokenizer. llama.cpp knows them by
// name; a text cut otherwise gets other ids, so that what is not known is refused. Source:
// llama.cpp, llama-vocab.cpp (patterns by `tokenizer.ggml.pre`, and what a name switches on).

package import JSON

/// A way to cut texts that llama.cpp has a name for.
package struct PreTokenizerName {
    /// Value of `tokenizer.ggml.pre`.
    package let name: String
    /// Whether a piece that is a token is taken without merging.
    package let ignoresMerges: Bool
    fileprivate let steps: [Step]

    /// The cuts before the byte-level alphabet.
    fileprivate enum Step: Equatable {
        case digits
        case pattern(String)
        /// The pattern of GPT-2, a part of the byte-level pre-tokenizer.
        case byteLevel
    }

    private static let contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
    private static let ends = #" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    private static let triples =
        contractions + #"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"# + ends
    private static let singles = contractions + #"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|"# + ends

    private static let known: [PreTokenizerName] = [
        PreTokenizerName(name: "gpt-2", ignoresMerges: false, steps: [.byteLevel]),
        PreTokenizerName(name: "smollm", ignoresMerges: false, steps: [.digits, .byteLevel]),
        PreTokenizerName(name: "llama-bpe", ignoresMerges: true, steps: [.pattern(triples)]),
        PreTokenizerName(name: "smaug-bpe", ignoresMerges: false, steps: [.pattern(triples)]),
        PreTokenizerName(name: "qwen2", ignoresMerges: false, steps: [.pattern(singles)]),
    ]

    /// nil where none cuts as this pre-tokenizer does.
    package static func find(
        _ preTokenizer: JSONValue, ignoresMerges: Bool
    ) -> PreTokenizerName? {
        var steps: [Step] = []
        let parts = preTokenizer.components("pretokenizers")
        guard parts.last?["type"]?.string == "ByteLevel" else { return nil }
        for part in parts {
            guard let step = Step.read(part) else { return nil }
            steps += step
        }
        return known.first { $0.steps == steps && $0.ignoresMerges == ignoresMerges }
    }
}

extension PreTokenizerName {
    /// Other names of the same ways.
    private static let aliases = ["llama3": "llama-bpe", "llama-v3": "llama-bpe"]

    static var names: [String] { known.map(\.name) }

    static func named(_ name: String) -> PreTokenizerName? {
        let name = aliases[name] ?? name
        return known.first { $0.name == name }
    }

    /// As tokenizer.json has it.
    var json: JSONValue {
        func byteLevel(cuts: Bool) -> JSONValue {
            [
                "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
                "use_regex": .bool(cuts),
            ]
        }
        var parts: [JSONValue] = []
        for step in steps {
            switch step {
            case .digits: parts.append(["type": "Digits", "individual_digits": true])
            case .byteLevel: parts.append(byteLevel(cuts: true))
            case .pattern(let pattern):
                parts.append([
                    "type": "Split", "pattern": ["Regex": .string(pattern)],
                    "behavior": "Isolated", "invert": false,
                ])
                parts.append(byteLevel(cuts: false))
            }
        }
        return parts.count == 1
            ? parts[0] : ["type": "Sequence", "pretokenizers": .array(parts)]
    }

    /// Whether tokenizers that cut so compose characters first: llama.cpp leaves it out.
    var composes: Bool { name == "qwen2" }
}

extension PreTokenizerName.Step {
    /// nil for what no name of llama.cpp has.
    fileprivate static func read(_ part: JSONValue) -> [Self]? {
        switch part["type"]?.string {
        case "Digits": return part["individual_digits"]?.bool == true ? [.digits] : nil
        case "ByteLevel":
            guard part["add_prefix_space"]?.bool == false else { return nil }
            return part["use_regex"]?.bool == false ? [] : [.byteLevel]
        case "Split":
            guard part["behavior"]?.string == "Isolated", part["invert"]?.bool != true,
                let pattern = part["pattern"]?["Regex"]?.string
            else { return nil }
            return [.pattern(pattern)]
        default: return nil
        }
    }
}

extension JSONValue {
    /// A component of tokenizer.json as a list of components: the parts of a `Sequence`, itself, or
    /// none where it is null.
    package func components(_ key: String) -> [JSONValue] {
        if self == .null { return [] }
        guard self["type"]?.string == "Sequence" else { return [self] }
        return self[key]?.elements { $0 }?.flatMap { $0.components(key) } ?? []
    }
}
