// Prompts to tokens by the rules of lm-evaluation-harness 0.4.13 (api/model.py, _encode_pair;
// models/huggingface.py, tok_encode): special tokens as the tokenizer adds them by default.

package import ChatTemplate
package import DurableIO
import JSON
import PythonText
package import SystemPackage
package import Tokenizer

package struct PromptEncoder: Sendable {
    package let tokenizer: Tokenizer
    /// BOS, else EOS: the context of an empty context.
    private let prefix: (id: Int32, text: String)?
    /// How the tokenizer's `eos_token` is spelt; nil where its files name none.
    package let endText: String?
    private let folder: String

    /// - Parameter folder: of the checkpoint.
    /// - Throws: as `ChatTemplateFolder.specialTokens`.
    package init(_ tokenizer: Tokenizer, folder: FilePath) throws(ChatTemplateError) {
        try self.init(tokenizer, SideFiles(folder))
    }

    /// - Parameter files: of the checkpoint.
    /// - Throws: as `ChatTemplateFolder.specialTokens`.
    package init(_ tokenizer: Tokenizer, _ files: SideFiles) throws(ChatTemplateError) {
        self.tokenizer = tokenizer
        folder = files.model.string
        let named = try ChatTemplateFolder.specialTokens(in: files)
        func token(_ key: String) -> (id: Int32, text: String)? {
            let text = named[key]?.string
            return text.flatMap { text in tokenizer.id(of: text).map { (id: $0, text: text) } }
        }
        let end = token("eos_token")
        prefix = token("bos_token") ?? end
        endText = end?.text
    }

    /// For keys: what tokens depend on besides the tokenizer's file.
    package var prefixID: Int32? { prefix?.id }

    /// The prefix token, by which the harness starts what has no context.
    package func prefixToken() throws -> Int32 {
        guard let prefix else { throw CalibrationError.noPrefixToken(path: folder) }
        return prefix.id
    }

    /// A text that spells its BOS gets no second one.
    package func encode(_ text: String) throws -> [Int32] {
        let isMarked = prefix.map { text.utf8.starts(with: $0.text.utf8) } ?? false
        return try tokenizer.encode(text, addSpecialTokens: !isMarked)
    }

    /// A context with the continuations that are judged after it.
    package func encode(
        context: String, continuations: [String]
    ) throws -> (context: [Int32], continuations: [[Int32]]) {
        let (stem, space) = PythonText.splitTrailingSpace(context)
        let ids = context.isEmpty ? [] : try encode(stem)
        // White space alone has no token of its own where the tokenizer adds no BOS.
        guard !ids.isEmpty else {
            let prefix = try prefixToken()
            return (
                [prefix],
                try continuations.map {
                    try tokenizer.encode(stem + space + $0, addSpecialTokens: false)
                }
            )
        }
        return (
            ids,
            try continuations.map { continuation in
                Array(try encode(stem + space + continuation).dropFirst(ids.count))
            }
        )
    }
}
