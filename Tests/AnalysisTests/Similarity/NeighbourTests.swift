// The neighbour searches and counts, against comparing all pairs.

import TensorMath
import Testing

@testable import Analysis

/// The searches against comparing all pairs: the same floating-point differences, so equal to the
/// last bit.
@Suite struct NeighbourTests {
    private static func columns(
        _ count: Int, _ dimensions: Int, seed: UInt32, kind: String
    ) -> [[Double]] {
        var numbers = TestNumbers(seed: seed)
        return (0..<dimensions).map { _ in
            numbers.normals(count).map { value in
                switch kind {
                case "lattice": (value * 2).rounded()
                case "heavy": value * value * value * value * value
                default: value
                }
            }
        }
    }

    private static func maxNorm(_ columns: [[Double]], _ first: Int, _ second: Int) -> Double {
        columns.reduce(0) { max($0, ($1[first] - $1[second]).magnitude) }
    }

    private static func bruteDistances(_ columns: [[Double]], _ k: Int) -> [Double] {
        let count = columns[0].count
        return (0..<count).map { point in
            (0..<count).filter { $0 != point }.map { maxNorm(columns, point, $0) }.sorted()[k - 1]
        }
    }

    @Test(
        "tree distances are those of comparing all pairs",
        arguments: ["normal", "lattice", "heavy"], [1, 2, 3, 4, 5, 9])
    func tree(kind: String, dimensions: Int) {
        for count in [2, 3, 8, 9, 16, 17, 64, 65, 66, 130, 515] {
            let columns = Self.columns(count, dimensions, seed: UInt32(count), kind: kind)
            let tree = NeighbourTree(columns: columns)
            for k in [1, 2, 5, 20] where k < count {
                #expect(tree.distances(toNeighbour: k) == Self.bruteDistances(columns, k))
            }
        }
    }

    @Test(
        "the walk along a line gives the same distances",
        arguments: ["normal", "lattice", "heavy"])
    func line(kind: String) {
        for count in [2, 3, 7, 8, 9, 16, 17, 64, 65, 130, 515] {
            let columns = Self.columns(count, 2, seed: UInt32(count), kind: kind)
            let ascending = columns[0].sorted()
            let line = PairedLine(ascending: ascending, paired: columns[1])
            for k in [1, 2, 5, 20] where k < count {
                #expect(
                    line.distances(toNeighbour: k)
                        == Self.bruteDistances([ascending, columns[1]], k))
            }
        }
    }

    @Test(
        "the walk of the kernels gives the same distances and counts",
        arguments: ["normal", "lattice", "heavy"], [1, 2, 3, 4, 6])
    func ascending(kind: String, dimensions: Int) {
        for count in [1, 2, 3, 7, 8, 9, 16, 17, 64, 65, 130, 515] {
            let columns = Self.columns(count, dimensions, seed: UInt32(count), kind: kind)
            let order = columns[0].indices.sorted { columns[0][$0] < columns[0][$1] }
            let points = AscendingPoints(columns: columns, order: order)
            let sorted = columns.map { column in order.map { column[$0] } }
            for k in [1, 2, 5, 8] where k < count {
                let found = points.distances(toNeighbour: k)
                #expect(found == Self.bruteDistances(sorted, k))
                for radii in [found, found.map { $0 / 2 }, found.map { _ in 0 }] {
                    let counts = (0..<count).map { point in
                        (0..<count).count { other in
                            let distance = Self.maxNorm(sorted, point, other)
                            return distance < radii[point] || distance == 0
                        }
                    }
                    #expect(points.counts(within: radii).map(Int.init) == counts)
                }
            }
        }
    }

    @Test("Euclidean distances are those of comparing all pairs", arguments: [1, 2, 3, 5])
    func euclidean(dimensions: Int) {
        for count in [2, 3, 9, 57, 130] {
            let columns = Self.columns(count, dimensions, seed: UInt32(count), kind: "normal")
            var points = DoubleMatrix(rows: count, columns: dimensions)
            for (axis, column) in columns.enumerated() {
                for (row, value) in column.enumerated() { points[row, axis] = value }
            }
            for k in [1, 2, 5, 50] where k < count {
                let expected = (0..<count).map { point in
                    (0..<count).filter { $0 != point }.map { other in
                        columns.reduce(0) { sum, column in
                            let difference = column[other] - column[point]
                            return sum + difference * difference
                        }.squareRoot()
                    }.sorted()[k - 1]
                }
                #expect(EuclideanNeighbours.distances(points, toNeighbour: k) == expected)
            }
        }
    }

    @Test(
        "counts are those of comparing all pairs, also at radii that are distances",
        arguments: ["normal", "lattice", "heavy"], [1, 2, 3, 4])
    func counts(kind: String, dimensions: Int) {
        for count in [1, 2, 3, 8, 9, 33, 130] {
            let columns = Self.columns(count, dimensions, seed: UInt32(count), kind: kind)
            let counter = MarginalCounter(columns: columns)
            for point in 0..<count {
                var radii = [0, 1e-300, 0.3, 1.7, 1e9]
                radii += (0..<min(count, 12)).map { Self.maxNorm(columns, point, $0) }
                radii += radii.map(\.nextUp) + radii.filter { $0 > 0 }.map(\.nextDown)
                for radius in radii {
                    let expected = (0..<count).count { other in
                        let distance = Self.maxNorm(columns, point, other)
                        return distance < radius || distance == 0
                    }
                    #expect(counter.count(within: radius, of: point) == expected)
                }
            }
        }
    }

    @Test func `a wrong guess of the order does no harm`() {
        let columns = Self.columns(40, 1, seed: 1, kind: "normal")
        let plain = MarginalCounter(columns: columns)
        let misled = MarginalCounter(columns: columns, guess: Array((0..<40).reversed()))
        for point in 0..<40 {
            #expect(
                plain.count(within: 0.5, of: point) == misled.count(within: 0.5, of: point))
        }
    }
}
