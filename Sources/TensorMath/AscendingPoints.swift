// Points in order of their first coordinate: distances to neighbours and counts within distances,
// by the kernels, for point sets small enough that walking along the first coordinate beats a tree.

import Kernels

/// Points of a few dimensions that lie in ascending order of their first coordinate.
///
/// Distances are exactly `max |a - b|` in double, at every kernel level.
package struct AscendingPoints: Sendable {
    /// `[dimensions, stride]`: padded to whole blocks of sixteen, see neighbours.h.
    private let values: [Double]
    /// The same in single precision, and how far a distance of those can be off.
    private let narrow: [Float]
    private let margin: Float
    private let stride: Int
    private let dimensions: Int
    package let count: Int

    /// Neighbours that a search keeps at most.
    package static let neighboursMax = 8
    /// More points than this are better searched by a tree: a walk visits a share of all points.
    package static let countMax = Int(NEIGHBOURS_POINTS_MAX)

    /// - Parameters:
    ///   - columns: coordinates of finite points, `columns[axis][point]`.
    ///   - order: the points so that `columns[0]` ascends.
    package init(columns: [[Double]], order: [Int]) {
        precondition(!columns.isEmpty, "points have coordinates")
        precondition(order.count <= Self.countMax, "more points than the kernels take")
        precondition(columns.allSatisfy { $0.count == order.count }, "columns agree")
        let stride = (order.count + 15) / 16 * 16
        var values = [Double](repeating: 0, count: stride * columns.count)
        for (axis, column) in columns.enumerated() {
            for (place, index) in order.enumerated() {
                values[axis * stride + place] = column[index]
            }
        }
        for place in order.count..<stride { values[place] = .infinity }
        for place in 1..<max(1, order.count) {
            precondition(values[place - 1] <= values[place], "the first coordinate ascends")
        }
        self.values = values
        narrow = values.map { Float($0) }
        margin = Self.margin(columns)
        self.stride = stride
        dimensions = columns.count
        count = order.count
    }

    private static func margin(_ columns: [[Double]]) -> Float {
        let greatest = columns.joined().reduce(0) { max($0, $1.magnitude) }
        return greatest < 1e37 ? Float(greatest * 0x1p-20 + 1e-36) : .infinity
    }

    /// The distance of each point to its `k`-th nearest other one, in the order of the points.
    package func distances(toNeighbour k: Int) -> [Double] {
        precondition(k >= 1 && k < count && k <= Self.neighboursMax, "neighbour \(k) of \(count)")
        return unsafe [Double](unsafeUninitializedCapacity: count) { buffer, filled in
            unsafe values.withUnsafeBufferPointer { values in
                guard let from = values.baseAddress, let to = buffer.baseAddress else { return }
                unsafe kernels_neighbours(
                    from, narrow, margin, stride, dimensions, count, k, to)
            }
            filled = count
        }
    }

    /// How many points, each itself among them, are nearer than `radii` (or at distance zero).
    package func counts(within radii: [Double]) -> [Int32] {
        precondition(radii.count == count, "a radius for each point")
        return unsafe [Int32](unsafeUninitializedCapacity: count) { buffer, filled in
            unsafe values.withUnsafeBufferPointer { values in
                unsafe radii.withUnsafeBufferPointer { radii in
                    guard let from = values.baseAddress, let to = buffer.baseAddress,
                        let radii = radii.baseAddress
                    else { return }
                    unsafe kernels_count_near(
                        from, narrow, margin, stride, dimensions, count, radii, to)
                }
            }
            filled = count
        }
    }
}
