// The algebra of `fold` against definitions: brute force, exact cases, and invariances.

import EngineTestSupport
import TensorMath
import Testing

@testable import Compression

@Suite struct LeastSquaresTests {
    /// Seeded features [n, F], targets [n, d] and start weights [F, d].
    private struct Problem {
        var features: DoubleMatrix
        var targets: DoubleMatrix
        var start: DoubleMatrix

        init(seed: UInt64, tokens: Int = 60, features count: Int = 6, outputs: Int = 3) {
            var generator = SeededGenerator(seed: seed)
            func matrix(_ rows: Int, _ columns: Int) -> DoubleMatrix {
                DoubleMatrix(
                    rows: rows, columns: columns,
                    values: (0..<rows * columns).map { _ in 2 * generator.uniform() - 1 })
            }
            features = matrix(tokens, count)
            targets = matrix(tokens, outputs)
            start = matrix(count, outputs)
        }

        var gram: DoubleMatrix { .product(features, features, transposingLeft: true) }
        var cross: DoubleMatrix { .product(features, targets, transposingLeft: true) }

        /// |Z W - T|^2 + mu |W - W0|^2 over the features `kept`, minimised with all others at
        /// zero; mu that of the whole problem.
        func bestLoss(keeping kept: [Int], lambda: Double) throws -> Double {
            let mean =
                (0..<gram.rows).reduce(0) { $0 + gram[$1, $1] } / Double(gram.rows)
            let mu = lambda * mean
            let part = DoubleMatrix(
                rows: features.rows, columns: kept.count,
                values: (0..<features.rows).flatMap { row in kept.map { features[row, $0] } })
            var normal = DoubleMatrix.product(part, part, transposingLeft: true)
            for index in kept.indices { normal[index, index] += mu }
            var right = DoubleMatrix.product(part, targets, transposingLeft: true)
            for (index, feature) in kept.enumerated() {
                for column in 0..<start.columns {
                    right[index, column] += mu * start[feature, column]
                }
            }
            let weights = try normal.solve(right)
            let made = DoubleMatrix.product(part, weights)
            var loss = zip(made.values, targets.values).reduce(0.0) {
                $0 + ($1.0 - $1.1) * ($1.0 - $1.1)
            }
            for feature in 0..<start.rows {
                for column in 0..<start.columns {
                    let weight = kept.firstIndex(of: feature).map { weights[$0, column] } ?? 0
                    let difference = weight - start[feature, column]
                    loss += mu * difference * difference
                }
            }
            return loss
        }
    }

    @Test("with many tokens and no ridge the fit is that of ordinary least squares")
    func exact() throws {
        for seed in UInt64(1)...10 {
            let problem = Problem(seed: seed)
            let wanted = try problem.gram.solve(problem.cross)
            let found = try LeastSquares.ridge(
                gram: problem.gram, cross: problem.cross, start: problem.start, lambda: 1e-13)
            #expect(deviation(found.values, wanted.values) < 1e-9)
        }
    }

    @Test("a target that the start weights make already changes nothing, whatever the ridge")
    func fixedPoint() throws {
        for lambda in [1e-8, 0.01, 1.0] {
            var problem = Problem(seed: 3)
            problem.targets = .product(problem.features, problem.start)
            let found = try LeastSquares.ridge(
                gram: problem.gram, cross: problem.cross, start: problem.start, lambda: lambda)
            #expect(deviation(found.values, problem.start.values) < 1e-9)
        }
    }

    @Test("a great ridge leaves the start weights, never zero")
    func shrinks() throws {
        let problem = Problem(seed: 5)
        let found = try LeastSquares.ridge(
            gram: problem.gram, cross: problem.cross, start: problem.start, lambda: 1e9)
        #expect(deviation(found.values, problem.start.values) < 1e-6)
    }

    @Test("keeping all features is the ridge fit itself")
    func keepsAll() throws {
        let problem = Problem(seed: 7)
        let fit = try LeastSquares.ridge(
            gram: problem.gram, cross: problem.cross, start: problem.start, lambda: 0.01)
        let selection = try LeastSquares.select(
            gram: problem.gram, cross: problem.cross, start: problem.start, lambda: 0.01,
            groupSize: 1, keeping: 6, block: 1)
        #expect(selection.groups == Array(0..<6))
        #expect(deviation(selection.weights.values, fit.values) < 1e-12)
    }

