// The two searches for merge weights, and what they are made of.

import EngineTestSupport
import Foundation
import Model
import TensorMath
import Testing

@testable import Compression

@Suite struct LearningTests {
    private static func objective(
        _ batch: PackedSequences, _ kind: LearnObjective = .loss
    ) throws -> MergeObjective {
        let model = try LearnFixtures.demo()
        return try MergeObjective(
            model.weights, plan: LearnFixtures.plan([[12, 13]], of: 16), scope: .pair,
            objective: kind, differentiates: true, batch: batch, observer: SilentObserver())
    }

    private static func batch() throws -> PackedSequences {
        PackedSequences(
            ArchitectureFixtures.tokens(
                [Int](repeating: 24, count: 8), of: try LearnFixtures.demo()))
    }

    @Test("descent and search keep the step of least held-back loss, and repeat exactly")
    func searches() throws {
        let batch = try Self.batch()
        let objective = try Self.objective(batch)
        let split = try LearningSplit(batch, heldBack: 0.25)
        var descent = GradientLearning()
        descent.steps = 6
        descent.rate = 0.1
        descent.batch = 3
        var search = BayesianLearning()
        search.steps = 6
        let runs: [() throws -> LearnedWeights] = [
            { try descent.run(objective, split: split, observer: SilentObserver()) },
            { try search.run(objective, split: split, observer: SilentObserver()) },
        ]
        for run in runs {
            let found = try run()
            #expect(found.steps.map(\.step) == Array(0...6))
            let held = found.steps.compactMap { step in step.heldBack.map { (step.step, $0) } }
            let least = held.min { $0.1 < $1.1 }
            #expect(held.count > 1 && least?.0 == found.chosen)
            #expect(found.values.allSatisfy { (0...1).contains($0) })
            #expect(try run() == found)
        }
        let first = try runs[0]()
        descent.seed = 2
        let other = try descent.run(objective, split: split, observer: SilentObserver())
        #expect(other.steps != first.steps)
    }

    @Test("descent comes down to the least loss that a scan of the weight finds")
    func descends() throws {
        let batch = try Self.batch()
        let objective = try Self.objective(batch, .kl)
        let all = Array(batch.ranges.indices)
        let scan = try (0...20).map {
            try objective.loss([Double($0) / 20], on: all, observer: SilentObserver())
        }
        var descent = GradientLearning()
        descent.steps = 60
        descent.rate = 0.05
        descent.batch = 6
        let found = try descent.run(
            objective, split: try LearningSplit(batch, heldBack: 0.25),
            observer: SilentObserver())
        let least = scan.min() ?? .nan
        let loss = try objective.loss(found.values, on: all, observer: SilentObserver())
        let start = try objective.loss(objective.start, on: all, observer: SilentObserver())
        // What is held back chooses, so that the rest need not be at its very least.
        #expect(loss < least + 0.1 * (start - least) + 0.01, "\(loss), \(least), \(start)")
    }

