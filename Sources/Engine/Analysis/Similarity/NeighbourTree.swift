// All k-nearest-neighbour distances of a point set in the maximum norm: a balanced k-d tree with
// bounding boxes, eight children to a node, searched from each point's own leaf upwards.

/// A k-d tree over points of any dimension.
///
/// Distances are exactly `max |a - b|` in double, so a search gives what comparing all pairs gives.
/// Eight points of a leaf, or eight boxes of a node, are compared at once.
struct NeighbourTree: Sendable {
    /// Eight squared distances at once.
    private typealias Lanes = SIMD8<Double>

    private let dimensions: Int
    /// Per leaf, the caller's numbers of its points (at most eight).
    private let members: [Range<Int>]
    private let order: [Int]
    /// `leaves[leaf * dimensions + axis]`: its points' coordinates; infinity where there is none.
    private let leaves: [Lanes]
    private let boxes: BoxLevels

    private static var width: Int { Lanes.scalarCount }

    /// Builds the tree of the points whose coordinate columns are given. O(n log n).
    init(columns: [[Double]]) {
        precondition(!columns.isEmpty, "points have coordinates")
        precondition(columns.allSatisfy { $0.count == columns[0].count }, "columns agree")
        dimensions = columns.count
        let sorting = MedianSplit(columns: columns, leafSizeMax: Self.width)
        order = sorting.order
        members = sorting.runs
        leaves = Self.blocks(of: sorting.runs.count, columns.count) { leaf, axis, lane in
            let run = sorting.runs[leaf]
            return lane < run.count
                ? columns[axis][sorting.order[run.lowerBound + lane]] : .infinity
        }
        boxes = BoxLevels(above: sorting.runs, order: sorting.order, columns: columns)
    }

    /// The distance from each point to its `k`-th nearest other point, in the caller's order.
    ///
    /// Needs `1 <= k < count`.
    func distances(toNeighbour k: Int) -> [Double] {
        precondition(k >= 1 && k < order.count, "neighbour \(k) of \(order.count) points")
        var result = [Double](repeating: 0, count: order.count)
        var nearest = [Double](repeating: .infinity, count: k)
        var point = [Double](repeating: 0, count: dimensions)
        for (leaf, run) in members.enumerated() {
            for lane in 0..<run.count {
                for axis in 0..<dimensions { point[axis] = leaves[leaf * dimensions + axis][lane] }
                for slot in 0..<k { nearest[slot] = .infinity }
                var search = nearest.mutableSpan
                find(point.span, leaf: leaf, lane: lane, &search)
                result[order[run.lowerBound + lane]] = nearest[k - 1]
            }
        }
        return result
    }

    // MARK: Searching

    /// `nearest` holds the distances found so far, ascending.
    private func find(
        _ point: Span<Double>, leaf: Int, lane: Int, _ nearest: inout MutableSpan<Double>
    ) {
        var own = leafDistances(point, leaf)
        own.retire(lane)
        own.insert(into: &nearest)
        var node = leaf
        for level in boxes.starts.indices {
            visit(level, node / Self.width, except: node % Self.width, point, &nearest)
            node /= Self.width
        }
    }

    /// Visits the children of a group, nearest box first, as long as they can hold a neighbour.
    private func visit(
        _ level: Int, _ group: Int, except skipped: Int, _ point: Span<Double>,
        _ nearest: inout MutableSpan<Double>
    ) {
        var distances = boxDistances(point, level, group)
        if skipped >= 0 { distances.retire(skipped) }
        while true {
            let closest = distances.smallest
            guard closest < nearest[nearest.count - 1] else { return }
            let lane = distances.firstLane(of: closest)
            distances.retire(lane)
            let child = group * Self.width + lane
            if level == 0 {
                leafDistances(point, child).insert(into: &nearest)
            } else {
                visit(level - 1, child, except: -1, point, &nearest)
            }
        }
    }

    @inline(__always)
    private func leafDistances(_ point: Span<Double>, _ leaf: Int) -> Lanes {
        let blocks = leaves.span
        var distances = Lanes(repeating: 0)
        for axis in 0..<dimensions {
            let difference = blocks[leaf * dimensions + axis] - point[axis]
            distances = distances.larger(difference).larger(-difference)
        }
        return distances
    }

    /// Lower bounds of the distances to what lies in each child; 0 inside its box.
    @inline(__always)
    private func boxDistances(_ point: Span<Double>, _ level: Int, _ group: Int) -> Lanes {
        let lower = boxes.lower.span
        let upper = boxes.upper.span
        let start = (boxes.starts[level] + group) * dimensions
        var distances = Lanes(repeating: 0)
        for axis in 0..<dimensions {
            distances = distances.larger(lower[start + axis] - point[axis])
            distances = distances.larger(point[axis] - upper[start + axis])
        }
        return distances
    }

