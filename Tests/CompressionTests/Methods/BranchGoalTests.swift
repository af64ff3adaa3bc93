// Least squares of a branch that a norm stands behind, and the gains of that norm.

import Checkpoint
import EngineTestSupport
import Model
import TensorMath
import TestSupport
import Testing

@testable import Compression

@Suite struct BranchGoalTests {
    private static func random(
        _ rows: Int, _ columns: Int, _ generator: inout SeededGenerator, size: Float = 1
    ) -> MatrixView {
        MatrixView(
            rows: rows, columns: columns,
            values: (0..<rows * columns).map { _ in Float(2 * generator.uniform() - 1) * size })
    }

    /// rms-normalised rows times gains.
    private static func normal(_ x: MatrixView, _ gains: MatrixView) -> MatrixView {
        let result = x.copy()
        RowKernels.rmsNorm(x, gain: gains, gainOffset: 0, epsilon: 1e-6, into: result)
        return result
    }

    private static func error(_ found: MatrixView, _ wanted: MatrixView) -> Double {
        let rest = found.copy()
        rest.subtract(wanted)
        return rest.sumOfSquares / wanted.sumOfSquares
    }

    @Test("weights before a norm are fitted to what the norm shall give")
    func bends() throws {
        let model = try ArchitectureFixtures.model("olmo2-bias")
        let layer = model.blueprint.layers[0]
        let norm = try #require(layer.postFeedForwardNorm)
        let context = BlockContext(
            product: try MatrixProduct(mode: .float32), weights: model.weights)
        let gains = try context.weights.gains(norm)
        let goal = try BranchGoal(layer, behind: norm, context)
        var generator = SeededGenerator(seed: 1)
        let (tokens, features) = (600, 12)
        let z = Self.random(tokens, features, &generator)
        // Tokens of very different lengths, which the norm takes away.
        RowKernels.scale(z, rowsBy: (0..<tokens).map { Float(1 + $0 % 7 * $0 % 5) })
        let truth = Self.random(norm.width, features, &generator)
        let start = truth.copy()
        RowKernels.add(start, Self.random(norm.width, features, &generator, size: 0.4))
        func branch(_ weights: MatrixView) -> MatrixView {
            let result = MatrixView(rows: tokens, columns: norm.width)
            result.assignProduct(z, weights, transposingRight: true)
            return result
        }
        let wanted = Self.normal(branch(truth), gains)
        let before = Self.error(Self.normal(branch(start), gains), wanted)
        let (targets, weighted) = (wanted.copy(), z.copy())
        goal.bend(targets, weighted, own: branch(start), bias: nil)
        var sums = GramAccumulator(features: features, targets: norm.width)
        try sums.add(features: weighted, targets: targets, by: context.product)
        let (gram, cross) = sums.take()
        let fitted = MatrixView(
            try LeastSquares.ridge(
                gram: gram, cross: cross, start: start.transposedDoubles, lambda: 0.001
            ).transposed)
        let after = Self.error(Self.normal(branch(fitted), gains), wanted)
        #expect(after < 0.3 * before, "\(after) after \(before)")
    }

    @Test("without a norm the goal is what the stream lacks, over the scale, less the bias")
    func plain() throws {
        let model = try ArchitectureFixtures.model("granite-scaled")
        let layer = model.blueprint.layers[0]
        let context = BlockContext(
            product: try MatrixProduct(mode: .float32), weights: model.weights)
        let goal = try BranchGoal(layer, behind: nil, context)
        #expect(!goal.hasNorm && goal.scale == layer.residualScale)
        let wanted = MatrixView(rows: 2, columns: 2, values: [1, 2, 3, 4])
        let features = MatrixView(rows: 2, columns: 1, values: [5, 6])
        goal.bend(
            wanted, features, own: nil, bias: MatrixView(rows: 1, columns: 2, values: [1, -1]))
        let r = layer.residualScale
        let expected = [1 / r - 1, 2 / r + 1, 3 / r - 1, 4 / r + 1]
        #expect(relativeError(wanted.values(), expected) < 1e-6)
        #expect(features.values() == [5, 6])
    }

    @Test("gains are the best of each feature, and stay where nothing tells of them")
    func gains() {
        var generator = SeededGenerator(seed: 2)
        let n = Self.random(4000, 6, &generator)
        n.columns(5..<6).fill(0)
        let truth = MatrixView(rows: 1, columns: 6, values: [0.5, -1, 2, 0, 1.5, 9])
        let wanted = n.copy()
        RowKernels.multiply(wanted, gain: truth, gainOffset: 0)
        var fitting = GainFitting(width: 6)
        fitting.add(n, wanted: wanted)
        let start = MatrixView(rows: 1, columns: 6)
        start.fill(1)
        let found = fitting.gains(from: start)
        for column in 0..<5 { #expect(abs(found[0, column] - truth[0, column]) < 0.03) }
        #expect(found[0, 5] == 1)
    }
}
