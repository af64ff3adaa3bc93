// Perplexity: which tokens are predicted, and that losses are what they are called.

import EngineTestSupport
import Foundation
import Model
import TensorMath
import Testing

@testable import Evaluation

/// The kernels' exp enters the logarithm of a sum: absolute, in nats.
private let lossTolerance = 2e-6

@Suite struct PerplexityTests {
    /// Places of a text of 0, 1, 2, ... that are predicted, in order.
    static func predicted(_ windows: [Perplexity.Window]) -> [Int] {
        windows.flatMap { $0.tokens[$0.firstPredicted...].map(Int.init) }
    }

    @Test("overlapping windows predict every token but the first once, disjoint ones their own")
    func windows() throws {
        for count in 0...22 {
            let text = (0..<count).map(Int32.init)
            for length in 2...8 {
                for step in 1...length {
                    for limit in [nil, 2, 3, 10, 22, 1000] {
                        let windows = try Perplexity.windows(
                            of: text, length: length, stride: step, limit: limit)
                        let end = min(count, limit ?? count)
                        let wanted =
                            step < length
                            ? Array(1..<max(1, end)) : (0..<end).filter { $0 % length != 0 }
                        #expect(
                            Self.predicted(windows) == wanted,
                            "\(count) tokens, window \(length), stride \(step), limit \(limit ?? -1)"
                        )
                        for window in windows {
                            #expect((2...length).contains(window.tokens.count))
                            #expect(window.firstPredicted >= 1)
                            // A window is a piece of the text.
                            let start = window.tokens[0]
                            #expect(
                                window.tokens == Array(start..<start + Int32(window.tokens.count)))
                            #expect(Int(start) % step == 0)
                        }
                    }
                }
            }
        }
    }

    @Test("windows, strides and limits out of range are refused")
    func refusals() {
        func windows(_ length: Int, _ step: Int, _ limit: Int?) throws {
            _ = try Perplexity.windows(of: [1, 2, 3], length: length, stride: step, limit: limit)
        }
        for (length, step) in [(1, 1), (0, 0), (4, 0), (4, 5), (4, -1), (-4, 1)] {
            #expect(throws: EvaluationError.windowTooSmall(window: length, stride: step)) {
                try windows(length, step, nil)
            }
        }
        for limit in [1, 0, -1, Int.min] {
            #expect(throws: EvaluationError.limitTooSmall(limit: limit)) {
                try windows(4, 4, limit)
            }
        }
    }

    @Test("losses are -log softmax of the logits, in double", arguments: ArchitectureFixtures.names)
    func losses(name: String) throws {
        let model = try ArchitectureFixtures.model(name)
        let forward = ForwardPass(weights: model.weights, mode: .float32)
        let text = ArchitectureFixtures.tokens([103], of: model, seed: 3)[0]
        let windows = try Perplexity.windows(of: text, length: 20, stride: 13, limit: 100)
        let measured = try Perplexity.measure(
            windows: windows, forward: forward, observer: SilentObserver())
        let head = try OutputHead(forward)
        var sums: [(sum: Double, count: Double)] = []
        for window in windows {
            let batch = PackedSequences([window.tokens])
            let logits = try head.logits(try forward.run(batch, observer: SilentObserver()))
            var sum = 0.0
            for place in window.firstPredicted..<window.tokens.count {
                let row = logits.row(place - 1).map(Double.init)
                let top = row.max() ?? 0
                let normaliser = top + log(row.reduce(0) { $0 + exp($1 - top) })
                sum += normaliser - row[Int(window.tokens[place])]
            }
            sums.append((sum, Double(window.tokens.count - window.firstPredicted)))
        }
        let tokens = sums.reduce(0) { $0 + $1.count }
        let mean = sums.reduce(0) { $0 + $1.sum } / tokens
        #expect(measured.tokens == 99 && Double(measured.tokens) == tokens)
        #expect(measured.windows == windows.count)
        // A window alone and in company may differ by roundings: see InvarianceTests.
        #expect(abs(measured.meanLoss - mean) < lossTolerance + 1e-5)
        #expect(measured.perplexity == exp(measured.meanLoss))
        let count = Double(sums.count)
        let spread = sums.reduce(0) { $0 + pow($1.sum - mean * $1.count, 2) }
        let error = (spread * count / (count - 1)).squareRoot() / tokens
        let found = try #require(measured.standardError)
        #expect(abs(found - error) < 1e-4 * error)
        #expect(measured.perplexityStandardError == measured.perplexity * found)
    }

    @Test("one window has no standard error, and none no tokens")
    func fewWindows() throws {
        let model = try ArchitectureFixtures.model("llama-tied-yarn")
        let forward = ForwardPass(weights: model.weights, mode: .float32)
        let one = try Perplexity.measure(
            windows: try Perplexity.windows(of: [1, 2, 3], length: 8, stride: 8, limit: nil),
            forward: forward, observer: SilentObserver())
        #expect(one.windows == 1 && one.tokens == 2 && one.standardError == nil)
        #expect(one.meanLoss.isFinite && one.meanLoss > 0)
        let none = try Perplexity.measure(
            windows: [], forward: forward, observer: SilentObserver())
        #expect(none.tokens == 0 && none.windows == 0)
    }

    @Test("a token outside the vocabulary is refused, as a target too")
    func tokenOutside() throws {
        let model = try ArchitectureFixtures.model("llama-tied-yarn")
        let forward = ForwardPass(weights: model.weights, mode: .float32)
        #expect(throws: ModelError.self) {
            _ = try Perplexity.measure(
                windows: try Perplexity.windows(of: [1, 2, 33], length: 3, stride: 3, limit: nil),
                forward: forward, observer: SilentObserver())
        }
    }
}
