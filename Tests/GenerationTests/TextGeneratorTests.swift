// Texts side by side: what each says does not depend on the others, and each ends for its reason.

import Checkpoint
import EngineTestSupport
import Model
import TensorMath
import TestSupport
import Testing

@testable import Generation

@Suite struct TextGeneratorTests {
    private static let name = "llama-odd-linear"

    private static func generator(
        tokens: Int, stop: Set<Int32> = [], _ sampling: Sampling = .greedy,
        cacheBytes: Int = 1 << 30
    ) throws -> TextGenerator {
        let model = try ArchitectureFixtures.model(name)
        var generator = TextGenerator(
            ForwardPass(weights: model.weights, mode: .float32), stop: StopTokens(stop),
            sampling: sampling, tokensMax: tokens)
        generator.cacheBytes = cacheBytes
        return generator
    }

    /// Of 1 to 9 tokens.
    private static let prompts: [[Int32]] = (0..<9).map { number in
        (0...number).map { place -> Int32 in
            let token = 3 + (7 * number + 5 * place) % 30
            return Int32(token)
        }
    }

    private static let sampled = Sampling.nucleus(temperature: 1, topP: 0.95, seed: 3)

    @Test(arguments: [Sampling.greedy, sampled])
    func `a text is the same alone, beside others, and in a slot that was used`(
        sampling: Sampling
    ) throws {
        let all = try Self.generator(tokens: 12, sampling).run(
            Self.prompts, observer: SilentObserver())
        // Room for two texts: the others wait.
        let narrow = try Self.generator(tokens: 12, sampling, cacheBytes: 2 * 2 * 4 * 2 * 30 * 22)
        #expect(narrow.room(for: Self.prompts) == TextGenerator.Room(slots: 2, length: 21))
        #expect(try narrow.run(Self.prompts, observer: SilentObserver()) == all)
        if sampling == .greedy {
            for (prompt, made) in zip(Self.prompts, all) {
                let alone = try Self.generator(tokens: 12).run([prompt], observer: SilentObserver())
                #expect(alone == [made])
            }
        }
        #expect(all.allSatisfy { $0.tokens.count == 12 && $0.ending == .length })
        #expect(Set(all.map(\.tokens)).count > 1)
    }

    @Test func `a text ends before its stop token`() throws {
        let free = try Self.generator(tokens: 12).run(Self.prompts, observer: SilentObserver())
        let stop = free[2].tokens[3]
        let made = try Self.generator(tokens: 12, stop: [stop]).run(
            Self.prompts, observer: SilentObserver())
        for (made, free) in zip(made, free) {
            let end = free.tokens.firstIndex(of: stop)
            #expect(made.tokens == Array(free.tokens[..<(end ?? free.tokens.count)]))
            #expect(made.ending == (end == nil ? .length : .stop))
        }
        #expect(made.contains { $0.ending == .stop })
    }

    @Test func `a text ends with what it says, and its slot is free`() throws {
        let free = try Self.generator(tokens: 12).run(Self.prompts, observer: SilentObserver())
        // Room for two texts: those that end early make way for others.
        var generator = try Self.generator(tokens: 12, cacheBytes: 2 * 2 * 4 * 2 * 30 * 22)
        generator.isOver = { $0.reduce(0) { $0 + Int($1) } > 60 }
        let made = try generator.run(Self.prompts, observer: SilentObserver())
        for (made, free) in zip(made, free) {
            var sum = 0
            let end = free.tokens.firstIndex { token in
                sum += Int(token)
                return sum > 60
            }
            // The token with which it is over is one of its own.
            #expect(made.tokens == Array(free.tokens[...(end ?? free.tokens.count - 1)]))
            #expect(made.ending == (end == nil ? .length : .stop))
        }
        #expect(Set(made.map(\.ending)).count == 2 || made.allSatisfy { $0.ending == .stop })
    }

    @Test func `what it takes grows with texts and tokens`() throws {
        func need(_ prompts: ArraySlice<[Int32]>, tokens: Int) throws -> (Int, Double) {
            let generator = try Self.generator(tokens: tokens)
            return (
                generator.peakByteCount(Array(prompts)), generator.work(Array(prompts)).operations
            )
        }
        let one = try need(Self.prompts[..<1], tokens: 8)
        let two = try need(Self.prompts[..<2], tokens: 8)
        let longer = try need(Self.prompts[..<2], tokens: 16)
        #expect(one.0 < two.0 && two.0 < longer.0)
        #expect(one.1 < two.1 && two.1 < longer.1)
        // No longer than the context.
        #expect(
            try need(Self.prompts[..<1], tokens: 64).0
                == need(Self.prompts[..<1], tokens: 1000).0)
    }

    @Test func `a text ends with the context`() throws {
        // The model's context is 64 tokens.
        let prompt = (0..<60).map { Int32($0 % 30) }
        let made = try Self.generator(tokens: 12).run([prompt, [5]], observer: SilentObserver())
        #expect(made[0].tokens.count == 4 && made[0].ending == .context)
        #expect(made[1].tokens.count == 12 && made[1].ending == .length)
    }

    @Test func `what cannot be gone on with is refused before anything is computed`() throws {
        let generator = try Self.generator(tokens: 3)
        #expect(throws: GenerationError.emptyPrompt(number: 2)) {
            try generator.run([[4], []], observer: SilentObserver())
        }
        #expect(throws: GenerationError.promptTooLong(number: 1, tokens: 64, contextLength: 64)) {
            try generator.run([[Int32](repeating: 4, count: 64)], observer: SilentObserver())
        }
        #expect(throws: ModelError.self) {
            try generator.run([[37]], observer: SilentObserver())
        }
        #expect(try generator.run([], observer: SilentObserver()).isEmpty)
    }

    @Test func `tokens are told as they come`() throws {
        var told: [Int: [Int32]] = [:]
        let made = try Self.generator(tokens: 6).run(
            Self.prompts, observer: SilentObserver()
        ) { told[$0, default: []].append($1) }
        for (prompt, made) in made.enumerated() { #expect(told[prompt] == made.tokens) }
    }

    @Test func `stop tokens: a number, a list, or the config's`() throws {
        func stop(_ settings: String?) throws -> Set<Int32> {
            let (scratch, checkpoint) = try ArchitectureFixtures.changed(
                Self.name, config: { $0.set("eos_token_id", to: 2) })
            if let settings {
                _ = try scratch.write(Array(settings.utf8), "generation_config.json")
            }
            return try StopTokens(checkpoint).ids
        }
        #expect(try stop(nil) == [2])
        #expect(try stop(#"{"eos_token_id": 7}"#) == [7])
        #expect(try stop(#"{"eos_token_id": [7, 9]}"#) == [7, 9])
        #expect(try stop(#"{"temperature": 0.7}"#) == [2])
        #expect(try stop(#"{"eos_token_id": null}"#) == [2])
        #expect(throws: (any Error).self) { try stop("[") }
    }
}
