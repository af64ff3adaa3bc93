// Files that make much of little: every step, list and count of a tokenizer.json is bounded, and
// one error says which part of the file it was.

import Testing
import Tokenizer

@Suite("tokenizers that grow without bound")
struct GrowthTests {
    private static func sequence(_ kind: String, _ step: String, _ count: Int) -> String {
        let list = [String](repeating: step, count: count).joined(separator: ", ")
        return #"{"type": "Sequence", "\#(kind)": [\#(list)]}"#
    }

    private static let byteLevel =
        #"{"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}"#

    private static func expectGrown(_ component: String, _ body: () throws -> Void) {
        let start = ContinuousClock.now
        let error = #expect(throws: TokenizerError.self) { try body() }
        guard case .grownTooLong(component, _, 1 << 20) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(ContinuousClock.now - start < .seconds(2))
    }

    @Test("pre-tokenizers that double a text again and again are stopped")
    func preTokenizers() throws {
        let metaspace = #"{"type": "Metaspace", "replacement": " ", "prepend_scheme": "never"}"#
        let decoder = #"{"type": "Fuse"}"#
        func tokenizer(_ preTokenizer: String) throws -> Tokenizer {
            let model = #"{"type": "BPE", "vocab": {"a": 0}, "merges": []}"#
            return try Tokenizer(
                json: Array(
                    SmallTokenizer.json(
                        model: model, preTokenizer: preTokenizer, decoder: decoder
                    ).utf8))
        }
        Self.expectGrown("pre_tokenizer") {
            let doubling = try tokenizer(Self.sequence("pretokenizers", Self.byteLevel, 60))
            _ = try doubling.encode("\u{E9}\u{E9}")
        }
        // As deep as it is allowed, and with what changes nothing.
        #expect(try tokenizer(Self.sequence("pretokenizers", metaspace, 60)).encode("a") == [0])
    }

    @Test("decoders that replace a letter by many are stopped")
    func decoders() throws {
        let step =
            #"{"type": "Replace", "pattern": {"String": "a"}, "content": ""#
            + String(repeating: "a", count: 700) + #""}"#
        for count in 3...6 {
            Self.expectGrown("decoder") {
                let tokenizer = try Tokenizer(
                    json: Array(
                        SmallTokenizer.json(
                            model: #"{"type": "BPE", "vocab": {"a": 0}, "merges": []}"#,
                            decoder: Self.sequence("decoders", step, count)
                        ).utf8))
                _ = try tokenizer.decode([0])
            }
        }
    }

    @Test("lists within lists come to so many steps and no more, a template to so many texts")
    func counts() {
        let lowercase = #"{"type": "Lowercase"}"#
        let inner = Self.sequence("normalizers", lowercase, 60)
        let texts = [String](repeating: #"{"Sequence": {"id": "A", "type_id": 0}}"#, count: 5)
        let template =
            #"{"type": "TemplateProcessing", "single": ["#
            + texts.joined(separator: ", ") + #"], "pair": [], "special_tokens": {}}"#
        let model = #"{"type": "BPE", "vocab": {"a": 0}, "merges": []}"#
        let files: [(String, String)] = [
            (
                SmallTokenizer.json(
                    model: model, normalizer: Self.sequence("normalizers", inner, 5)),
                "normalizer: expected at most 256 steps in all, found 300"
            ),
            (
                SmallTokenizer.json(
                    model: model,
                    preTokenizer: Self.sequence(
                        "pretokenizers", Self.sequence("pretokenizers", Self.byteLevel, 60), 5)),
                "pre_tokenizer: expected at most 256 steps in all, found 300"
            ),
            (
                SmallTokenizer.json(model: model, postProcessor: template),
                "expected the text at most 4 times"
            ),
        ]
        for (json, words) in files {
            let error = #expect(throws: TokenizerError.self) {
                try Tokenizer(json: Array(json.utf8))
            }
            #expect(error?.description.contains(words) == true, "\(String(describing: error))")
        }
    }

    @Test("added tokens are bounded as they are normalised")
    func addedTokens() {
        let grow =
            #"{"type": "Replace", "pattern": {"String": "a"}, "content": ""#
            + String(repeating: "b", count: 1_000_000) + #""}"#
        let tokens = (0..<40).map { index in
            #"{"id": \#(index + 1), "content": "a\#(index)", "single_word": false, "#
                + #""lstrip": false, "rstrip": false, "normalized": true, "special": false}"#
        }
        let error = #expect(throws: TokenizerError.self) {
            try Tokenizer(
                json: Array(
                    SmallTokenizer.json(
                        model: #"{"type": "BPE", "vocab": {"a": 0}, "merges": []}"#,
                        normalizer: grow,
                        addedTokens: "[" + tokens.joined(separator: ", ") + "]"
                    ).utf8))
        }
        #expect(error?.description.hasPrefix("added_tokens: expected at most") == true)
    }
}