    @Test("the first feature to go is the one whose absence costs least, by brute force")
    func bruteForce() throws {
        for seed in UInt64(1)...30 {
            let problem = Problem(seed: seed)
            let selection = try LeastSquares.select(
                gram: problem.gram, cross: problem.cross, start: problem.start, lambda: 0.05,
                groupSize: 1, keeping: 5, block: 1)
            let losses = try (0..<6).map { gone in
                try problem.bestLoss(keeping: (0..<6).filter { $0 != gone }, lambda: 0.05)
            }
            let best = losses.indices.min { losses[$0] < losses[$1] } ?? -1
            #expect(selection.groups == (0..<6).filter { $0 != best }, "seed \(seed)")
        }
    }

    @Test("so is the first group of three", arguments: [UInt64](1...20))
    func bruteForceGroups(seed: UInt64) throws {
        let problem = Problem(seed: seed, features: 12)
        let selection = try LeastSquares.select(
            gram: problem.gram, cross: problem.cross, start: problem.start, lambda: 0.05,
            groupSize: 3, keeping: 3, block: 1)
        let losses = try (0..<4).map { gone in
            try problem.bestLoss(keeping: (0..<12).filter { $0 / 3 != gone }, lambda: 0.05)
        }
        let best = losses.indices.min { losses[$0] < losses[$1] } ?? -1
        #expect(selection.groups == (0..<4).filter { $0 != best })
    }

    @Test("the weights of what is left are refitted to what is left", arguments: [1, 2, 4])
    func refits(block: Int) throws {
        let problem = Problem(seed: 9, tokens: 200, features: 12)
        let selection = try LeastSquares.select(
            gram: problem.gram, cross: problem.cross, start: problem.start, lambda: 1e-12,
            groupSize: 1, keeping: 6, block: block)
        let kept = selection.groups
        let part = DoubleMatrix(
            rows: 200, columns: 6,
            values: (0..<200).flatMap { row in kept.map { problem.features[row, $0] } })
        let wanted = try DoubleMatrix.product(part, part, transposingLeft: true).solve(
            .product(part, problem.targets, transposingLeft: true))
        #expect(deviation(selection.weights.values, wanted.values) < 1e-8)
    }

    @Test("another order of the features selects the same ones, with the same weights")
    func permutation() throws {
        let problem = Problem(seed: 11, features: 8)
        let order = [5, 2, 7, 0, 3, 6, 1, 4]
        var shuffled = problem
        shuffled.features = DoubleMatrix(
            rows: 60, columns: 8,
            values: (0..<60).flatMap { row in order.map { problem.features[row, $0] } })
        shuffled.start = DoubleMatrix(
            rows: 8, columns: 3, values: order.flatMap { problem.start.row($0) })
        func select(_ problem: Problem) throws -> LeastSquares.Selection {
            try LeastSquares.select(
                gram: problem.gram, cross: problem.cross, start: problem.start, lambda: 0.01,
                groupSize: 1, keeping: 4, block: 1)
        }
        let first = try select(problem)
        let second = try select(shuffled)
        #expect(second.groups.map { order[$0] }.sorted() == first.groups)
        for (place, group) in second.groups.enumerated() {
            let other = try #require(first.groups.firstIndex(of: order[group]))
            #expect(
                deviation(Array(second.weights.row(place)), Array(first.weights.row(other)))
                    < 1e-9)
        }
    }

    @Test("a feature that is always zero goes first and costs nothing")
    func deadFeature() throws {
        var problem = Problem(seed: 13)
        for row in 0..<60 { problem.features[row, 2] = 0 }
        let selection = try LeastSquares.select(
            gram: problem.gram, cross: problem.cross,
            start: DoubleMatrix(rows: 6, columns: 3), lambda: 1e-9, groupSize: 1, keeping: 5,
            block: 1)
        #expect(selection.groups == [0, 1, 3, 4, 5])
    }
}
