// tokenizer.json: what is refused, with which words, and the older spellings that are read.

import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import Tokenizer

@Suite("tokenizer files")
struct TokenizerFileTests {
    private static func failure(_ json: String) -> String {
        failure(Array(json.utf8))
    }

    private static func failure(_ bytes: [UInt8]) -> String {
        do {
            _ = try Tokenizer(json: bytes)
            return "none"
        } catch {
            return error.description
        }
    }

    private static let model = SmallTokenizer.model(["a", "b", "ab"], merges: [("a", "b")])

    struct Case: CustomTestStringConvertible {
        let fault: String
        let json: String
        let message: String
        var testDescription: String { fault }

        init(_ fault: String, _ json: String, _ message: String) {
            (self.fault, self.json, self.message) = (fault, json, message)
        }
    }

    private static func component(_ field: String, _ value: String) -> String {
        switch field {
        case "normalizer": SmallTokenizer.json(model: model, normalizer: value)
        case "pre_tokenizer": SmallTokenizer.json(model: model, preTokenizer: value)
        case "post_processor": SmallTokenizer.json(model: model, postProcessor: value)
        case "decoder": SmallTokenizer.json(model: model, decoder: value)
        case "added_tokens": SmallTokenizer.json(model: model, addedTokens: value)
        default: SmallTokenizer.json(model: value)
        }
    }

    private static func added(_ content: String, id: Int, _ flags: String = "") -> String {
        """
        {"id": \(id), "content": \(SmallTokenizer.quoted(content)), "single_word": false,
        "lstrip": false, "rstrip": false, "normalized": false, "special": true\(flags)}
        """
    }

