// Texts at which an answer ends. They may begin inside a token and end inside another.

import Foundation
package import Tokenizer

package struct StopTexts {
    private let texts: [String]
    private let tokenizer: Tokenizer

    package init(_ texts: [String], _ tokenizer: Tokenizer) {
        self.texts = texts
        self.tokenizer = tokenizer
    }

    /// Whether one of them is among what the tokens say.
    package func end(_ tokens: [Int32]) throws -> Bool {
        guard !texts.isEmpty else { return false }
        let said = try text(tokens)
        return texts.contains { said.range(of: $0, options: .literal) != nil }
    }

    /// What the tokens say before the first of them.
    package func cut(_ tokens: [Int32]) throws -> String {
        texts.reduce(try text(tokens)) { said, stop in
            said.range(of: stop, options: .literal).map { String(said[..<$0.lowerBound]) } ?? said
        }
    }

    private func text(_ tokens: [Int32]) throws -> String {
        try tokenizer.decode(tokens, skipSpecialTokens: true)
    }
}
