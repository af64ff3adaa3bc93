// How many neurons an MLP may be narrowed to, and what that costs by what was measured. Pure.

/// Widths of MLPs below the original's.
package enum MLPWidths {
    /// Groups of quantised weights are of up to as many columns, and tiles of kernels divide it.
    package static let step = 128

    /// Multiples of `step` below `full`, descending, down to half of it.
    package static func all(below full: Int) -> [Int] {
        stride(from: (full - 1) / step * step, to: 0, by: -step).filter { 2 * $0 >= full }
    }

    /// Those of `widths` whose cost is measured, descending: all of up to three, else the largest,
    /// the least and the one in the middle.
    package static func measured(of widths: [Int]) -> [Int] {
        let all = Set(widths).sorted(by: >)
        return all.count > 3 ? [all[0], all[all.count / 2], all[all.count - 1]] : all
    }
}

/// What it costs to narrow all MLPs, in nats per token, linear in the share of neurons that goes
/// between what was measured (a real model's costs lie on such lines: docs/METHODS.md).
package struct NarrowingCurve: Sendable, Equatable {
    private let full: Int
    /// By the share that goes, ascending, from nothing on.
    private let points: [(share: Double, cost: Double)]

    /// - Parameters:
    ///   - full: neurons of the original's MLPs.
    ///   - measured: costs by width, at least one.
    package init(below full: Int, measured: [(width: Int, cost: Double)]) {
        precondition(!measured.isEmpty, "something was measured")
        self.full = full
        points =
            [(0, 0)]
            + measured.map { (Self.share(of: $0.width, full), $0.cost) }.sorted { $0.0 < $1.0 }
    }

    package func cost(of width: Int) -> Double {
        let share = Self.share(of: width, full)
        // Behind the last point its line goes on.
        let end = points.indices.dropFirst().first { share <= points[$0].share } ?? points.count - 1
        let (before, behind) = (points[end - 1], points[end])
        let place = (share - before.share) / (behind.share - before.share)
        return before.cost + place * (behind.cost - before.cost)
    }

    private static func share(of width: Int, _ full: Int) -> Double {
        1 - Double(width) / Double(full)
    }

    package static func == (one: Self, other: Self) -> Bool {
        one.full == other.full && one.points.elementsEqual(other.points) { $0 == $1 }
    }
}

/// Fewer layers and fewer neurons that meet a budget together.
package struct FoldMix: Sendable, Equatable {
    /// Layers that go.
    package let removed: Int
    /// Neurons that every MLP keeps; nil: all.
    package let mlpWidth: Int?
    /// In nats per token: of folding the layers that go, and of narrowing all that stay.
    package let layersCost: Double
    package let narrowingCost: Double

    /// - Parameter narrowingAll: what narrowing costs where no layer goes. Layers that are gone are
    ///   not narrowed; each of the others is taken to have an equal share of it.
    package init(
        removed: Int, of layers: Int, mlpWidth: Int?, layersCost: Double, narrowingAll: Double
    ) {
        self.removed = removed
        self.mlpWidth = mlpWidth
        self.layersCost = layersCost
        narrowingCost = narrowingAll * Double(layers - removed) / Double(layers)
    }

    /// Divergence is quadratic in small errors, and those of layers and of neurons hardly
    /// correlate, so that costs nearly add up.
    package var cost: Double { layersCost + narrowingCost }

    /// The one that costs least; of equals the one that keeps most layers.
    package static func best(of mixes: [FoldMix]) -> FoldMix? {
        mixes.min { ($0.cost, $0.removed) < ($1.cost, $1.removed) }
    }
}
