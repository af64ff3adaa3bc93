// What a model is called in its file, which to llama.cpp is more than a name: of one that is called
// Phi-3 the spaces behind special tokens belong to them, and it must have four tokens for that.
// Source: llama.cpp, llama-vocab.cpp (load, `_contains_any(model_name, ...)`).

import Tokenizer

enum NameRule {
    private static let marks = ["phi-3", "phi3"]
    private static let needed = ["<unk>", "<s>", "</s>", "<|endoftext|>"]

    /// `name`, or another where llama.cpp would read something wrong into it.
    static func name(
        _ name: String, modelType: String, _ tokenizer: Tokenizer
    ) -> String {
        let isNamed = marks.contains { name.lowercased().contains($0) }
        let isWhole = needed.allSatisfy { tokenizer.id(of: $0) != nil }
        if isNamed, !isWhole { return "model" }
        return modelType == "phi3" && isWhole && !isNamed ? "\(name) (Phi-3)" : name
    }
}
