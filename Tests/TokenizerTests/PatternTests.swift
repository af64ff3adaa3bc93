// Patterns: what they match, over all of Unicode, and what is refused.

import Foundation
import TestSupport
import Testing
import Tokenizer

@Suite("tokenizer patterns")
struct PatternTests {
    private static let everyScalar = String(
        String.UnicodeScalarView((UInt32(0)...0x10FFFF).compactMap(Unicode.Scalar.init)))

    private static func members(of pattern: String) throws -> [UInt32] {
        let step = SmallTokenizer.split(pattern, "Removed", invert: true)
        let tokenizer = try SmallTokenizer.keeping([step])
        return try tokenizer.decode(tokenizer.encode(everyScalar)).unicodeScalars.map(\.value)
    }

    @Test(
        "classes hold exactly what the library's hold",
        .enabled(if: Places.hasShared, Comment(rawValue: Places.sharedMissing)),
        arguments: [
            #"\s"#, #"\p{L}"#, #"\p{N}"#, #"\p{M}"#, #"\p{Lu}"#, #"\p{Ll}"#, #"\p{Lt}"#,
            #"\p{Lm}"#, #"\p{Lo}"#, #"\p{P}"#, #"\p{S}"#, #"\w"#, #"\d"#, #"\p{Han}"#,
        ])
    func classesEqualLibrary(pattern: String) throws {
        let file = Places.shared.appending(path: "golden/tokenizers/unicode_ranges.json")
        let object = try JSONSerialization.jsonObject(with: Data(contentsOf: file))
        let ranges = try #require((object as? [String: Any])?[pattern] as? [[UInt32]])
        let expected = ranges.flatMap { Array($0[0]...$0[1]) }
            .filter { Unicode.Scalar($0) != nil }
        #expect(try Self.members(of: pattern) == expected)
    }

    @Test("a class and its complement share all scalar values between them")
    func complements() throws {
        for pattern in [#"\p{L}"#, #"\s"#, #"\w"#, #"\d"#, #"[\p{N}&&[^0-9]]"#] {
            let inside = try Self.members(of: pattern).count
            let outside = try Self.members(of: "[^\(pattern)]").count
            // «\w» in brackets lacks six superscripts and fractions of Latin-1: Oniguruma's way.
            let lost = pattern == #"\w"# ? 6 : 0
            #expect(inside + outside == 0x110000 - 0x800 + lost, "\(pattern)")
        }
    }

    struct Case: CustomTestStringConvertible {
        let pattern: String
        let text: String
        let pieces: String
        var testDescription: String { pattern }
    }

