// GSM8K as lm-evaluation-harness 0.4.13 asks and scores it.

import Catalogue
import Checkpoint
import EngineTestSupport
import Foundation
import Generation
import Model
import SystemPackage
import TensorMath
import TestSupport
import Testing
import Texts
import Tokenizer

@testable import Evaluation

@Suite struct GSM8KTests {
    /// `random.Random(1234).sample(range(total), count)`, several times in a row.
    @Test(
        arguments: [
            (7, 5, [[6, 3, 0, 4, 5], [6, 4, 0, 5, 3], [6, 2, 1, 0, 3]]),
            (21, 5, [[14, 3, 0, 2, 1], [2, 3, 11, 7, 0]]),
            (22, 5, [[14, 3, 0, 2, 18], [1, 21, 2, 3, 11]]),
            (85, 8, [[56, 14, 0, 11, 74, 4, 10, 12], [45, 30, 2, 3, 82, 44, 61, 59]]),
            (86, 8, [[56, 14, 0, 11, 74, 4, 85, 10], [12, 45, 30, 2, 3, 44, 82, 79]]),
            (
                7473, 5,
                [
                    [6374, 3610, 957, 61, 742], [7462, 6610, 4769, 286, 5501],
                    [5677, 687, 806, 6279, 2905],
                ]
            ),
        ] as [(Int, Int, [[Int]])])
    func `examples are drawn as Python draws`(total: Int, count: Int, expected: [[Int]]) {
        var twister = MersenneTwister(pythonSeed: 1234)
        #expect(expected.map { _ in twister.pythonSample(count, of: total) } == expected)
    }

    /// By Python's `re` and the harness's code.
    @Test(
        arguments: [
            ("She has 3 + 4 = 7.\n#### 7", "7", "7", "7"),
            ("#### 1,234.", "1,234.", "1,234.", "1234"),
            ("#### -5 and #### 6", "-5", "6", "6"),
            ("It is $18.50", "[invalid]", "$18.50", "it is 18.50"),
            ("no number here", "[invalid]", "[invalid]", "no number here"),
            ("#### ", "[invalid]", "[invalid]", ""),
            ("####7", "[invalid]", "7", "####7"),
            ("-", "[invalid]", "[invalid]", "-"),
            ("- 3", "[invalid]", "3", "- 3"),
            ("--12", "[invalid]", "-12", "--12"),
            ("a1b2c3", "[invalid]", "3", "a1b2c3"),
            ("1.2.3", "[invalid]", "1.2.3", "1.2.3"),
            ("$", "[invalid]", "[invalid]", ""),
            ("$$", "[invalid]", "$$", ""),
            ("...", "[invalid]", "...", ".."),
            ("#### $5", "[invalid]", "$5", "5"),
            ("x=-$3", "[invalid]", "-$3", "x=-3"),
            ("12-7", "[invalid]", "-7", "12-7"),
            ("#### 10\n#### 11", "10", "11", "11"),
            ("costs 5.", "[invalid]", "5.", "costs 5"),
            ("1", "[invalid]", "1", "1"),
            ("Zwei ٣", "[invalid]", "[invalid]", "zwei ٣"),
            ("#### 1e5", "1", "5", "1e5"),
            ("3,", "[invalid]", "3,", "3"),
            ("#### .", ".", "[invalid]", ""),
            ("the answer is -7.", "[invalid]", "-7.", "the answer is -7"),
            ("€5 or 6%", "[invalid]", "6", "€5 or 6%"),
            ("#### 4\n\nQ", "4", "4", "4\n\nq"),
        ] as [(String, String, String, String)])
    func `numbers are found and compared as the harness does`(
        text: String, strict: String, flexible: String, normal: String
    ) {
        #expect(WrittenNumber.strict(text) == strict)
        #expect(WrittenNumber.flexible(text) == flexible)
        #expect(WrittenNumber.normal(text) == normal)
    }

    // MARK: The harness

    private struct Golden: Decodable {
        let prompts: [String]
        let texts: [String]
        let strict: [String]
        let flexible: [String]
        let strictScore: Double
        let flexibleScore: Double

        enum CodingKeys: String, CodingKey {
            case prompts, texts, strict, flexible
            case strictScore = "exact_match_strict"
            case flexibleScore = "exact_match_flexible"
        }
    }

