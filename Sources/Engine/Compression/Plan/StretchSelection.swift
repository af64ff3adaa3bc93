// Which stretches of neighbouring layers become one layer each. A stretch costs what the model
// diverges by when nothing else is folded; the stretches are those whose costs add up to the least.
//
// Divergence is quadratic in small errors, and errors of stretches that lie apart hardly correlate,
// so that costs nearly add up. They grow faster than a stretch does: what is not measured is taken
// to cost at least as much as the shorter stretches that it is made of, and is measured only where
// the choice would need it.

/// Costs of stretches, in nats per token, and the choice by them.
package struct StretchSelection: Sendable {
    private let layers: Int
    private var costs: [Range<Int>: Double] = [:]

    /// What a stretch costs that breaks the model: sums of as many as there are layers are finite.
    package static let costMax = 1e100

    package init(layers: Int) { self.layers = layers }

    /// A divergence in nats per token as a cost; one that overflowed is the greatest.
    package static func cost(_ divergence: Double) -> Double {
        divergence < costMax ? divergence : costMax
    }

    /// All pairs of neighbours: what to measure first.
    package var pairs: [Range<Int>] { (0..<max(0, layers - 1)).map { $0..<$0 + 2 } }

    /// - Parameter cost: divergence in nats per token.
    package mutating func learn(_ stretch: Range<Int>, cost: Double) {
        costs[stretch] = Self.cost(cost)
    }

    package func isMeasured(_ stretch: Range<Int>) -> Bool { costs[stretch] != nil }

    /// The stretches, ascending, that take `count` layers away at the least sum, and that sum. A
    /// stretch of m layers takes m - 1.
    package func cheapest(removing count: Int) -> (stretches: [Range<Int>], cost: Double) {
        precondition(count < layers, "a layer is left")
        let bounds = bounds(longest: count + 1)
        // best[first][left]: of the layers from `first` on, with `left` still to go.
        let none = (cost: Double.infinity, length: 0)
        var best = Array(
            repeating: Array(repeating: none, count: count + 1), count: layers + 1)
        best[layers][0] = (0, 0)
        for first in (0..<layers).reversed() {
            for left in 0...count {
                for length in 1...left + 1 where first + length <= layers {
                    let cost =
                        bounds[first][length - 1] + best[first + length][left - length + 1].cost
                    if cost < best[first][left].cost { best[first][left] = (cost, length) }
                }
            }
        }
        var stretches: [Range<Int>] = []
        var (first, left) = (0, count)
        while first < layers {
            let length = best[first][left].length
            if length > 1 { stretches.append(first..<first + length) }
            first += length
            left -= length - 1
        }
        return (stretches, best[0][count].cost)
    }

    /// Costs by first layer and length - 1: measured, or the greatest sum of two parts that share
    /// a layer.
    private func bounds(longest: Int) -> [[Double]] {
        var bounds = Array(repeating: [0.0], count: layers)
        for length in 2...max(2, longest) {
            for first in 0..<max(0, layers - length + 1) {
                let parts = (2..<length).map {
                    bounds[first][$0 - 1] + bounds[first + $0 - 1][length - $0]
                }
                bounds[first].append(costs[first..<first + length] ?? parts.max() ?? 0)
            }
        }
        return bounds
    }
}
