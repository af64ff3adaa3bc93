// Gaussian process regression with a Matern 5/2 kernel (Rasmussen and Williams 2006, Algorithm 2.1
// and Eq. 4.17), and expected improvement (Jones, Schonlau and Welch 1998, Eq. 15) for a minimum.

import Foundation
import TensorMath

/// A posterior over functions of n points in a box [0, 1]^d; the prior's mean is zero.
struct GaussianProcess: Sendable {
    /// [n][d].
    let points: [[Double]]
    let lengthScale: Double
    /// Prior variance, and variance of the observations' noise.
    let signal: Double
    let noise: Double
    /// log p(values | points), in nats.
    let logMarginalLikelihood: Double
    /// Lower Cholesky factor of K + noise I, [n, n], and (K + noise I)^-1 values, [n].
    private let factor: DoubleMatrix
    private let solution: [Double]

    /// - Throws: `LinearAlgebraError` where equal points and no noise leave the kernel singular.
    init(
        points: [[Double]], values: [Double], lengthScale: Double, signal: Double, noise: Double
    ) throws(LinearAlgebraError) {
        precondition(points.count == values.count && !points.isEmpty, "a value for each point")
        self.points = points
        self.lengthScale = lengthScale
        self.signal = signal
        self.noise = noise
        var kernel = DoubleMatrix(rows: points.count, columns: points.count)
        for row in points.indices {
            for column in points.indices {
                kernel[row, column] =
                    signal * Self.matern(points[row], points[column], lengthScale)
            }
            kernel[row, row] += noise
        }
        factor = try kernel.cholesky()
        let half = Self.solveLower(factor, values)
        solution = Self.solveUpper(factor, half)
        var likelihood = -0.5 * Double(values.count) * log(2 * Double.pi)
        for index in values.indices {
            likelihood -= 0.5 * half[index] * half[index] + log(factor[index, index])
        }
        logMarginalLikelihood = likelihood
    }

    /// Mean and variance of the function (without the noise of an observation) at a point.
    func predict(_ point: [Double]) -> (mean: Double, variance: Double) {
        let covariances = points.map { signal * Self.matern($0, point, lengthScale) }
        let mean = zip(covariances, solution).reduce(0) { $0 + $1.0 * $1.1 }
        let reduced = Self.solveLower(factor, covariances)
        return (mean, max(0, signal - reduced.reduce(0) { $0 + $1 * $1 }))
    }

    /// How much less than `best` the function is expected to be at a point.
    func expectedImprovement(_ point: [Double], below best: Double) -> Double {
        let (mean, variance) = predict(point)
        let deviation = variance.squareRoot()
        guard deviation > 0 else { return max(0, best - mean) }
        let score = (best - mean) / deviation
        let density = exp(-score * score / 2) / (2 * Double.pi).squareRoot()
        let share = 0.5 * erfc(-score / 2.0.squareRoot())
        return (best - mean) * share + deviation * density
    }

    /// (1 + a + a^2 / 3) exp(-a), a = sqrt(5) distance / scale.
    private static func matern(_ first: [Double], _ second: [Double], _ scale: Double) -> Double {
        let square = zip(first, second).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        let argument = (5 * square).squareRoot() / scale
        return (1 + argument + argument * argument / 3) * exp(-argument)
    }

    private static func solveLower(_ factor: DoubleMatrix, _ right: [Double]) -> [Double] {
        var result = right
        for row in right.indices {
            for column in 0..<row { result[row] -= factor[row, column] * result[column] }
            result[row] /= factor[row, row]
        }
        return result
    }

    private static func solveUpper(_ factor: DoubleMatrix, _ right: [Double]) -> [Double] {
        var result = right
        for row in right.indices.reversed() {
            for column in right.indices where column > row {
                result[row] -= factor[column, row] * result[column]
            }
            result[row] /= factor[row, row]
        }
        return result
    }
}

extension GaussianProcess {
    private static let scales = [0.1, 0.15, 0.2, 0.3, 0.45, 0.7, 1, 1.5, 2.5]
    private static let noises = [1e-6, 1e-4, 1e-2]

    /// The process of greatest likelihood among some scales and noises, for values of mean 0 and
    /// variance 1.
    static func fitted(
        points: [[Double]], values: [Double]
    ) throws(LinearAlgebraError) -> GaussianProcess {
        var best: GaussianProcess?
        for scale in scales {
            for noise in noises {
                let process = try GaussianProcess(
                    points: points, values: values, lengthScale: scale, signal: 1, noise: noise)
                if process.logMarginalLikelihood > best?.logMarginalLikelihood ?? -.infinity {
                    best = process
                }
            }
        }
        guard let best else { throw .notFinite(routine: "Gaussian process") }
        return best
    }
}
