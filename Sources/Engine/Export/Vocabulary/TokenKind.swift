// What a token is to a GGUF loader. Source: `gguf`, constants.py (TokenType).

/// Raw values are the format's.
enum TokenKind: Int32, Sendable {
    case normal = 1
    case unknown = 2
    /// Never part of a plain text.
    case control = 3
    /// Found in a text before anything else is.
    case userDefined = 4
    /// A row of the embedding without a token.
    case unused = 5
    case byte = 6
}
