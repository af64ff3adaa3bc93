// k-nearest-neighbour distances in the Euclidean norm, as the official reading's entropy uses them.

import TensorMath

/// Distances in the units of the points.
enum EuclideanNeighbours {
    /// The distance of each row of `points` `[n, d]` to its `k`-th nearest other row.
    ///
    /// Walks along the first coordinate from each point to both sides, as far as a neighbour can
    /// be: about √(k n) points for points spread evenly in the plane.
    static func distances(_ points: DoubleMatrix, toNeighbour k: Int) -> [Double] {
        precondition(k >= 1 && k < points.rows, "neighbour \(k) of \(points.rows) points")
        let order = (0..<points.rows).sorted { (points[$0, 0], $0) < (points[$1, 0], $1) }
        let sorted = order.flatMap { points.row($0) }
        let walk = Walk(points: sorted, count: points.rows, dimensions: points.columns)
        var result = [Double](repeating: 0, count: points.rows)
        var nearest = [Double](repeating: .infinity, count: k)
        for rank in order.indices {
            for slot in 0..<k { nearest[slot] = .infinity }
            var search = nearest.mutableSpan
            walk.find(rank, &search)
            result[order[rank]] = nearest[k - 1].squareRoot()
        }
        return result
    }
}

/// Points in order of their first coordinate, `[count, dimensions]`.
private struct Walk {
    let points: [Double]
    let count: Int
    let dimensions: Int

    /// Fills `nearest` with the smallest squared distances, ascending.
    func find(_ rank: Int, _ nearest: inout MutableSpan<Double>) {
        var (left, right) = (rank - 1, rank + 1)
        while true {
            let goLeft = left >= 0 && take(rank, left, &nearest)
            if goLeft { left -= 1 }
            let goRight = right < count && take(rank, right, &nearest)
            if goRight { right += 1 }
            guard goLeft || goRight else { return }
        }
    }

    /// False when `other`, and so everything beyond it, is too far away along the first axis.
    @inline(__always)
    private func take(
        _ rank: Int, _ other: Int, _ nearest: inout MutableSpan<Double>
    ) -> Bool {
        let span = points.span
        let last = nearest.count - 1
        let along = span[other * dimensions] - span[rank * dimensions]
        var square = along * along
        guard square < nearest[last] else { return false }
        for axis in 1..<max(dimensions, 1) {
            let difference = span[other * dimensions + axis] - span[rank * dimensions + axis]
            square += difference * difference
        }
        guard square < nearest[last] else { return true }
        var slot = last
        while slot > 0, nearest[slot - 1] > square {
            nearest[slot] = nearest[slot - 1]
            slot -= 1
        }
        nearest[slot] = square
        return true
    }
}
