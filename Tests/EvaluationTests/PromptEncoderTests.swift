// Contexts and what is judged behind them, as tokens.

import DurableIO
import Foundation
import SystemPackage
import TestSupport
import Testing
import Texts
import Tokenizer

@Suite struct PromptEncoderTests {
    /// Starts no text by itself; what has no context begins with its EOS.
    private static func encoder() throws -> PromptEncoder {
        try encoder(#"{"eos_token": "<|endoftext|>"}"#)
    }

    /// - Parameters:
    ///   - config: tokenizer_config.json.
    ///   - map: special_tokens_map.json; nil: there is none.
    private static func encoder(_ config: String, _ map: String? = nil) throws -> PromptEncoder {
        let folder = try TemporaryFolder()
        try Data(config.utf8).write(to: folder.url.appending(path: "tokenizer_config.json"))
        if let map {
            try Data(map.utf8).write(to: folder.url.appending(path: "special_tokens_map.json"))
        }
        let file = try Data(
            contentsOf: Places.fixtures.appending(path: "tokenizers/qwen.tokenizer.json"))
        return try withExtendedLifetime(folder) {
            try PromptEncoder(Tokenizer(json: [UInt8](file)), folder: FilePath(folder.path))
        }
    }

    @Test("the prefix token is BOS of either file, else EOS of either")
    func prefix() throws {
        let (end, start) = (#""eos_token": "<|endoftext|>""#, #""bos_token": "<|im_start|>""#)
        func prefix(_ config: String, _ map: String? = nil) throws -> Int32? {
            try Self.encoder(config, map).prefixID
        }
        let plain = try Self.encoder()
        let (eos, bos) = (plain.prefixID, plain.tokenizer.id(of: "<|im_start|>"))
        #expect(eos != nil && bos != nil && eos != bos)
        #expect(try prefix("{\(end)}", "{\(end), \(start)}") == bos)
        #expect(try prefix(#"{\#(end), "bos_token": null}"#) == eos)
        #expect(try prefix(#"{\#(end), "bos_token": "no token"}"#) == eos)
        #expect(try prefix("{}", "{\(end)}") == eos)
        #expect(try prefix("{}") == nil)
    }

    @Test("a file of special tokens that cannot be read is told, not taken for one that names none")
    func unread() throws {
        for (config, map) in [("{", nil), ("{}", "[]"), ("version https://git-lfs", nil)] {
            let error = #expect(throws: (any Error).self) { try Self.encoder(config, map) }
            let name = map == nil ? "/tokenizer_config.json: " : "/special_tokens_map.json: "
            let text = error.map { "\($0)" } ?? ""
            #expect(text.contains(name), "\(text)")
        }
    }

    @Test(
        "a context of white space alone starts with the prefix token, and keeps its white space",
        arguments: ["", " ", " \n", "\t\u{3000}"])
    func blank(context: String) throws {
        let encoder = try Self.encoder()
        #expect(try encoder.encode("").isEmpty)
        let answers = [" yes", "no"]
        let found = try encoder.encode(context: context, continuations: answers)
        #expect(found.context == [try encoder.prefixToken()])
        #expect(
            found.continuations
                == (try answers.map {
                    try encoder.tokenizer.encode(context + $0, addSpecialTokens: false)
                }))
    }

    @Test("any other context is cut at the end of its last word")
    func worded() throws {
        let encoder = try Self.encoder()
        let found = try encoder.encode(context: "so \n", continuations: ["it"])
        #expect(found.context == (try encoder.encode("so")))
        #expect(found.context + found.continuations[0] == (try encoder.encode("so \nit")))
    }
}
