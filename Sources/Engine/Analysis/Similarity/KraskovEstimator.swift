// Mutual information and entropy from nearest neighbours: Kraskov, Stögbauer and Grassberger,
// "Estimating mutual information" (2004), estimator 1; Kozachenko and Leonenko (1987).

import Glibc
import TensorMath

/// ψ(1), ..., ψ(n): the digamma function at positive integers.
struct DigammaTable: Sendable {
    private let values: [Double]

    init(upTo count: Int) {
        var values = [Double](repeating: 0, count: count + 1)
        var harmonic = 0.0
        for number in 1..<max(count + 1, 1) {
            values[number] = harmonic - Self.eulerGamma
            harmonic += 1 / Double(number)
        }
        self.values = values
    }

    subscript(_ number: Int) -> Double { values[number] }

    private static let eulerGamma = 0.577_215_664_901_532_86
}

/// Estimators over prepared points. All are in nats.
enum KraskovEstimator {
    /// I(X; Y) of paired points, each of any dimension, from `neighbours` nearest neighbours in
    /// the joint space under the maximum norm:
    ///
    ///     ψ(k) + ψ(n) - mean(ψ(n_x + 1) + ψ(n_y + 1))
    ///
    /// with n_x, n_y the points strictly nearer than the k-th joint neighbour. May be slightly
    /// negative; at most ψ(n) - ψ(k). Costs O(n log n) in few dimensions.
    static func mutualInformation(
        _ x: MarginalCounter, _ y: MarginalCounter, neighbours: Int, digamma: DigammaTable
    ) -> Double {
        precondition(x.count == y.count, "points come in pairs")
        let radii = jointDistances(x, y, neighbour: neighbours)
        var sum = 0.0
        for (inX, inY) in zip(x.counts(within: radii), y.counts(within: radii)) {
            sum += digamma[inX]
            sum += digamma[inY]
        }
        return digamma[neighbours] + digamma[x.count] - sum / Double(x.count)
    }

    /// H(X) = ψ(n) - ψ(k) + d · mean(log(2 r_k)): r_k the distance to the k-th nearest other
    /// point under the maximum norm, whose ball of radius r has the volume (2 r)^d. Minus
    /// infinity where some r_k is zero.
    static func entropy(
        _ points: MarginalCounter, neighbours: Int, digamma: DigammaTable
    ) -> Double {
        let radii = neighbourDistances(points.columns, neighbour: neighbours)
        let meanLog = radii.reduce(0) { $0 + log(2 * $1) } / Double(points.count)
        return digamma[points.count] - digamma[neighbours]
            + Double(points.columns.count) * meanLog
    }

    private static func jointDistances(
        _ x: MarginalCounter, _ y: MarginalCounter, neighbour: Int
    ) -> [Double] {
        let columns = x.columns + y.columns
        guard x.count > AscendingPoints.countMax || neighbour > AscendingPoints.neighboursMax else {
            return walked(columns, order: x.order, neighbour: neighbour)
        }
        guard columns.count == 2 else { return neighbourDistances(columns, neighbour: neighbour) }
        let partner = y.columns[0]
        let line = PairedLine(ascending: x.ascendingFirst, paired: x.order.map { partner[$0] })
        return unsorted(line.distances(toNeighbour: neighbour), x.order)
    }

    /// Along the first coordinate; `order` has it ascend.
    private static func walked(
        _ columns: [[Double]], order: [Int], neighbour: Int
    ) -> [Double] {
        unsorted(
            AscendingPoints(columns: columns, order: order).distances(toNeighbour: neighbour), order
        )
    }

    /// Values by place in `order` as values by point.
    private static func unsorted(_ values: [Double], _ order: [Int]) -> [Double] {
        var result = [Double](repeating: 0, count: values.count)
        for (place, value) in values.enumerated() { result[order[place]] = value }
        return result
    }

    /// The distance of each point to its k-th nearest other point, maximum norm.
    static func neighbourDistances(_ columns: [[Double]], neighbour: Int) -> [Double] {
        NeighbourTree(columns: columns).distances(toNeighbour: neighbour)
    }
}
