// Texts that share beginnings, and that what is shared changes no log-likelihood.

import EngineTestSupport
import TensorMath
import Testing

@testable import Evaluation
@testable import Model

@Suite struct TextForestTests {
    /// Seeded texts over few tokens, so that they share much.
    static func texts(_ generator: inout SeededGenerator, count: Int, length: Int) -> [[Int32]] {
        var texts: [[Int32]] = []
        for _ in 0..<count {
            let stem = texts.isEmpty ? [] : texts[generator.index(below: texts.count)]
            let kept = stem.prefix(generator.index(below: stem.count + 1))
            let more = 1 + generator.index(below: length)
            texts.append(kept + (0..<more).map { _ in Int32(generator.index(below: 3)) })
        }
        return texts
    }

    @Test("a text is the chain of its segments, whatever is shared")
    func chains() {
        var generator = SeededGenerator(seed: 5)
        for round in 0..<200 {
            let texts = Self.texts(&generator, count: 1 + round % 9, length: 30)
            for shares in [false, true] {
                let forest = TextForest(texts, sharesBeginnings: shares)
                for (index, text) in texts.enumerated() {
                    let chain = forest.chain(to: forest.last[index])
                    #expect(chain.flatMap { forest.tokens[forest.segments[$0].rows] } == text)
                    if !shares { #expect(chain.count == 1) }
                    for place in text.indices {
                        #expect(
                            forest.tokens[forest.row(text: index, position: place)] == text[place])
                    }
                }
                for (index, segment) in forest.segments.enumerated() {
                    // What a segment attends to lies before it.
                    if let parent = segment.parent {
                        #expect(parent < index)
                        let before = forest.segments[parent]
                        #expect(segment.position == before.position + before.rows.count)
                    } else {
                        #expect(segment.position == 0)
                    }
                }
            }
        }
    }

    @Test("a long shared beginning is computed once, a short one with each text")
    func shared() {
        let stem = (0..<100).map(Int32.init)
        let long = TextForest([stem + [1], stem + [2, 3], stem, stem], sharesBeginnings: true)
        #expect(long.tokens.count == 103)
        let short = TextForest([[7, 1], [7, 2]], sharesBeginnings: true)
        #expect(short.tokens == [7, 1, 7, 2])
        let never = TextForest([stem + [1], stem + [2], stem + [2]], sharesBeginnings: false)
        #expect(never.tokens.count == 202)
    }
}

@Suite struct LikelihoodRunnerTests {
    static func requests(
        of model: Model, contextLength: Int
    ) -> [LikelihoodRequest] {
        let stems = ArchitectureFixtures.tokens([40, 23, 70], of: model, seed: 11)
        var requests: [LikelihoodRequest] = []
        for (index, stem) in stems.enumerated() {
            for branch in ArchitectureFixtures.tokens([12, 30, 1], of: model, seed: 20) {
                let tails = ArchitectureFixtures.tokens(
                    [1, 1, 3, 9], of: model, seed: UInt64(30 + index))
                requests += tails.map {
                    LikelihoodRequest(context: stem + branch, continuation: $0)
                }
            }
        }
        return requests
    }

    /// One request alone, by the plain forward pass and logits in double.
    static func expected(
        _ request: LikelihoodRequest, forward: ForwardPass, contextLength: Int
    ) throws -> Double {
        let all = Array((request.context + request.continuation).suffix(contextLength + 1))
        let batch = PackedSequences([Array(all.dropLast())])
        let logits = try OutputHead(forward).logits(
            try forward.run(batch, observer: SilentObserver()))
        var sum = 0.0
        for place in all.count - request.continuation.count..<all.count {
            sum +=
                Double(logits[place - 1, Int(all[place])])
                - RowKernels.logSumExp(logits, row: place - 1)
        }
        return sum
    }

    @Test(
        "shared beginnings, small waves and cuts give the log-likelihoods of each text alone",
        arguments: ArchitectureFixtures.names)
    func agrees(name: String) throws {
        let model = try ArchitectureFixtures.model(name)
        // Learned positions end: longer texts are refused.
        let isLearned = model.blueprint.positions != nil
        for contextLength in isLearned ? [50] : [1000, 50] {
            let requests = Self.requests(of: model, contextLength: contextLength)
            for waveTokens in [100_000, 150] {
                var forward = ForwardPass(weights: model.weights, mode: .float32)
                forward.waveTokens = waveTokens == 150 ? 64 : 2048
                let runner = LikelihoodRunner(
                    forward: forward, contextLength: contextLength, waveTokensMax: waveTokens)
                let found = try runner.score(requests, observer: SilentObserver())
                for (request, value) in zip(requests, found) {
                    let wanted = try Self.expected(
                        request, forward: forward, contextLength: contextLength)
                    // Sums of up to nine log-likelihoods in f32.
                    #expect(abs(value - wanted) < 1e-4)
                }
            }
        }
    }

    @Test("waves hold every request once and no more tokens than asked")
    func waves() throws {
        let model = try ArchitectureFixtures.model("llama-odd-linear")
        let forward = ForwardPass(weights: model.weights, mode: .float32)
        let requests = Self.requests(of: model, contextLength: 1000)
        for limit in [1, 60, 150, 400, 100_000] {
            let runner = LikelihoodRunner(
                forward: forward, contextLength: 1000, waveTokensMax: limit)
            let waves = try runner.waves(requests)
            #expect(waves.flatMap { $0.asks.map(\.request) }.sorted() == Array(requests.indices))
            for wave in waves {
                #expect(wave.tokenCount <= limit || wave.texts.count == 1)
                #expect(Set(wave.texts).count == wave.texts.count)
            }
        }
        let whole = LikelihoodRunner(
            forward: forward, contextLength: 1000, waveTokensMax: 100_000)
        let plain = requests.reduce(0) { $0 + $1.context.count + $1.continuation.count - 1 }
        #expect(try whole.waves(requests)[0].tokenCount * 3 < plain)
    }

    @Test("a continuation longer than the context is refused")
    func refusal() throws {
        let model = try ArchitectureFixtures.model("llama-odd-linear")
        let runner = LikelihoodRunner(
            forward: ForwardPass(weights: model.weights, mode: .float32), contextLength: 4)
        for count in [0, 5] {
            #expect(throws: EvaluationError.continuationLength(tokens: count, contextLength: 4)) {
                _ = try runner.waves([
                    LikelihoodRequest(
                        context: [1], continuation: [Int32](repeating: 1, count: count))
                ])
            }
        }
    }

    @Test("progress counts the tokens of the whole evaluation, wave after wave")
    func progress() throws {
        let model = try ArchitectureFixtures.model("llama-odd-linear")
        let runner = LikelihoodRunner(
            forward: ForwardPass(weights: model.weights, mode: .float32), contextLength: 1000,
            waveTokensMax: 150)
        let requests = Self.requests(of: model, contextLength: 1000)
        let waves = try runner.waves(requests)
        let total = waves.reduce(0) { $0 + $1.tokenCount }
        let hearer = Hearer()
        _ = try runner.score(requests, observer: hearer)
        #expect(waves.count > 1)
        #expect(hearer.totals == [total])
        #expect(hearer.done == hearer.done.sorted() && hearer.done.last == total)
        #expect(hearer.done.count >= waves.count * model.blueprint.layers.count)
    }
}
