// Tokens as text while they come: a character may be made of several tokens, and a token's text
// may depend on the one before it.

package import Tokenizer

/// Turns tokens into text piece by piece; all pieces together are the text of all tokens.
package struct TokenStream {
    private let tokenizer: Tokenizer
    /// Tokens whose text is not all out, behind some that are: they say how it begins.
    private var tokens: [Int32] = []
    private var known = 0
    /// More tokens than a character is made of.
    private static let tokensMax = 16

    package init(_ tokenizer: Tokenizer) { self.tokenizer = tokenizer }

    /// The text that is certain with this token; empty inside a character.
    package mutating func next(_ token: Int32) throws -> String {
        tokens.append(token)
        return try take(isLast: false)
    }

    /// What is left when no token follows.
    package mutating func end() throws -> String { try take(isLast: true) }

    private mutating func take(isLast: Bool) throws -> String {
        let before = try tokenizer.decode(Array(tokens[..<known]))
        let all = try tokenizer.decode(tokens)
        guard all.utf8.count > before.utf8.count || isLast else { return "" }
        // A replacement character at the end may become another with the next token.
        let isOpen = all.unicodeScalars.last == "\u{FFFD}"
        guard isLast || !isOpen || tokens.count - known > Self.tokensMax else { return "" }
        let text = String(decoding: all.utf8.dropFirst(before.utf8.count), as: UTF8.self)
        tokens.removeFirst(known)
        known = tokens.count
        return text
    }
}