    /// Made by Scripts/compare_with_lm_eval.py.
    private static let fixture = Places.fixtures.appending(path: "Evaluate/gsm8k")

    private static func golden(_ name: String) throws -> Golden {
        try JSONDecoder().decode(
            Golden.self, from: Data(contentsOf: fixture.appending(path: name)))
    }

    /// By the demo model, and by a chat model of 135 million parameters.
    @Test(arguments: ["lm_eval.json", "lm_eval_chat.json"])
    func `what models wrote is scored as the harness scores it`(file: String) throws {
        let golden = try Self.golden(file)
        #expect(golden.texts.map(WrittenNumber.strict) == golden.strict)
        #expect(golden.texts.map(WrittenNumber.flexible) == golden.flexible)
        let answers = try TaskFiles.records(Self.fixture.appending(path: "test.jsonl").path)
            .map { WrittenNumber.normal(try $0.text("answer")) }
        func share(_ found: [String]) -> Double {
            let right = zip(found, answers).count { WrittenNumber.normal($0) == $1 }
            return Double(right) / Double(answers.count)
        }
        #expect(share(golden.strict) == golden.strictScore)
        #expect(share(golden.flexible) == golden.flexibleScore)
    }

    @Test(
        .enabled(
            if: FileManager.default.fileExists(
                atPath: Places.demoModel.appending(path: "model.safetensors").path),
            "the demo model is not here"))
    func `prompts, answers and scores are the harness's on the demo model`() throws {
        let golden = try Self.golden("lm_eval.json")
        let folder = FilePath(Places.demoModel.path)
        let model = try Model(try Checkpoint(folder))
        let encoder = try PromptEncoder(TokenizerFolder.load(folder), folder: folder)
        let task = GSM8KTask()
        let prepared = try task.prompts(
            at: Self.fixture.path,
            Parameters().completed(with: Offer.task("gsm8k")?.parameters ?? []),
            encoder: encoder, chat: nil, contextLength: model.blueprint.contextLength)
        #expect(
            prepared.prompts.map(\.tokens) == (try golden.prompts.map { try encoder.encode($0) }))
        let texts = StopTexts(prepared.until, encoder.tokenizer)
        var generator = TextGenerator(
            ForwardPass(weights: model.weights, mode: .float32),
            stop: try StopTokens(model.checkpoint), sampling: .greedy,
            tokensMax: prepared.tokensMax)
        generator.isOver = { try texts.end($0) }
        let answers = try generator.run(
            prepared.prompts.map(\.tokens), observer: SilentObserver())
        for (answer, expected) in zip(answers, golden.texts) {
            // Far behind, rounding may decide between two tokens.
            #expect(
                try prepared.text(of: answer, encoder.tokenizer).prefix(60) == expected.prefix(60))
        }
        let figures = try task.figures(
            prepared, answers, original: nil, tokenizer: encoder.tokenizer)
        #expect(
            figures.map(\.value) == [golden.strictScore, golden.flexibleScore])
    }

    // MARK: Prompts

    private static let question =
        #"{"question": "How many is 2 and 3?", "answer": "2+3=5\n#### 5"}"#
    private static let example = #"{"question": "1 and 1?", "answer": "It is 2.\n#### 2"}"#

    private static func prompts(
        _ scratch: CheckpointScratch, _ path: String = "", shots: Int, tokens: Int = 16,
        contextLength: Int = 4096
    ) throws -> PreparedPrompts {
        try GSM8KTask().prompts(
            at: scratch.path.string + path,
            Parameters(["shots": .integer(shots), "tokens": .integer(tokens)])
                .completed(with: Offer.task("gsm8k")?.parameters ?? []),
            encoder: try AnswerTests.encoder(), chat: nil, contextLength: contextLength)
    }

    @Test func `prompts stand behind their examples`() throws {
        let scratch = try CheckpointScratch()
        try scratch.write(Array(Self.question.utf8), "test.jsonl")
        try scratch.write(Array((Self.example + "\n").utf8), "train.jsonl")
        let encoder = try AnswerTests.encoder()
        let asked = "Question: How many is 2 and 3?\nAnswer:"
        let alone = try Self.prompts(scratch, shots: 0)
        #expect(alone.prompts.map(\.tokens) == [try encoder.encode(asked)])
        #expect(alone.until == ["Question:", "</s>", "<|im_end|>"] && alone.notes.isEmpty)
        for path in ["", "/test.jsonl"] {
            let prompts = try Self.prompts(scratch, path, shots: 1)
            #expect(
                prompts.prompts.map(\.tokens) == [
                    try encoder.encode(
                        "Question: 1 and 1?\nAnswer: It is 2.\n#### 2\n\n" + asked)
                ])
            #expect(prompts.prompts.map(\.text) == ["How many is 2 and 3?"])
        }
        // The end of the prompt stays, and room for the answer.
        let whole = try Self.prompts(scratch, shots: 1)
        let cut = try Self.prompts(scratch, shots: 1, tokens: 16, contextLength: 26)
        #expect(cut.prompts.map(\.tokens) == whole.prompts.map { Array($0.tokens.suffix(10)) })
        #expect(cut.notes.count == 1 && cut.notes[0].contains("1 of 1 prompts"))
    }

    @Test func `what is wrong is told before anything is asked`() throws {
        let scratch = try CheckpointScratch()
        try scratch.write(Array(Self.question.utf8), "test.jsonl")
        try scratch.write(Array(Self.example.utf8), "train.jsonl")
        let train = scratch.path.string + "/train.jsonl"
        #expect(throws: EvaluationError.tooFewShots(path: train, found: 1, wanted: 2)) {
            try Self.prompts(scratch, shots: 2)
        }
        #expect(throws: EvaluationError.noRoom(tokens: 16, contextLength: 16)) {
            try Self.prompts(scratch, shots: 0, contextLength: 16)
        }
        try scratch.write(Array(#"{"question": "no answer"}"#.utf8), "test.jsonl")
        #expect(throws: (any Error).self) { try Self.prompts(scratch, shots: 0) }
        try scratch.write([], "test.jsonl")
        #expect(throws: (any Error).self) { try Self.prompts(scratch, shots: 0) }
    }

    @Test func `an answer ends before the first text that ends it`() throws {
        let tokenizer = try AnswerTests.encoder().tokenizer
        func tokens(_ text: String) throws -> [Int32] {
            try tokenizer.encode(text, addSpecialTokens: false)
        }
        let texts = StopTexts(["Question:", "</s>"], tokenizer)
        #expect(try !texts.end(tokens("It is a Question")))
        #expect(try texts.end(tokens("It is a Question: a")))
        #expect(try texts.cut(tokens("a</s>b Question: c")) == "a")
        #expect(try texts.cut(tokens("a Question: b</s>")) == "a ")
        #expect(try !StopTexts([], tokenizer).end(tokens("Question:")))
    }

    @Test func `an answer ends at a special token that is spelt like a text that ends it`() throws {
        let tokenizer = try AnswerTests.encoder().tokenizer
        let end = "<|end_of_text|>"
        let special = try #require(tokenizer.id(of: end))
        let said = try tokenizer.encode("#### 5", addSpecialTokens: false)
        let texts = StopTexts(["Question:", end], tokenizer)
        #expect(try !texts.end(said))
        #expect(try texts.end(said + [special]))
        #expect(try texts.cut(said + [special]) == "#### 5")
    }

    @Test func `the tokenizer's eos token ends answers, too, as in the harness`() throws {
        let scratch = try CheckpointScratch()
        try scratch.write(Array(Self.question.utf8), "test.jsonl")
        let tokenizer = try AnswerTests.encoder().tokenizer
        func until(_ file: String, _ config: String) throws -> [String] {
            try scratch.write(Array(config.utf8), file)
            return try GSM8KTask().prompts(
                at: scratch.path.string,
                Parameters(["shots": .integer(0)])
                    .completed(with: Offer.task("gsm8k")?.parameters ?? []),
                encoder: PromptEncoder(tokenizer, folder: scratch.path), chat: nil,
                contextLength: 4096
            ).until
        }
        let own = ["Question:", "</s>", "<|im_end|>"]
        let config = "tokenizer_config.json"
        #expect(try until(config, #"{"bos_token": "<|begin_of_text|>"}"#) == own)
        #expect(try until(config, #"{"eos_token": "no token"}"#) == own)
        #expect(
            try until("special_tokens_map.json", #"{"eos_token": {"content": "<|end_of_text|>"}}"#)
                == own + ["<|end_of_text|>"])
    }
}
