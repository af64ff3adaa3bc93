// Prompts to tokens by the rules of lm-evaluation-harness 0.4.13 (api/model.py, _encode_pair;
// models/huggingface.py, tok_encode): special tokens as the tokenizer adds them by default.

package import DurableIO
import Foundation
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
    /// Of a file that names special tokens.
    private static let configBytesMax = 1 << 28

    /// - Parameter folder: of the checkpoint; its tokenizer_config.json names the special tokens.
    package init(_ tokenizer: Tokenizer, folder: FilePath) {
        self.init(tokenizer, SideFiles(folder))
    }

    /// - Parameter files: of the checkpoint.
    package init(_ tokenizer: Tokenizer, _ files: SideFiles) {
        self.tokenizer = tokenizer
        folder = files.model.string
        var (prefix, endText): ((id: Int32, text: String)?, String?)
        for file in ["tokenizer_config.json", "special_tokens_map.json"]
        where prefix == nil || endText == nil {
            guard let bytes = try? files.read(file, bytesMax: Self.configBytesMax),
                let object = try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
            else { continue }
            func token(_ key: String) -> (id: Int32, text: String)? {
                let text =
                    object[key] as? String ?? (object[key] as? [String: Any])?["content"] as? String
                return text.flatMap { text in tokenizer.id(of: text).map { ($0, text) } }
            }
            let end = token("eos_token")
            prefix = prefix ?? token("bos_token") ?? end
            endText = endText ?? end?.text
        }
        self.prefix = prefix
        self.endText = endText
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
