// Texts at which an answer ends. They may begin inside a token and end inside another.

import Foundation
package import Tokenizer

package struct StopTexts {
    /// Raised whenever the same texts end answers elsewhere than before.
    package static let version = 2

    private let texts: [String]
    private let tokenizer: Tokenizer

    package init(_ texts: [String], _ tokenizer: Tokenizer) {
        self.texts = texts
        self.tokenizer = tokenizer
    }

    /// Whether one of them is among what the tokens say, special tokens among them: most of the
    /// texts that end an answer are such a token.
    package func end(_ tokens: [Int32]) throws -> Bool {
        guard !texts.isEmpty else { return false }
        let said = try tokenizer.decode(tokens)
        return texts.contains { said.range(of: $0, options: .literal) != nil }
    }

    /// What the tokens say before the first of them, without special tokens.
    package func cut(_ tokens: [Int32]) throws -> String {
        texts.reduce(try tokenizer.decode(tokens, skipSpecialTokens: true)) { said, stop in
            said.range(of: stop, options: .literal).map { String(said[..<$0.lowerBound]) } ?? said
        }
    }
}
