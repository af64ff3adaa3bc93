// Scores for llama.cpp's SentencePiece tokenizer, from the merges of a tokenizer.json that was made
// from one. The loader joins the two neighbours whose sum is the token of the highest score; the
// tokenizers library joins the pair that stands first in a list. Where every way to make a token
// stands in the list, and the ways of a token stand together, the two are one.
// Sources: llama.cpp, llama-vocab.cpp (llm_tokenizer_spm); transformers, convert_slow_tokenizer.py
// (generate_merges).

// Tokens are told apart by their bytes: a letter and its canonical parts are two.
struct SentencePieceScores {
    /// Of tokens that are made by merges, by content: 0 for the first, then down.
    private(set) var values: [[UInt8]: Float] = [:]

    /// - Parameters:
    ///   - tokens: all that a merge may make.
    ///   - matched: tokens that are found in the text before any merge, and so never made by one.
    ///   - isToken: whether a text is a token that a merge may make or use.
    /// - Returns: nil where a loader would join what the list does not.
    init?(
        _ merges: [(left: String, right: String)], of tokens: [String], matched: Set<[UInt8]>,
        isToken: (String) -> Bool
    ) {
        var ways: [[UInt8]: Int] = [:]
        var last: [UInt8]?
        for (left, right) in merges {
            let token = Array(left.utf8) + Array(right.utf8)
            ways[token, default: 0] += 1
            if token == last || matched.contains(token) { continue }
            // A token that comes up again stands between others of another score.
            guard values[token] == nil else { return nil }
            values[token] = -Float(values.count)
            last = token
        }
        for token in tokens {
            let bytes = Array(token.utf8)
            guard !matched.contains(bytes) else { continue }
            guard Self.ways(to: token, isToken) == ways[bytes, default: 0] else { return nil }
        }
    }

    /// How many pairs of tokens join to a token.
    private static func ways(to token: String, _ isToken: (String) -> Bool) -> Int {
        let scalars = Array(token.unicodeScalars)
        return (1..<max(1, scalars.count)).count { cut in
            isToken(String(scalars[..<cut])) && isToken(String(scalars[cut...]))
        }
    }
}

extension String {
    fileprivate init(_ scalars: ArraySlice<Unicode.Scalar>) {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        self.init(view)
    }
}