    /// Expected pieces are what tokenizers 0.23.3 gives.
    @Test(
        "constructs mean what they mean in Oniguruma",
        arguments: [
            Case(pattern: "a*", text: "caab\nébaa\n", pieces: "c|aa|b|\n|é|b|aa|\n"),
            Case(pattern: "(?=b)", text: "caab\nébaa\n", pieces: "caa|b\né|baa\n"),
            Case(pattern: "x|", text: "caa", pieces: "c|a|a"),
            Case(pattern: #"\b"#, text: "caab\nébaa\n", pieces: "caab|\n|ébaa|\n"),
            Case(pattern: "^", text: "caab\nébaa\n", pieces: "caab\n|ébaa\n"),
            Case(pattern: "$", text: "caab\nébaa\n", pieces: "caab|\nébaa|\n"),
            Case(pattern: "(?i:'s|'T)x?", text: "a'Sx'ſ'tx", pieces: "a|'Sx|'ſ|'tx"),
            Case(pattern: "(?i)k+", text: "akKKb", pieces: "a|kKK|b"),
            Case(pattern: #"\p{N}{,2}"#, text: "12345", pieces: "12|34|5"),
            Case(pattern: #"[a-c&&[^b]]+"#, text: "abcacb", pieces: "a|b|cac|b"),
            Case(pattern: #"[^\wk]"#, text: "b²k-", pieces: "b|²|k|-"),
            Case(pattern: #"\w"#, text: "-²-", pieces: "-|²|-"),
            Case(pattern: #"a++b|a"#, text: "aab", pieces: "aab"),
            Case(pattern: #"(?<=a)b"#, text: "abb", pieces: "a|b|b"),
            Case(pattern: #"\x41|\x{e9}|\u4e2d|\t"#, text: "AéZ中\t", pieces: "A|é|Z|中|\t"),
        ])
    func constructs(example: Case) throws {
        let tokenizer = try SmallTokenizer.showingPieces(SmallTokenizer.split(example.pattern))
        let shown = try tokenizer.decode(tokenizer.encode(example.text))
        #expect(shown == "|" + example.pieces)
    }

    @Test("the five behaviours, plain and inverted")
    func behaviours() throws {
        let expected = [
            ("Removed", false, "the|final|countdown"),
            ("Isolated", false, "the|-|final|-|-|countdown"),
            ("MergedWithPrevious", false, "the-|final-|-|countdown"),
            ("MergedWithNext", false, "the|-final|-|-countdown"),
            ("Contiguous", false, "the|-|final|--|countdown"),
            ("Removed", true, "-|-|-"),
            ("MergedWithPrevious", true, "the|-final|-|-countdown"),
            ("MergedWithNext", true, "the-|final-|-|countdown"),
        ]
        for (behavior, invert, pieces) in expected {
            let step = SmallTokenizer.split("-", behavior, invert: invert)
            let tokenizer = try SmallTokenizer.showingPieces(step)
            let shown = try tokenizer.decode(tokenizer.encode("the-final--countdown"))
            #expect(shown == "|" + pieces, "\(behavior), invert \(invert)")
        }
    }

    @Test(
        "what has another meaning in PCRE2, or none in use, is refused with its name",
        arguments: [
            (#"\h"#, #"the escape \h"#), (#"\R"#, #"the escape \R"#),
            (#"(a)\1"#, #"the escape \1"#),
            (#"\p{Klingon}"#, #"\p{Klingon}"#), ("a{2}+", "possessive"), ("a{2}?", "lazy"),
            ("a**", "quantifier of a quantifier"), ("*a", "nothing to repeat"),
            ("(?m:a)", "an option or group"), ("(?#x)", "an option or group"), ("a)", "stray"),
            ("(a", "without its `)`"), ("[a", "without its `]`"), ("[]a]", "empty class"),
            ("[[:alpha:]]", "POSIX"), ("[b-a]", "backwards"), ("[a-\\d]", "a range to a class"),
            ("(?i:ss)", "single letter"), ("(?i:ß)", "beyond ASCII"), ("(?i:\\d)", "class escape"),
            (#"\xe9"#, #"\x above 7F"#), ("a{1,1001}", "more than 1000"),
            ("{a}", "nothing to repeat"),
            (#"\p{L"#, #"\p{L"#), (#"\"#, "at the end"), ("(*FAIL)", "an option or group"),
        ])
    func refusals(pattern: String, reason: String) throws {
        let error = #expect(throws: TokenizerError.self) {
            try SmallTokenizer.keeping([SmallTokenizer.split(pattern)])
        }
        let text = error?.description ?? ""
        #expect(text.contains(reason), "\(text)")
        #expect(text.hasPrefix("pre_tokenizer.pretokenizers[0].pattern.Regex: the pattern `"))
    }

    @Test("limits of a pattern: length, nesting, and kinds of character")
    func limits() throws {
        func refuses(_ pattern: String) -> Bool {
            (try? SmallTokenizer.keeping([SmallTokenizer.split(pattern)])) == nil
        }
        let letters = (0x4E00..<0x4E00 + 255).compactMap(Unicode.Scalar.init)
            .map { String(Character($0)) }.joined()
        #expect(!refuses(letters))
        #expect(refuses(letters + "xy"))
        #expect(!refuses(String(repeating: "(", count: 49) + String(repeating: ")", count: 49)))
        #expect(refuses(String(repeating: "(", count: 50) + String(repeating: ")", count: 50)))
        #expect(!refuses(String(repeating: "a", count: 10_000)))
        #expect(refuses(String(repeating: "a", count: 10_001)))
    }

    @Test("a pattern that backtracks without end gives up with an error", .timeLimit(.minutes(2)))
    func catastrophic() throws {
        let tokenizer = try SmallTokenizer.keeping([SmallTokenizer.split("(?:a|a?)+(?:a|a?)+b")])
        let error = #expect(throws: TokenizerError.self) {
            try tokenizer.encode(String(repeating: "a", count: 40) + "cb")
        }
        #expect(error?.description.contains("gave up") == true)
    }

    @Test("a long match outgrows the small stack of compiled patterns and is still found")
    func longMatch() throws {
        let step = SmallTokenizer.split("(?:ab|cd)+")
        let tokenizer = try SmallTokenizer.showingPieces(step)
        let text = String(repeating: "abcd", count: 50_000)
        let shown = try tokenizer.decode(tokenizer.encode("x" + text + "y"))
        #expect(shown == "|x|" + text + "|y")
    }
}
