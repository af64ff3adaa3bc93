// k-nearest-neighbour distances of points in the plane, x known in ascending order: the joint space
// of two coordinates, as the official reading of NPIB asks for by the thousand.

/// Points (x, y) in order of x, in blocks of eight.
///
/// A search walks from a point's own block to both sides until the blocks are farther away in x
/// than the k-th neighbour found: about √(k n) points when x and y are independent, fewer when they
/// are not; no tree has to be built. Distances are exactly `max(|Δx|, |Δy|)`.
struct PairedLine {
    private let x: [SIMD8<Double>]
    private let y: [SIMD8<Double>]
    private let count: Int

    /// `x` ascending, `y` the partner of each.
    init(ascending x: [Double], paired y: [Double]) {
        precondition(x.count == y.count, "points come in pairs")
        count = x.count
        self.x = Self.blocks(x)
        self.y = Self.blocks(y)
    }

    /// The distance of each point, in order of x, to its `k`-th nearest other point.
    func distances(toNeighbour k: Int) -> [Double] {
        precondition(k >= 1 && k < count, "neighbour \(k) of \(count) points")
        var result = [Double](repeating: 0, count: count)
        var nearest = [Double](repeating: .infinity, count: k)
        for rank in 0..<count {
            for slot in 0..<k { nearest[slot] = .infinity }
            var search = nearest.mutableSpan
            find(rank, &search)
            result[rank] = nearest[k - 1]
        }
        return result
    }

    private func find(_ rank: Int, _ nearest: inout MutableSpan<Double>) {
        let xs = x.span
        let ys = y.span
        let last = nearest.count - 1
        let own = rank / 8
        let px = xs[own][rank % 8]
        let py = ys[own][rank % 8]
        var distances = Self.distances(xs[own], ys[own], px, py)
        distances.retire(rank % 8)
        distances.insert(into: &nearest)
        var (left, right) = (own - 1, own + 1)
        while true {
            let goLeft = left >= 0 && px - xs[left][7] < nearest[last]
            if goLeft {
                Self.distances(xs[left], ys[left], px, py).insert(into: &nearest)
                left -= 1
            }
            let goRight = right < xs.count && xs[right][0] - px < nearest[last]
            if goRight {
                Self.distances(xs[right], ys[right], px, py).insert(into: &nearest)
                right += 1
            }
            guard goLeft || goRight else { return }
        }
    }

    @inline(__always)
    private static func distances(
        _ xs: SIMD8<Double>, _ ys: SIMD8<Double>, _ px: Double, _ py: Double
    ) -> SIMD8<Double> {
        let dx = xs - px
        let dy = ys - py
        return dx.larger(-dx).larger(dy).larger(-dy)
    }

    /// The last block is filled up with infinity.
    private static func blocks(_ values: [Double]) -> [SIMD8<Double>] {
        stride(from: 0, to: values.count, by: 8).map { start in
            var block = SIMD8<Double>(repeating: .infinity)
            for lane in 0..<min(8, values.count - start) { block[lane] = values[start + lane] }
            return block
        }
    }
}