    // MARK: Building

    private static func blocks(
        of count: Int, _ dimensions: Int, _ value: (Int, Int, Int) -> Double
    ) -> [Lanes] {
        var result: [Lanes] = []
        result.reserveCapacity(count * dimensions)
        for block in 0..<count {
            for axis in 0..<dimensions {
                var lanes = Lanes()
                for lane in 0..<width { lanes[lane] = value(block, axis, lane) }
                result.append(lanes)
            }
        }
        return result
    }
}

/// Boxes around leaves, around groups of eight leaves, and so on up to one group.
private struct BoxLevels: Sendable {
    /// `[(starts[level] + group) * dimensions + axis]`, a lane for each of the group's children;
    /// the box of an absent child is inside out, infinitely far from everything.
    private(set) var lower: [SIMD8<Double>] = []
    private(set) var upper: [SIMD8<Double>] = []
    /// The first group of each level; level 0 holds leaves.
    private(set) var starts: [Int] = []

    init(above runs: [Range<Int>], order: [Int], columns: [[Double]]) {
        let dimensions = columns.count
        // Bounds of the nodes of the level below: [node * dimensions + axis].
        var low: [Double] = []
        var high: [Double] = []
        for run in runs {
            for column in columns {
                let values = run.map { column[order[$0]] }
                low.append(values.min() ?? .infinity)
                high.append(values.max() ?? -.infinity)
            }
        }
        var nodes = runs.count
        repeat {
            let groups = (nodes + 7) / 8
            let first = lower.count
            starts.append(first / dimensions)
            for group in 0..<groups {
                for axis in 0..<dimensions {
                    lower.append(lanes(of: group, axis, dimensions, in: low, absent: .infinity))
                    upper.append(lanes(of: group, axis, dimensions, in: high, absent: -.infinity))
                }
            }
            low = lower[first...].map { $0.min() }
            high = upper[first...].map { $0.max() }
            nodes = groups
        } while nodes > 1
    }

    private func lanes(
        of group: Int, _ axis: Int, _ dimensions: Int, in bounds: [Double], absent: Double
    ) -> SIMD8<Double> {
        var lanes = SIMD8(repeating: absent)
        for lane in 0..<8 {
            let place = (group * 8 + lane) * dimensions + axis
            if place < bounds.count { lanes[lane] = bounds[place] }
        }
        return lanes
    }
}

/// An order of points in which 2^m runs of at most `leafSizeMax` are the leaves of a k-d tree:
/// each node is split at the median of its widest axis.
private struct MedianSplit {
    private(set) var order: [Int]
    private(set) var runs: [Range<Int>]

    init(columns: [[Double]], leafSizeMax: Int) {
        let count = columns[0].count
        order = Array(0..<count)
        runs = [0..<count]
        while (runs.map(\.count).max() ?? 0) > leafSizeMax {
            var halves: [Range<Int>] = []
            halves.reserveCapacity(2 * runs.count)
            for run in runs {
                let middle = run.lowerBound + run.count / 2
                split(run, at: middle, by: widest(run, columns))
                halves.append(run.lowerBound..<middle)
                halves.append(middle..<run.upperBound)
            }
            runs = halves
        }
    }

    private func widest(_ run: Range<Int>, _ columns: [[Double]]) -> [Double] {
        var best = columns[0]
        var extent = -Double.infinity
        for column in columns {
            var (low, high) = (Double.infinity, -Double.infinity)
            for place in run {
                low = min(low, column[order[place]])
                high = max(high, column[order[place]])
            }
            guard high - low > extent else { continue }
            extent = high - low
            best = column
        }
        return best
    }

    /// Quickselect: afterwards nothing before `middle` exceeds anything from `middle` on.
    private mutating func split(_ run: Range<Int>, at middle: Int, by keys: [Double]) {
        var (low, high) = (run.lowerBound, run.upperBound - 1)
        while low < high {
            let pivot = keys[order[low + (high - low) / 2]]
            var (left, right) = (low, high)
            while left <= right {
                while keys[order[left]] < pivot { left += 1 }
                while keys[order[right]] > pivot { right -= 1 }
                guard left <= right else { break }
                order.swapAt(left, right)
                left += 1
                right -= 1
            }
            if middle <= right {
                high = right
            } else if middle >= left {
                low = left
            } else {
                return
            }
        }
    }
}
