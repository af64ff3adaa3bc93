// What the tokenizer tests share: the committed fixtures, and small tokenizer files made in place.

import EngineTestSupport
import Foundation
import TestSupport
import Testing
import Tokenizer

/// One small tokenizer and what the tokenizers library makes of the common lines.
/// Made by Scripts/compare_tokenizers.py from the settings in Scripts/tokenizer_cases.py.
struct TokenizerFixture: CustomTestStringConvertible {
    struct Golden: Decodable {
        let ids: [[Int32]]
        /// Without special tokens; nil where that is the same.
        let plain: [[Int32]]?
        /// Decoded `ids`, nil where that is the line itself.
        let decoded: [String?]
    }

    static let folder = Places.fixtures.appending(path: "tokenizers")

    static let names: [String] = {
        let suffix = ".tokenizer.json"
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return files.filter { $0.hasSuffix(suffix) }.map { String($0.dropLast(suffix.count)) }
            .sorted()
    }()

    let name: String

    var testDescription: String { name }

    static func lines() throws -> [String] {
        try JSONDecoder().decode(
            [String].self, from: Data(contentsOf: folder.appending(path: "lines.json")))
    }

    static func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: folder.appending(path: "\(name).tokenizer.json")))
    }

    static func golden(_ name: String) throws -> Golden {
        try JSONDecoder().decode(
            Golden.self, from: Data(contentsOf: folder.appending(path: "\(name).golden.json")))
    }
}

/// tokenizer.json files of a few lines.
enum SmallTokenizer {
    static func json(
        model: String, normalizer: String = "null", preTokenizer: String = "null",
        addedTokens: String = "[]", postProcessor: String = "null", decoder: String = "null"
    ) -> String {
        """
        {"version": "1.0", "truncation": null, "padding": null, "added_tokens": \(addedTokens),
        "normalizer": \(normalizer), "pre_tokenizer": \(preTokenizer),
        "post_processor": \(postProcessor), "decoder": \(decoder), "model": \(model)}
        """
    }

    static func make(
        model: String, normalizer: String = "null", preTokenizer: String = "null",
        addedTokens: String = "[]", postProcessor: String = "null", decoder: String = "null"
    ) throws -> Tokenizer {
        try Tokenizer(
            json: Array(
                json(
                    model: model, normalizer: normalizer, preTokenizer: preTokenizer,
                    addedTokens: addedTokens, postProcessor: postProcessor, decoder: decoder
                ).utf8))
    }

    /// A model of these tokens, numbered from 0, and merges given as pairs of them.
    static func model(
        _ tokens: [String], merges: [(String, String)] = [], options: String = ""
    ) -> String {
        let vocabulary = tokens.enumerated().map { "\(quoted($1)): \($0)" }
        let pairs = merges.map { "[\(quoted($0)), \(quoted($1))]" }
        return """
            {"type": "BPE", \(options) "vocab": {\(vocabulary.joined(separator: ", "))},
            "merges": [\(pairs.joined(separator: ", "))]}
            """
    }

    /// The 256 characters of the byte-level alphabet, by byte (GPT-2's bytes_to_unicode).
    static let byteAlphabet: [String] = {
        let printable = Array(0x21...0x7E) + Array(0xA1...0xAC) + Array(0xAE...0xFF)
        var next = 0x100
        return (0...255).compactMap { byte in
            defer { if !printable.contains(byte) { next += 1 } }
            return Unicode.Scalar(printable.contains(byte) ? byte : next).map {
                String(Character($0))
            }
        }
    }()

    /// Encodes every byte of the pieces that remain; decoding gives them back, joined.
    static func keeping(
        _ steps: [String], normalizer: String = "null"
    ) throws -> Tokenizer {
        let byteLevel = """
            {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false,
            "use_regex": false}
            """
        let all = (steps + [byteLevel]).joined(separator: ", ")
        return try make(
            model: model(byteAlphabet), normalizer: normalizer,
            preTokenizer: #"{"type": "Sequence", "pretokenizers": [\#(all)]}"#, decoder: byteLevel)
    }

    /// Puts a bar before every piece of text, so that decoding shows the pieces.
    static func showingPieces(_ step: String) throws -> Tokenizer {
        let metaspace = """
            {"type": "Metaspace", "replacement": "|", "prepend_scheme": "always", "split": false}
            """
        return try keeping([step, metaspace])
    }

    static func split(
        _ pattern: String, _ behavior: String = "Isolated", invert: Bool = false
    ) -> String {
        """
        {"type": "Split", "pattern": {"Regex": \(quoted(pattern))}, "behavior": "\(behavior)",
        "invert": \(invert)}
        """
    }

    static func quoted(_ text: String) -> String {
        let escaped = text.unicodeScalars.map { scalar in
            scalar == "\"" || scalar == "\\" || scalar.value < 0x20
                ? "\\u" + String(0x10000 + scalar.value, radix: 16).dropFirst()
                : String(Character(scalar))
        }
        return "\"\(escaped.joined())\""
    }
}

/// Numbers from a seed (SplitMix64), for property and fuzz tests.
struct TokenizerTestGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
