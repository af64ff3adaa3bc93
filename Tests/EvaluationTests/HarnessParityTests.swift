// Log-likelihoods and accuracies of lm-evaluation-harness 0.4.13 on the demo model, made by
// Scripts/compare_with_lm_eval.py, and its rolling windows.

import Catalogue
import Checkpoint
import EngineTestSupport
import Foundation
import Model
import SystemPackage
import TensorMath
import TestSupport
import Testing
import Texts
import Tokenizer

@testable import Evaluation

/// The bound of the comparison; found are 2e-5 and less (sums of up to 20 tokens in f32).
private let likelihoodTolerance = 1e-3

@Suite struct HarnessParityTests {
    private struct Golden: Decodable {
        var values: [[Double]]
        var accuracy: Double
        var normalised: Double?
    }

    @Test(
        "log-likelihoods are the harness's and accuracies identical",
        .enabled(
            if: FileManager.default.fileExists(
                atPath: Places.demoModel.appending(path: "model.safetensors").path),
            "the demo model is not here"),
        arguments: [("piqa", "piqa.jsonl"), ("boolq", "boolq.jsonl"), ("race", "race")])
    func parity(task name: String, data: String) throws {
        let goldens = try JSONDecoder().decode(
            [String: Golden].self,
            from: Data(contentsOf: QuestionTaskTests.fixtures.appending(path: "lm_eval.json")))
        let golden = try #require(goldens[name])
        let folder = FilePath(Places.demoModel.path)
        let model = try Model(try Checkpoint(folder))
        let task = try #require(QuestionTasks.find(name))
        let prepared = try PreparedQuestions(
            task, at: QuestionTaskTests.fixtures.appending(path: data).path,
            Parameters().completed(with: Offer.task(name)?.parameters ?? []),
            encoder: try PromptEncoder(TokenizerFolder.load(folder), folder: folder),
            observer: SilentObserver())
        let runner = LikelihoodRunner(
            forward: ForwardPass(weights: model.weights, mode: .float32),
            contextLength: task.contextLength(of: model.blueprint))
        let found = try runner.score(prepared.requests, observer: SilentObserver())
        let grouped = prepared.grouped(found)
        #expect(grouped.map(\.count) == golden.values.map(\.count))
        for (left, right) in zip(grouped.joined(), golden.values.joined()) {
            #expect(abs(left - right) < likelihoodTolerance)
        }
        let figures = prepared.figures(task, found)
        #expect(figures[0].value == golden.accuracy)
        if let normalised = golden.normalised { #expect(figures[1].value == normalised) }
    }

    @Test("rolling windows: 152 tokens in a context of 64 are (1, 64) (1, 64) (41, 24)")
    func rolling() {
        let tokens = (0..<152).map(Int32.init)
        let requests = RollingPerplexity.requests(tokens, prefix: 999, contextLength: 64)
        #expect(requests.map(\.context.count) == [1, 1, 41])
        #expect(requests.map(\.continuation.count) == [64, 64, 24])
        #expect(requests[0].context == [999])
        #expect(requests.flatMap(\.continuation) == tokens)
        for count in 0...30 {
            for context in 1...12 {
                let tokens = (0..<Int32(count)).map { $0 }
                let requests = RollingPerplexity.requests(
                    tokens, prefix: -1, contextLength: context)
                #expect(requests.flatMap(\.continuation) == tokens)
                for request in requests {
                    #expect(request.context.count + request.continuation.count <= context + 1)
                    let before = request.continuation[0] - Int32(request.context.count)
                    #expect(request.context[0] == max(-1, before))
                }
            }
        }
    }

    @Test("a model does not differ from itself, and differs from another")
    func divergence() throws {
        let model = try ArchitectureFixtures.model("llama-odd-linear")
        let forward = ForwardPass(weights: model.weights, mode: .float32)
        let text = ArchitectureFixtures.tokens([90], of: model)[0]
        let windows = try Perplexity.windows(of: text, length: 20, stride: 20, limit: nil)
        let same = try Divergence.measure(
            windows: windows, original: forward, model: forward, observer: SilentObserver())
        #expect(same.divergence == 0 && same.agreement == 1)
        var other = model.blueprint
        other.layers.removeLast()
        let folded = ForwardPass(
            weights: ModelWeights(blueprint: other, source: model.weights.source), mode: .float32)
        let found = try Divergence.measure(
            windows: windows, original: forward, model: folded, observer: SilentObserver())
        var sum = 0.0
        for window in windows {
            let batch = PackedSequences([window.tokens])
            func shares(_ forward: ForwardPass) throws -> [[Double]] {
                let logits = try OutputHead(forward).logits(
                    try forward.run(batch, observer: SilentObserver()))
                return (0..<logits.rows - 1).map { row in
                    let powers = logits.row(row).map { exp(Double($0)) }
                    let total = powers.reduce(0, +)
                    return powers.map { $0 / total }
                }
            }
            for (p, q) in zip(try shares(forward), try shares(folded)) {
                sum += zip(p, q).reduce(0) { $0 + $1.0 * log($1.0 / $1.1) }
            }
        }
        // A model whose logits are no numbers is not the same as one that works.
        var broken = model.blueprint
        broken.finalNorm.epsilon = .nan
        let lost = try Divergence.measure(
            windows: windows, original: forward,
            model: ForwardPass(
                weights: ModelWeights(blueprint: broken, source: model.weights.source),
                mode: .float32), observer: SilentObserver())
        #expect(lost.divergence.isNaN)
        #expect(found.divergence > 1e-4)
        #expect(abs(found.divergence - sum / Double(found.tokens)) < 1e-6)
        #expect(found.agreement < 1)
    }

    @Test("divergence in waves of any cut, with states that are kept, is that of the whole")
    func divergenceWaves() throws {
        let model = try ArchitectureFixtures.model("llama-odd-linear")
        let forward = ForwardPass(weights: model.weights, mode: .float32)
        var other = model.blueprint
        other.layers.removeFirst()
        let folded = ForwardPass(
            weights: ModelWeights(blueprint: other, source: model.weights.source), mode: .float32)
        let text = ArchitectureFixtures.tokens([70], of: model)[0]
        let windows = try Perplexity.windows(of: text, length: 16, stride: 9, limit: nil)
        #expect(windows.contains { $0.firstPredicted > 1 })
        let whole = try Divergence.measure(
            windows: windows, original: forward, model: folded, observer: SilentObserver())
        for size in [1, 2, 3] {
            var sums: [Divergence.WindowSum] = []
            for start in stride(from: 0, to: windows.count, by: size) {
                let wave = Array(windows[start..<min(windows.count, start + size)])
                let states = try [forward, folded].map {
                    try Divergence.states(wave, of: $0, observer: SilentObserver())
                }
                sums += try Divergence.compare(
                    wave, original: (forward, states[0]), model: (folded, states[1]),
                    observer: SilentObserver())
            }
            let found = Divergence.result(sums)
            #expect(found.tokens == whole.tokens && found.tokens == 69)
            #expect(found.agreement == whole.agreement)
            // A window alone and in company differs by roundings: see InvarianceTests.
            #expect(abs(found.divergence - whole.divergence) < 1e-6)
            let errors = (
                found: try #require(found.divergenceError),
                whole: try #require(whole.divergenceError)
            )
            #expect(abs(errors.found - errors.whole) < 1e-6)
        }
    }

    @Test("divergence waves hold every window once, in order, at least one each")
    func divergenceCuts() throws {
        let windows = try Perplexity.windows(
            of: (0..<4000).map(Int32.init), length: 1000, stride: 1000, limit: nil)
        #expect(Divergence.waves(windows, width: 64).count == 1)
        let long = Array(repeating: windows[0], count: 40)
        #expect(Divergence.waves(long, width: 64).map(\.count) == [16, 16, 8])
        #expect(Divergence.waves(windows, width: 1 << 15).map(\.count) == [2, 2])
        #expect(Divergence.waves(windows, width: 1 << 24).map(\.count) == [1, 1, 1, 1])
        #expect(Array(Divergence.waves(windows, width: 1 << 15).joined()) == windows)
        #expect(Divergence.waves([], width: 64).isEmpty)
    }
}