    static let componentCases = [
        Case(
            "unknown normalizer",
            component("normalizer", #"{"type": "BertNormalizer"}"#),
            "normalizer: the normalizer `BertNormalizer` is not supported; known are Sequence"),
        Case(
            "unknown normalizer inside a sequence",
            component(
                "normalizer",
                #"{"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Nmt"}]}"#),
            "normalizer.normalizers[1]: the normalizer `Nmt` is not supported"),
        Case(
            "unknown pre-tokenizer",
            component("pre_tokenizer", #"{"type": "UnicodeScripts"}"#),
            "pre_tokenizer: the pre-tokenizer `UnicodeScripts` is not supported"),
        Case(
            "unknown post-processor",
            component("post_processor", #"{"type": "BertProcessing"}"#),
            "post_processor: the post-processor `BertProcessing` is not supported"),
        Case(
            "unknown decoder",
            component("decoder", #"{"type": "WordPiece"}"#),
            "decoder: the decoder `WordPiece` is not supported"),
        Case(
            "unknown model",
            component("model", #"{"type": "Unigram", "vocab": []}"#),
            "model: the model `Unigram` is not supported; known are BPE"),
        Case(
            "missing type", component("normalizer", #"{"prepend": "x"}"#),
            "normalizer.type: this field is needed, and missing"),
        Case(
            "wrong type of a field",
            component("pre_tokenizer", #"{"type": "ByteLevel", "add_prefix_space": "no"}"#),
            "pre_tokenizer.add_prefix_space: expected true or false, found the string `no`"),
        Case(
            "unknown behaviour",
            component(
                "pre_tokenizer",
                #"{"type": "Split", "pattern": {"String": "a"}, "behavior": "Split", "invert": false}"#
            ),
            "pre_tokenizer.behavior: expected Removed, Isolated, MergedWithPrevious"),
        Case(
            "empty pattern",
            component(
                "normalizer", #"{"type": "Replace", "pattern": {"String": ""}, "content": "x"}"#),
            "normalizer.pattern.String: expected some characters, found none"),
        Case(
            "replacement of two characters",
            component("decoder", #"{"type": "Metaspace", "replacement": "ab"}"#),
            "decoder.replacement: expected one character, found `ab`"),
        Case(
            "contradicting prefix settings",
            component(
                "pre_tokenizer",
                """
                {"type": "Metaspace", "replacement": "▁", "add_prefix_space": false,
                "prepend_scheme": "always"}
                """),
            "pre_tokenizer.prepend_scheme: expected `never`, as add_prefix_space is false"),
        Case(
            "template with a second text",
            component(
                "post_processor",
                """
                {"type": "TemplateProcessing", "single": [{"Sequence": {"id": "B", "type_id": 0}}],
                "pair": [], "special_tokens": {}}
                """),
            "post_processor.single[0].Sequence.id: expected `A`, found `B`"),
        Case(
            "template with an unknown special token",
            component(
                "post_processor",
                """
                {"type": "TemplateProcessing", "pair": [], "special_tokens": {},
                "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}]}
                """),
            "post_processor.special_tokens.<s>: this field is needed, and missing"),
    ]

    static let modelCases = [
        Case(
            "dropout",
            component("model", SmallTokenizer.model(["a"], options: #""dropout": 0.1,"#)),
            "model.dropout: a dropout of 0.1 is not supported; it makes ids random"),
        Case(
            "merge outside the vocabulary",
            component("model", SmallTokenizer.model(["a", "b"], merges: [("a", "b")])),
            "model.merges[0]: expected tokens of the vocabulary, found `ab`"),
        Case(
            "merge of three tokens",
            component(
                "model", #"{"type": "BPE", "vocab": {"a": 0}, "merges": ["a a a"]}"#),
            "model.merges[0]: expected two tokens, found the string `a a a`"),
        Case(
            "token twice",
            component("model", #"{"type": "BPE", "vocab": {"a": 0, "a": 1}, "merges": []}"#),
            "key `a` appears twice"),
        Case(
            "id twice",
            component("model", #"{"type": "BPE", "vocab": {"a": 0, "b": 0}, "merges": []}"#),
            "model.vocab[`b`]: expected an id of its own, found the id 0 a second time"),
        Case(
            "negative id",
            component("model", #"{"type": "BPE", "vocab": {"a": -1}, "merges": []}"#),
            "model.vocab[`a`]: expected a whole number in 0...4194303, found -1"),
        Case(
            "id beyond the limit",
            component("model", #"{"type": "BPE", "vocab": {"a": 4194304}, "merges": []}"#),
            "found 4194304"),
        Case(
            "fractional id",
            component("model", #"{"type": "BPE", "vocab": {"a": 0.5}, "merges": []}"#),
            "found 0.5"),
        Case(
            "no merges", component("model", #"{"type": "BPE", "vocab": {"a": 0}}"#),
            "model.merges: this field is needed, and missing"),
        Case(
            "added token numbered otherwise than the library does",
            component("added_tokens", "[\(added("<s>", id: 4))]"),
            "`<s>` has id 4 in the file, but the tokenizers library would give it 3"),
        Case(
            "added token with another id than in the model",
            component("added_tokens", "[\(added("a", id: 3))]"),
            "`a` has id 3 in the file, but the tokenizers library would give it 0"),
        Case(
            "added token twice",
            component("added_tokens", "[\(added("<s>", id: 3)), \(added("<s>", id: 4))]"),
            "added_tokens[1]: expected every token once, found `<s>` again"),
        Case(
            "key twice",
            component("added_tokens", "[\(added("<s>", id: 3, #", "special": true"#))]"),
            "key `special` appears twice"),
    ]

    @Test("every refused component has its own words", arguments: componentCases + modelCases)
    func refused(example: Case) {
        let message = Self.failure(example.json)
        #expect(message.contains(example.message), "\(message)")
    }

    @Test(
        "broken JSON is refused with its place",
        arguments: [
            ("{\n\"a\" 1}", "line 2, column 5: expected `:`, found `1`"),
            ("NaN", "line 1, column 1: expected a value"),
            ("[]", "expected an object, found a list of 0"),
        ])
    func brokenJSON(text: String, message: String) {
        let failure = Self.failure(text)
        #expect(failure.contains(message), "\(failure)")
    }

    @Test("a text that is not UTF-8 is refused with the byte")
    func textNotUTF8() throws {
        let tokenizer = try SmallTokenizer.make(model: Self.model)
        #expect(throws: TokenizerError.invalidUTF8(offset: 1)) {
            try tokenizer.encode(utf8: [0x61, 0xC3])
        }
    }

    @Test("tokens that are canonically equivalent stay different tokens")
    func canonicalEquivalence() throws {
        let tokenizer = try SmallTokenizer.make(
            model: SmallTokenizer.model(
                ["\u{E9}", "e\u{301}", "e", "\u{301}"], merges: [("e", "\u{301}")]))
        #expect(tokenizer.vocabularySize == 4)
        #expect(try tokenizer.encode("\u{E9}e\u{301}") == [0, 1])
        #expect(tokenizer.id(of: "e\u{301}") == 1)
    }

    @Test("older spellings are read")
    func olderSpellings() throws {
        // Merges as text with a comment, and no type: the first files of the format.
        let old = ##"{"vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["#version: 0.2", "a b"]}"##
        #expect(try SmallTokenizer.make(model: old).encode("abb") == [2, 1])
        let metaspace = """
            {"type": "Metaspace", "replacement": "_", "str_rep": "_", "add_prefix_space": false}
            """
        let tokenizer = try SmallTokenizer.make(
            model: SmallTokenizer.model(["_", "a"]), preTokenizer: metaspace)
        #expect(try tokenizer.encode("a a") == [1, 0, 1])
    }

    @Test("the vocabulary answers by content and by id")
    func vocabulary() throws {
        let tokenizer = try SmallTokenizer.make(
            model: Self.model, addedTokens: "[\(Self.added("<s>", id: 3))]")
        #expect(tokenizer.vocabularySize == 4)
        #expect(tokenizer.idEnd == 4)
        #expect(tokenizer.id(of: "<s>") == 3)
        #expect(tokenizer.id(of: "ab") == 2)
        #expect(tokenizer.id(of: "zz") == nil)
        #expect(tokenizer.content(of: 2) == Array("ab".utf8))
        #expect(tokenizer.content(of: 4) == nil)
        #expect(tokenizer.content(of: -1) == nil)
        #expect(tokenizer.isSpecial(3) && !tokenizer.isSpecial(2))
        #expect(try tokenizer.decode([2, 3, 99, -7, 0]) == "ab <s> a")
        #expect(try tokenizer.decode([2, 3, 0], skipSpecialTokens: true) == "ab a")
        #expect(tokenizer.warnings.isEmpty)
    }

    @Test("truncation and padding are named as not applied")
    func warnings() throws {
        let json = SmallTokenizer.json(model: Self.model)
            .replacing(#""truncation": null"#, with: #""truncation": {"max_length": 2}"#)
        let tokenizer = try Tokenizer(json: Array(json.utf8))
        #expect(tokenizer.warnings == ["tokenizer.json asks for truncation; it is not applied"])
        #expect(try tokenizer.encode("aaaa") == [0, 0, 0, 0])
    }

    @Test("an unknown token outside the vocabulary fails only when it is needed")
    func unknownTokenMissing() throws {
        let tokenizer = try SmallTokenizer.make(
            model: SmallTokenizer.model(["a"], options: #""unk_token": "<unk>","#))
        #expect(try tokenizer.encode("aa") == [0, 0])
        #expect(throws: TokenizerError.unknownTokenMissing(token: "<unk>")) {
            try tokenizer.encode("ab")
        }
    }

    // MARK: Folders

    @Test("a folder's tokenizer.json is loaded, through a link, too")
    func folder() throws {
        let folder = try TemporaryFolder()
        let json = SmallTokenizer.json(model: Self.model)
        try Data(json.utf8).write(to: folder.url.appending(path: "blob"))
        try FileManager.default.createSymbolicLink(
            at: folder.url.appending(path: "tokenizer.json"),
            withDestinationURL: folder.url.appending(path: "blob"))
        #expect(try TokenizerFolder.load(FilePath(folder.path)).encode("ab") == [2])
    }

    @Test("a folder that cannot be used is refused with what to do")
    func badFolders() throws {
        func failure(_ prepare: (URL) throws -> Void) throws -> String {
            let folder = try TemporaryFolder()
            try prepare(folder.url)
            let error = #expect(throws: TokenizerError.self) {
                try TokenizerFolder.load(FilePath(folder.path))
            }
            return error?.description ?? ""
        }
        let empty = try failure { _ in }
        #expect(empty.contains("expected a tokenizer.json, found none"))
        let sentencePiece = try failure {
            try Data("x".utf8).write(to: $0.appending(path: "tokenizer.model"))
        }
        #expect(sentencePiece.contains("found only tokenizer.model (SentencePiece)"))
        #expect(sentencePiece.contains("AutoTokenizer.from_pretrained("))
        #expect(sentencePiece.contains(".save_pretrained("))
        let broken = try failure {
            try Data("{".utf8).write(to: $0.appending(path: "tokenizer.json"))
        }
        #expect(broken.contains("/tokenizer.json: line 1, column 2: the text ends too early"))
        let large = try failure { url in
            let path = url.appending(path: "tokenizer.json").path
            #expect(FileManager.default.createFile(atPath: path, contents: nil))
            let handle = try #require(FileHandle(forWritingAtPath: path))
            try handle.truncate(atOffset: (64 << 20) + 1)
        }
        #expect(large.contains("67108865 bytes, more than the limit of 67108864"))
        let notAFile = try failure {
            try FileManager.default.createDirectory(
                at: $0.appending(path: "tokenizer.json"), withIntermediateDirectories: false)
        }
        #expect(notAFile.contains("expected a regular file, found a folder"))
        let missing = #expect(throws: TokenizerError.self) {
            try TokenizerFolder.load("/nonexistent/model")
        }
        #expect(missing?.description.contains("/nonexistent/model: expected a tokenizer") == true)
    }
}
