// Which runs of neighbouring layers become one layer each. A run costs what the model diverges by
// when nothing else is folded; the runs are those whose costs add up to the least.
//
// Divergence is quadratic in small errors, and errors of runs that lie apart hardly correlate, so
// that costs nearly add up. They grow faster than a run does: what is not measured is taken to cost
// at least as much as the shorter runs that it is made of, and is measured only where the choice
// would need it.

package struct RunSelection: Sendable {
    private let layers: Int
    private var costs: [Range<Int>: Double] = [:]

    /// What a run costs that breaks the model: sums of as many as there are layers are finite.
    package static let costMax = 1e100

    package init(layers: Int) { self.layers = layers }

    /// A divergence in nats per token as a cost; one that overflowed is the greatest.
    package static func cost(_ divergence: Double) -> Double {
        divergence < costMax ? divergence : costMax
    }

    /// All pairs of neighbours: what to measure first.
    package var pairs: [Range<Int>] { (0..<max(0, layers - 1)).map { $0..<$0 + 2 } }

    /// - Parameter cost: divergence in nats per token.
    package mutating func learn(_ run: Range<Int>, cost: Double) { costs[run] = Self.cost(cost) }

    package func isMeasured(_ run: Range<Int>) -> Bool { costs[run] != nil }

    /// Runs, ascending, and what their costs add up to. A run of m layers takes m - 1.
    package struct Choice: Sendable, Equatable {
        package let runs: [Range<Int>]
        package let cost: Double
    }

    /// The choice of runs that takes `count` layers away at the least sum.
    package func cheapest(removing count: Int) -> Choice {
        ranked(removing: count, by: bounds(longest: count + 1), atMost: 1)[0]
    }

    /// The cheapest choices of measured runs, by rising sum: costs only nearly add up, so that one
    /// of those that are nearly as cheap as the first may be the best.
    package func finalists(removing count: Int, atMost limit: Int) -> [Choice] {
        var costs = Array(repeating: [0.0], count: layers)
        for first in 0..<layers where count > 0 {
            for length in 2...count + 1 {
                costs[first].append(self.costs[first..<first + length] ?? .infinity)
            }
        }
        return ranked(removing: count, by: costs, atMost: limit)
    }

    /// Which of the finalists is taken: the first, unless another's whole fold is clearly cheaper.
    /// A few sequences tell two choices apart to some percent only (of 4 sequences of 512 tokens,
    /// choices within 3 percent came out in another order on held-out text).
    ///
    /// - Parameter wholes: what each one's whole fold costs, in the order of the finalists.
    package static func winner(_ wholes: [Double]) -> Int {
        guard let first = wholes.first, let least = wholes.min() else { return 0 }
        return least < 0.95 * first ? wholes.firstIndex(of: least) ?? 0 : 0
    }

    /// - Parameter costs: by first layer and length - 1; infinite: not to be taken.
    private func ranked(
        removing count: Int, by costs: [[Double]], atMost limit: Int
    ) -> [Choice] {
        precondition(count < layers, "a layer is left")
        // best[first][left]: of the layers from `first` on, with `left` still to go. An entry is
        // one run, then the entry of that rank behind it.
        typealias Entry = (cost: Double, length: Int, rank: Int)
        var best: [[[Entry]]] = Array(
            repeating: Array(repeating: [], count: count + 1), count: layers + 1)
        best[layers][0] = [(0, 0, 0)]
        for first in (0..<layers).reversed() {
            for left in 0...count {
                var entries: [Entry] = []
                for length in 1...left + 1 where first + length <= layers {
                    let cost = costs[first][length - 1]
                    for (rank, rest) in best[first + length][left - length + 1].enumerated()
                    where cost < .infinity {
                        entries.append((cost + rest.cost, length, rank))
                    }
                }
                best[first][left] = Array(entries.sorted { $0.cost < $1.cost }.prefix(limit))
            }
        }
        return best[0][count].indices.map { rank in
            var runs: [Range<Int>] = []
            var (first, left, rank) = (0, count, rank)
            let cost = best[0][count][rank].cost
            while first < layers {
                let entry = best[first][left][rank]
                if entry.length > 1 { runs.append(first..<first + entry.length) }
                first += entry.length
                left -= entry.length - 1
                rank = entry.rank
            }
            return Choice(runs: runs, cost: cost)
        }
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