    @Test("a split has both parts, without overlap, and needs two sequences")
    func splits() throws {
        let batch = PackedSequences([[1], [1, 2], [3, 4], [], [5, 6, 7], [8, 9]])
        for share in [0.01, 0.25, 0.5, 0.9] {
            let split = try LearningSplit(batch, heldBack: share)
            #expect(!split.learning.isEmpty && !split.heldBack.isEmpty)
            #expect((split.learning + split.heldBack).sorted() == [1, 2, 4, 5])
        }
        #expect(try LearningSplit(batch, heldBack: 0.5).heldBack.count == 2)
        #expect(throws: LearnError.tooFewSequences(found: 1)) {
            try LearningSplit(PackedSequences([[1, 2], [3]]), heldBack: 0.5)
        }
    }

    // MARK: Adam

    private struct Descent: Decodable {
        let decays: [Double]
        let epsilon: Double
        let rate: Double
        let start: [Double]
        let slopes: [[Double]]
        let steps: [[Double]]
    }

    @Test("Adam's steps are PyTorch's")
    func adam() throws {
        let goldens = try LearnFixtures.read("adam", as: [Descent].self)
        #expect(goldens.count == 2)
        for golden in goldens {
            let settings = AdamSettings(
                decays: (golden.decays[0], golden.decays[1]), epsilon: golden.epsilon)
            let count = golden.start.count
            var values = golden.start
            var adam = DoubleAdam(count: count, settings)
            let floats = MatrixView(rows: 1, columns: count, values: values.map { Float($0) })
            let floatAdam = Adam(rows: 1, columns: count, settings)
            for (step, slopes) in golden.slopes.enumerated() {
                adam.step(&values, gradient: slopes, rate: golden.rate, number: step + 1)
                floatAdam.step(
                    floats,
                    gradient: MatrixView(rows: 1, columns: count, values: slopes.map { Float($0) }),
                    rate: Float(golden.rate), number: step + 1)
                for index in values.indices {
                    // Rounding in another order, and of floats.
                    #expect(abs(values[index] - golden.steps[step][index]) < 1e-14)
                    #expect(abs(Double(floats[0, index]) - golden.steps[step][index]) < 1e-5)
                }
            }
        }
    }

    // MARK: Gaussian process

    struct Golden: Decodable {
        let points: [[Double]]
        let values: [Double]
        let scale: Double
        let signal: Double
        let noise: Double
        let asked: [[Double]]
        let mean: [Double]
        let variance: [Double]
        let likelihood: Double
    }

    @Test("posterior and likelihood are scikit-learn's")
    func posterior() throws {
        let goldens = try LearnFixtures.read("gaussian", as: [Golden].self)
        #expect(goldens.count == 4)
        for golden in goldens {
            let process = try GaussianProcess(
                points: golden.points, values: golden.values, lengthScale: golden.scale,
                signal: golden.signal, noise: golden.noise)
            #expect(
                abs(process.logMarginalLikelihood - golden.likelihood)
                    < 1e-8 * max(1, abs(golden.likelihood)))
            for (index, point) in golden.asked.enumerated() {
                let (mean, variance) = process.predict(point)
                #expect(abs(mean - golden.mean[index]) < 1e-7)
                #expect(abs(variance - golden.variance[index]) < 1e-7)
            }
        }
    }

    @Test("expected improvement is the integral of what lies below the best")
    func improvement() throws {
        let process = try GaussianProcess(
            points: [[0.1], [0.6]], values: [0.3, -0.8], lengthScale: 0.3, signal: 1, noise: 1e-6)
        for place in [0.0, 0.3, 0.55, 0.9] {
            let (mean, variance) = process.predict([place])
            let deviation = variance.squareRoot()
            var integral = 0.0
            let width = 1e-3
            for index in -8000..<8000 {
                let score = (Double(index) + 0.5) * width
                let density = exp(-score * score / 2) / (2 * Double.pi).squareRoot()
                integral += max(0, -0.5 - (mean + deviation * score)) * density * width
            }
            #expect(abs(process.expectedImprovement([place], below: -0.5) - integral) < 1e-6)
        }
    }

    @Test("the search finds the least of a bowl with a dent in 25 points")
    func bowl() throws {
        func value(_ point: [Double]) -> Double {
            (point[0] - 0.7) * (point[0] - 0.7) + 2 * (point[1] - 0.2) * (point[1] - 0.2)
                + 0.05 * sin(9 * point[0])
        }
        var least = Double.infinity
        for first in 0...400 {
            for second in 0...40 {
                least = min(least, value([Double(first) / 400, Double(second) / 40]))
            }
        }
        for seed in UInt64(1)...5 {
            var search = BayesianLearning()
            search.steps = 25
            search.seed = seed
            var best = Double.infinity
            var points: [[Double]] = []
            try search.run(from: [0.5, 0.5]) { step, point in
                #expect(step == points.count && point.allSatisfy { (0...1).contains($0) })
                points.append(point)
                best = min(best, value(point))
                return value(point)
            }
            #expect(points[0] == [0.5, 0.5])
            #expect(best < least + 0.01, "seed \(seed): \(best), \(least)")
        }
    }

    @Test("a loss that is no number stops the search and names the step")
    func notFinite() {
        #expect(throws: LearnError.notFinite(step: 2)) {
            try BayesianLearning().run(from: [0.5]) { step, _ in step == 2 ? .nan : 1 }
        }
    }
}
