// Texts that the program carries and every path of data may name.

/// A text that needs no file.
package struct BuiltInTextDeclaration: Sendable, Equatable {
    /// Stands where a path of data does: `layerfold:NAME`.
    package let path: String
    package let summary: String
}

extension Offer {
    /// What paths of built-in texts begin with; no other path may.
    package static let builtInPrefix = "layerfold:"

    package static let builtInTexts: [BuiltInTextDeclaration] = [
        BuiltInTextDeclaration(
            path: builtInPrefix + "calibration.jsonl",
            summary: "Short texts of many kinds (articles, stories, chats, sums, code, formats, "
                + "fourteen languages), for calibration: data set `jsonl`."),
        BuiltInTextDeclaration(
            path: builtInPrefix + "heldout.txt",
            summary: "Other texts of the same kinds, for `perplexity` and `divergence`; never "
                + "calibrate on it."),
        BuiltInTextDeclaration(
            path: builtInPrefix + "generation-prompts.jsonl",
            summary: "64 prompts of thirty kinds in eleven languages, for `generation`; never "
                + "calibrate on answers to them."),
    ]

    package static func isBuiltIn(_ path: String) -> Bool {
        builtInTexts.contains { $0.path == path }
    }
}
