// What a model is asked to write for its own calibration.

import Catalogue
import Testing
import Texts

@testable import Generation

@Suite struct WritingPlanTests {
    private static func plan(
        _ samples: Int, answers: Double = 0.5, _ languages: Set<String> = ["en"], seed: UInt64 = 1
    ) throws -> [WritingPlan.Beginning] {
        try WritingPlan(samples: samples, answers: answers, languages: languages, seed: seed)
            .beginnings()
    }

    @Test func `the built-in sets hold what is told of them`() {
        #expect(WritingPrompt.questions.count == 240)
        #expect(WritingPrompt.openings.count == 72)
        #expect(WritingPrompt.questions.count { $0.language == "en" } == 190)
        #expect(Set(WritingPrompt.questions.map(\.text)).count == 240)
        #expect(Set(WritingPrompt.questions.map(\.kind)).count == 30)
        #expect(Set(WritingPrompt.openings.map(\.text)).count == 72)
    }

    @Test func `the languages that the catalogue tells are those that prompts are in`() throws {
        let told = try #require(Offer.dataset("self")?.parameter("languages")).meaning
        let codes = told.matches(of: /`([a-z]{2})`/).map { String($0.1) }
        let known = Set((WritingPrompt.questions + WritingPrompt.openings).map(\.language))
        #expect(codes == known.sorted())
    }

    @Test(arguments: [0, 1, 7, 100, 384], [0, 0.3, 0.5, 1])
    func `shares and counts are those asked for, and nothing comes twice too early`(
        samples: Int, answers: Double
    ) throws {
        let all = try Self.plan(samples, answers: answers)
        #expect(all.count == samples)
        var questions: [String: Int] = [:]
        var openings: [String: Int] = [:]
        for beginning in all {
            switch beginning {
            case .question(let text): questions[text, default: 0] += 1
            case .opening(let text): openings[text, default: 0] += 1
            }
        }
        let answered = questions.values.reduce(0, +)
        #expect(answered == Int((answers * Double(samples)).rounded()))
        for (counts, known) in [(questions, 190), (openings, 48)] where !counts.isEmpty {
            let total = counts.values.reduce(0, +)
            #expect(counts.values.max() == (total + known - 1) / known)
        }
    }

    @Test func `the seed decides, and sorts are mixed`() throws {
        let all = try Self.plan(100)
        #expect(try all == Self.plan(100))
        #expect(try all != Self.plan(100, seed: 2))
        let firstHalf = all.prefix(50).count { if case .question = $0 { true } else { false } }
        #expect((15...35).contains(firstHalf))
    }

    @Test func `only languages that there are`() throws {
        let german = Set(
            (WritingPrompt.questions + WritingPrompt.openings).filter { $0.language == "de" }
                .map(\.text))
        for beginning in try Self.plan(20, ["de"]) {
            switch beginning {
            case .question(let text), .opening(let text): #expect(german.contains(text))
            }
        }
        // Openings only, whatever the share of answers.
        #expect(try Self.plan(20, answers: 1, ["ko"]).count == 20)
        #expect(throws: WritingError.self) { try Self.plan(20, ["en", "tlh"]) }
        #expect(throws: WritingError.self) { try Self.plan(20, []) }
    }

    @Test func `texts that break off or run in circles are of no use`() {
        #expect(!WritingQuality.isOfUse(Array(0..<15)))
        #expect(WritingQuality.isOfUse(Array(0..<16)))
        let circle = (0..<64).map { Int32($0 % 5) }
        #expect(!WritingQuality.isOfUse(circle))
        #expect(Repetition.share(of: [1, 2, 3]) == nil)
        #expect(Repetition.share(of: [1, 1, 1, 1, 1]) == 0.5)
        #expect(Repetition.share(of: circle) == 1 - 5.0 / 61)
    }
}
