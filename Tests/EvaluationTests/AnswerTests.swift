// Figures of answers that a model wrote, and which of them are shown.

import Catalogue
import DurableIO
import EngineTestSupport
import Foundation
import Generation
import SystemPackage
import TensorMath
import TestSupport
import Testing
import Texts
import Tokenizer

@testable import Evaluation

@Suite struct AnswerTests {
    private static func answer(
        _ tokens: [Int32], _ ending: Generated.Ending = .length
    ) -> Generated { Generated(tokens: tokens, ending: ending) }

    @Test func `repetition is the share of runs of four that occurred before`() {
        #expect(Repetition.share(of: [1, 2, 3]) == nil)
        #expect(Repetition.share(of: [1, 2, 3, 4]) == 0)
        #expect(Repetition.share(of: [1, 2, 3, 4, 1, 2, 3, 4]) == 0.2)
        #expect(Repetition.share(of: [Int32](repeating: 7, count: 103)) == 0.99)
        #expect(Repetition.share(of: Array(0..<100)) == 0)
    }

    @Test func `agreement counts the original's tokens before the first difference`() {
        let original = [
            Self.answer([1, 2, 3, 4]), Self.answer([5, 6], .stop), Self.answer([7, 8], .stop),
        ]
        let answers = [
            Self.answer([1, 2, 9, 4]), Self.answer([5, 6], .stop), Self.answer([7, 8, 8, 8]),
        ]
        // 2 of 4, 3 of 3 with the end, 2 of 3.
        let figures = AnswerFigures.comparison(answers, original: original)
        #expect(figures.map(\.metric) == ["agreement", "prompts_equal"])
        #expect(figures[0].value == 0.7 && figures[0].count == 10)
        let third: Double = 1.0 / 3.0
        #expect(figures[1].value == third && figures[1].count == 3)
        let same = AnswerFigures.comparison(original, original: original)
        #expect(same.map(\.value) == [1, 1] && same.map(\.standardError) == [0, 0])
    }

    @Test func `figures of its own need no other model`() {
        let figures = AnswerFigures.own([
            Self.answer([1, 1, 1, 1, 1], .stop), Self.answer([1, 2, 3, 4, 5]), Self.answer([3]),
        ])
        #expect(figures.map(\.metric) == ["repetition", "length", "stopped"])
        let expected: [Double] = [0.25, 11.0 / 3.0, 1.0 / 3.0]
        #expect(figures.map(\.value) == expected)
        // Two answers are long enough to repeat anything.
        #expect(figures.map(\.count) == [2, 3, 3])
        let short = AnswerFigures.own([Self.answer([], .stop)])
        #expect(short[0].value == 0 && short[0].count == 0 && short[0].standardError == nil)
    }

    @Test func `shown are the answer in the middle and the worst of the others`() {
        let original = (0..<5).map { _ in Self.answer([1, 2, 3, 4, 5, 6, 7, 8]) }
        let loops = Self.answer([1, 2, 9, 9, 9, 9, 9, 9])
        let answers = [
            original[0], Self.answer([1, 2, 3, 9]), Self.answer([1, 9, 9, 9]), loops,
            Self.answer([9, 9, 9, 9, 9, 9, 9, 8]),
        ]
        // Shares 1, 3/8, 1/8, 2/8, 0: the one in the middle is the fourth, which loops itself.
        #expect(
            AnswerChoice.choices(answers, original: original) == [
                AnswerChoice(prompt: 3, reason: .usual),
                AnswerChoice(prompt: 4, reason: .repetitive),
            ])
        #expect(
            AnswerChoice.choices([loops], original: [loops])
                == [AnswerChoice(prompt: 0, reason: .usual)])
        #expect(AnswerChoice.choices([], original: []).isEmpty)
    }

    @Test func `fewer prompts are spread over the file`() {
        #expect(OpenPromptsTask.spread(nil, of: 4) == [0, 1, 2, 3])
        #expect(OpenPromptsTask.spread(9, of: 3) == [0, 1, 2])
        #expect(OpenPromptsTask.spread(3, of: 64) == [0, 21, 42])
        for count in 1..<64 {
            let places = OpenPromptsTask.spread(count, of: 64)
            #expect(places.count == count && Set(places).count == count)
            #expect(places.allSatisfy { (0..<64).contains($0) })
        }
    }

    // MARK: Prompts

    static func encoder() throws -> PromptEncoder {
        let folder = Places.fixtures.appending(path: "tokenizers")
        let file = [UInt8](
            try Data(contentsOf: folder.appending(path: "llama3.tokenizer.json")))
        return try PromptEncoder(Tokenizer(json: file.span), folder: FilePath(folder.path))
    }

    private static func prompts(
        _ path: String, _ values: [String: ParameterValue] = [:], contextLength: Int = 4096,
        chat: ChatPrompt? = nil
    ) throws -> PreparedPrompts {
        try OpenPromptsTask().prompts(
            at: path,
            Parameters(values).completed(with: Offer.task("generation")?.parameters ?? []),
            encoder: try encoder(), chat: chat, contextLength: contextLength)
    }

    @Test func `the built-in prompts are 64, none calibrated on`() throws {
        let path = try #require(
            Offer.task("generation")?.parameter("path")?.defaultValue)
        guard case .value(.text(let path)) = path else {
            Issue.record("no default")
            return
        }
        let all = try Self.prompts(path)
        #expect(all.prompts.count == 64 && all.tokensMax == 96 && all.until.isEmpty)
        #expect(Set(all.prompts.map(\.text)).count == 64)
        let some = try Self.prompts(path, ["prompts": .integer(8), "tokens": .integer(5)])
        #expect(some.prompts.count == 8 && some.tokensMax == 5)
        #expect(some.prompts[1] == all.prompts[8])
    }

    @Test func `a chat model reads a prompt as its user's turn`() throws {
        let scratch = try CheckpointScratch()
        #expect(try ChatPrompt.undated(SideFiles(scratch.path)).map { _ in true } == nil)
        let template = "{{ strftime_now('%Y') }}<{{ messages[0]['content'] }}>"
        try scratch.write(Array(template.utf8), "chat_template.jinja")
        let path = try scratch.write(Array("{\"prompt\": \"Hi you\"}".utf8), "prompts.jsonl").string
        let prompt = try Self.prompts(
            path, chat: try ChatPrompt.undated(SideFiles(scratch.path))
        ).prompts[0]
        #expect(prompt.text == "Hi you")
        #expect(
            try prompt.tokens
                == Self.encoder().tokenizer.encode("2024<Hi you>", addSpecialTokens: false))
    }

    @Test func `what is wrong with prompts is told with its place`() throws {
        let scratch = try CheckpointScratch()
        func fault(_ text: String, contextLength: Int = 4096) throws -> String {
            let path = try scratch.write(Array(text.utf8), "prompts.jsonl").string
            do {
                _ = try Self.prompts(path, contextLength: contextLength)
                return ""
            } catch { return "\(error)".replacing(scratch.path.string + "/", with: "") }
        }
        #expect(try fault("{\"prompt\": \"Say something\"}\n") == "")
        #expect(
            try fault("\n") == "prompts.jsonl: no prompt; expected a JSON object a line "
                + "with the key `prompt`")
        #expect(try fault("{\"prompt\": 3}").hasPrefix("prompts.jsonl:1: "))
        #expect(try fault("\n{\"text\": \"a\"}").hasPrefix("prompts.jsonl:2: "))
        #expect(
            try fault("{\"prompt\": \"one two three four five\"}", contextLength: 3)
                .hasSuffix("and the model's context holds 3: shorten it"))
    }
}
