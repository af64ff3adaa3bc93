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
        let folder = try TemporaryFolder()
        try Data(#"{"eos_token": "<|endoftext|>"}"#.utf8)
            .write(to: folder.url.appending(path: "tokenizer_config.json"))
        let file = try Data(
            contentsOf: Places.fixtures.appending(path: "tokenizers/qwen.tokenizer.json"))
        return try withExtendedLifetime(folder) {
            PromptEncoder(try Tokenizer(json: [UInt8](file)), folder: FilePath(folder.path))
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
