// Scores from merges: which merges are a SentencePiece model's, and that tokens are told apart by
// their bytes.

import Testing

@testable import Export

@Suite struct SentencePieceScoreTests {
    private static func scores(
        _ merges: [(left: String, right: String)], _ tokens: [String]
    ) -> SentencePieceScores? {
        // Tokens by their bytes, as a vocabulary has them.
        let known = Set(tokens.map { Array($0.utf8) })
        return SentencePieceScores(merges, of: tokens, matched: []) {
            known.contains(Array($0.utf8))
        }
    }

    @Test func `what joins first has the highest score`() throws {
        let scores = try #require(
            Self.scores([("a", "b"), ("b", "c"), ("ab", "c"), ("a", "bc")], Self.letters))
        #expect(scores.values[Array("ab".utf8)] == 0)
        #expect(scores.values[Array("bc".utf8)] == -1)
        #expect(scores.values[Array("abc".utf8)] == -2)
    }

    @Test func `a way that the list lacks, and one that comes up again, are no model's`() {
        #expect(Self.scores([("a", "b"), ("b", "c"), ("ab", "c")], Self.letters) == nil)
        #expect(
            Self.scores(
                [("a", "b"), ("ab", "c"), ("b", "c"), ("a", "bc")], Self.letters) == nil)
    }

    @Test func `a letter and its canonical parts are two tokens`() throws {
        let (whole, parts) = ("\u{9DF}", "\u{9AF}\u{9BC}")
        let scores = try #require(
            Self.scores(
                [("\u{9AF}", "\u{9BC}"), ("x", whole)],
                ["\u{9AF}", "\u{9BC}", "x", whole, parts, "x" + whole]))
        #expect(scores.values[Array(parts.utf8)] == 0)
        #expect(scores.values[Array(whole.utf8)] == nil)
        #expect(scores.values[Array(("x" + whole).utf8)] == -1)
    }

    private static let letters = ["a", "b", "c", "ab", "bc", "abc"]
}
