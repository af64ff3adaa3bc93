// The neighbour estimators, against an independent implementation and closed forms.

import EngineTestSupport
import Foundation
import TensorMath
import Testing

@testable import Analysis

@Suite struct KraskovTests {
    private static func information(_ x: [[Double]], _ y: [[Double]], _ k: Int) -> Double {
        KraskovEstimator.mutualInformation(
            MarginalCounter(columns: x), MarginalCounter(columns: y), neighbours: k,
            digamma: DigammaTable(upTo: x[0].count))
    }

    private static func entropy(_ x: [[Double]], _ k: Int) -> Double {
        KraskovEstimator.entropy(
            MarginalCounter(columns: x), neighbours: k, digamma: DigammaTable(upTo: x[0].count))
    }

    @Test("estimates are those of an independent implementation", arguments: [1, 2, 3])
    func oracle(dimensions: Int) throws {
        let golden = try Golden(fixture: "paper")
        let x = try golden.matrix("points.\(dimensions).x")
        let y = try golden.matrix("points.\(dimensions).y")
        let columns = (
            x: (0..<dimensions).map { x.column($0) }, y: (0..<dimensions).map { y.column($0) }
        )
        let results = [
            Self.information(columns.x, columns.y, 3), Self.information(columns.x, columns.y, 5),
            Self.entropy(columns.x, 3), Self.entropy(columns.x, 5),
        ]
        // Equal counts and equal radii; the sums are added in another order.
        let expected = try golden.values("points.\(dimensions).expected")
        #expect(deviation(results, expected) < 1e-12)
    }

    @Test func `in one dimension the estimate is scikit-learn's`() throws {
        let golden = try Golden(fixture: "paper")
        let x = try golden.values("points.1.x")
        let y = try golden.values("points.1.y")
        let results = [1, 3, 5, 10].map { max(0, Self.information([x], [y], $0)) }
        #expect(deviation(results, try golden.values("sklearn.1d")) < 1e-12)
    }

    @Test func `noise and scaling are scikit-learn's`() throws {
        let golden = try Golden(fixture: "paper")
        let x = try golden.matrix("points.2.x")
        let y = try golden.matrix("points.2.y")
        var generator = MersenneTwister(seed: 7)
        var results: [Double] = []
        for target in 0..<2 {
            var columns = (0..<2).map { UnitVariance.scaled(x.column($0)) }
            let scales = columns.map { TieNoise.scale(of: $0) }
            for sample in 0..<x.rows {
                for axis in 0..<2 { columns[axis][sample] += scales[axis] * generator.normal() }
            }
            let noisy = TieNoise.added(
                to: UnitVariance.scaled(y.column(target)), from: &generator)
            results += columns.map { max(0, Self.information([$0], [noisy], 5)) }
        }
        #expect(deviation(results, try golden.values("sklearn.noisy")) < 1e-12)
    }

    @Test func `normal variates are NumPy's, past the first refill of the state`() throws {
        let expected = try Golden(fixture: "paper").values("normals.1")
        var generator = MersenneTwister(seed: 1)
        let drawn = expected.map { _ in generator.normal() }
        // The logarithm may differ in its last bit between libraries.
        #expect(deviation(drawn, expected) < 1e-15 * 4)
    }

    /// 4,000 samples: the estimator's standard error is about 0.02; its bias falls with k / n.
    @Test(
        "correlated Gaussians have -log(1 - ρ²) / 2 nats in common", arguments: [0, 0.3, 0.6, 0.9])
    func gaussians(correlation: Double) {
        var numbers = TestNumbers(seed: 31)
        let x = numbers.normals(4000)
        let other = numbers.normals(4000)
        let y = zip(x, other).map {
            correlation * $0 + (1 - correlation * correlation).squareRoot() * $1
        }
        let expected = -0.5 * log(1 - correlation * correlation)
        #expect((Self.information([x], [y], 5) - expected).magnitude < 0.05)
        // Two independent such pairs have twice as much.
        let x2 = numbers.normals(4000)
        let rest = numbers.normals(4000)
        let y2 = zip(x2, rest).map {
            correlation * $0 + (1 - correlation * correlation).squareRoot() * $1
        }
        #expect((Self.information([x, x2], [y, y2], 5) - 2 * expected).magnitude < 0.1)
    }

    @Test(
        "a Gaussian has log(2πe) / 2 nats per dimension, plus log of its width",
        arguments: [1, 2, 3])
    func gaussianEntropy(dimensions: Int) {
        var numbers = TestNumbers(seed: 32)
        let columns = (0..<dimensions).map { _ in numbers.normals(4000).map { 2 * $0 } }
        let expected = Double(dimensions) * (0.5 * log(2 * Double.pi * M_E) + log(2))
        #expect((Self.entropy(columns, 5) - expected).magnitude < 0.05 * Double(dimensions))
    }

    @Test("information does not depend on units, entropy shifts by the log", arguments: [1, 2])
    func scaling(dimensions: Int) {
        var numbers = TestNumbers(seed: 33)
        let x = (0..<dimensions).map { _ in numbers.normals(300) }
        let y = x.map { column in zip(column, numbers.normals(300)).map { $0 + $1 } }
        // Powers of two scale without rounding, so the counts are equal. (One factor for both: KSG
        // is invariant to a common one; NPIB scales each coordinate to unit variance.)
        let scaled = (x.map { $0.map { 8 * $0 } }, y.map { $0.map { 8 * $0 } })
        #expect(
            (Self.information(x, y, 5) - Self.information(scaled.0, scaled.1, 5)).magnitude < 1e-12)
        let shift = Self.entropy(scaled.0, 5) - Self.entropy(x, 5)
        #expect((shift - Double(dimensions) * log(8)).magnitude < 1e-12)
    }

    @Test func `a point set with itself has the ceiling`() {
        var numbers = TestNumbers(seed: 34)
        let x = [numbers.normals(200), numbers.normals(200)]
        let digamma = DigammaTable(upTo: 200)
        #expect((Self.information(x, x, 5) - (digamma[200] - digamma[5])).magnitude < 1e-12)
    }

    @Test func `information is symmetric`() {
        var numbers = TestNumbers(seed: 35)
        let x = [numbers.normals(150), numbers.normals(150)]
        let y = x.map { zip($0, numbers.normals(150)).map { $0 - $1 } }
        #expect((Self.information(x, y, 5) - Self.information(y, x, 5)).magnitude < 1e-12)
    }
}
