// Normalizers. Expected texts are what tokenizers 0.23.3 gives, where they are not plain.

import Testing
import Tokenizer

@Suite("text normalizers")
struct TextNormalizerTests {
    private static func normalized(_ text: String, _ normalizer: String) throws -> [UInt32] {
        let tokenizer = try SmallTokenizer.keeping([], normalizer: normalizer)
        return try tokenizer.decode(tokenizer.encode(text)).unicodeScalars.map(\.value)
    }

    private static func scalars(_ text: String) -> [UInt32] {
        text.unicodeScalars.map(\.value)
    }

    @Test("normal forms compose, decompose, reorder")
    func normalForms() throws {
        let cases: [(form: String, from: String, to: String)] = [
            ("NFC", "e\u{301} A\u{30A} \u{1112}\u{1161}\u{11AB}", "\u{E9} \u{C5} \u{D55C}"),
            ("NFD", "\u{E9}\u{D55C}\u{AC00}", "e\u{301}\u{1112}\u{1161}\u{11AB}\u{1100}\u{1161}"),
            ("NFC", "a\u{301}\u{323}", "\u{1EA1}\u{301}"),
            ("NFC", "s\u{307}\u{323}", "\u{1E69}"),
            ("NFD", "\u{1E69}", "s\u{323}\u{307}"),
            ("NFKC", "\u{FB01}\u{2168}\u{32C0}", "fiIX1\u{6708}"),
            ("NFKD", "\u{FB03}\u{E9}", "ffie\u{301}"),
            // A composition exclusion, and a mark that comes first.
            ("NFC", "\u{958}", "\u{915}\u{93C}"),
            ("NFC", "\u{F81}\u{F84}", "\u{F84}\u{F71}\u{F80}"),
        ]
        for (form, from, to) in cases {
            let result = try Self.normalized(from, #"{"type": "\#(form)"}"#)
            #expect(result == Self.scalars(to), "\(form) of \(Self.scalars(from))")
        }
    }

    @Test("characters newer than the library's Unicode stay as they are")
    func newCharacters() throws {
        // U+10781 (2021) has a decomposition, U+1E4EC (2022) a combining class, U+16D67 (2024)
        // composes: all in versions that the library does not know.
        for text in ["\u{10781}", "a\u{1E4EC}\u{323}", "\u{16D67}\u{16D67}", "\u{32FF}"] {
            for form in ["NFC", "NFD", "NFKC", "NFKD"] {
                let result = try Self.normalized(text, #"{"type": "\#(form)"}"#)
                #expect(result == Self.scalars(text), "\(form) of \(Self.scalars(text))")
            }
        }
    }

    @Test("normal forms are stable and agree with one another")
    func normalFormProperties() throws {
        var random = TokenizerTestGenerator(seed: 11)
        let pool =
            Self.scalars("aeosAEOK가각각\u{E9}\u{1EA1}\u{FB01}\u{958}\u{F81}\u{F84}")
            + Array(0x300...0x345) + [0x5B4, 0x93C, 0xE38, 0x3099, 0x1D165]
        for _ in 0..<400 {
            let count = Int.random(in: 1...12, using: &random)
            let values = (0..<count).compactMap { _ in pool.randomElement(using: &random) }
            let text = String(String.UnicodeScalarView(values.compactMap(Unicode.Scalar.init)))
            func form(_ names: String...) throws -> [UInt32] {
                let steps = names.map { #"{"type": "\#($0)"}"# }.joined(separator: ", ")
                return try Self.normalized(
                    text, #"{"type": "Sequence", "normalizers": [\#(steps)]}"#)
            }
            #expect(try form("NFC", "NFC") == form("NFC"))
            #expect(try form("NFC", "NFD") == form("NFD"))
            #expect(try form("NFD", "NFC") == form("NFC"))
            #expect(try form("NFKC", "NFKD") == form("NFKD"))
            #expect(try form("NFD", "NFKD", "NFKC") == form("NFKC"))
        }
    }

    @Test("the other normalizers")
    func others() throws {
        let cases: [(normalizer: String, from: String, to: String)] = [
            (#"{"type": "Strip", "strip_left": true, "strip_right": true}"#, "\u{3000} é \n", "é"),
            (#"{"type": "Strip", "strip_left": false, "strip_right": true}"#, " é ", " é"),
            (#"{"type": "Lowercase"}"#, "ÀİΣ ΑΣ", "ài\u{307}σ ασ"),
            (#"{"type": "Prepend", "prepend": "▁"}"#, "a", "▁a"),
            (#"{"type": "Replace", "pattern": {"String": "ab"}, "content": "$0"}"#, "abab", "$0$0"),
            (
                #"{"type": "Replace", "pattern": {"Regex": " +"}, "content": "_"}"#, "a  b c",
                "a_b_c"
            ),
        ]
        for (normalizer, from, to) in cases {
            #expect(try Self.normalized(from, normalizer) == Self.scalars(to), "\(normalizer)")
        }
    }

    @Test(
        "the first scheme of Metaspace looks at where text comes from",
        arguments: [
            (#"{"type": "Strip", "strip_left": true, "strip_right": true}"#, " ab", "ab"),
            (#"{"type": "Strip", "strip_left": true, "strip_right": true}"#, "ab", "▁ab"),
            (#"{"type": "Replace", "pattern": {"String": "ab"}, "content": "X"}"#, "abc", "Xc"),
            (#"{"type": "Replace", "pattern": {"String": "a"}, "content": "XY"}"#, "abc", "▁XYbc"),
            (#"{"type": "Replace", "pattern": {"String": "a"}, "content": ""}"#, "abc", "bc"),
            (#"{"type": "NFC"}"#, "e\u{301}a", "▁\u{E9}a"),
            ("null", "a b", "▁a▁b"),
        ])
    func origin(normalizer: String, from: String, to: String) throws {
        let metaspace = """
            {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": false}
            """
        let tokenizer = try SmallTokenizer.keeping([metaspace], normalizer: normalizer)
        let result = try tokenizer.decode(tokenizer.encode(from))
        #expect(Self.scalars(result) == Self.scalars(to))
    }

    @Test("a normalizer that blows a text up is stopped before the memory is taken")
    func growth() throws {
        let step =
            #"{"type": "Replace", "pattern": {"String": "a"}, "content": ""#
            + String(repeating: "a", count: 700) + #""}"#
        for steps in 2...6 {
            let list = [String](repeating: step, count: steps).joined(separator: ", ")
            let tokenizer = try SmallTokenizer.keeping(
                [], normalizer: #"{"type": "Sequence", "normalizers": [\#(list)]}"#)
            let start = ContinuousClock.now
            let text = steps == 2 ? "aaa" : "a"
            let error = #expect(throws: TokenizerError.self) { try tokenizer.encode(text) }
            guard case .normalizedTooLong(text.utf8.count, _, 1 << 20) = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(ContinuousClock.now - start < .seconds(1))
        }
        let prefix = String(repeating: "a", count: 1 << 20)
        let prepending = try SmallTokenizer.keeping(
            [], normalizer: #"{"type": "Prepend", "prepend": "\#(prefix)"}"#)
        #expect(throws: TokenizerError.self) { try prepending.encode("a") }
        // The longest decomposition, and a third of a text that becomes three times as long.
        let longest = String(repeating: "\u{FDFA}", count: 200_000)
        let decomposed = try Self.normalized(longest, #"{"type": "NFKD"}"#)
        #expect(decomposed.count == 18 * 200_000)
    }
}
