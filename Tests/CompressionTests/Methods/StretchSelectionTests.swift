// Which runs of layers are cheapest, against trying all, and how little is measured for it.

import TensorMath
import TestSupport
import Testing

@testable import Compression

@Suite struct StretchSelectionTests {
    /// Every way to cut `layers` layers into runs, as lists of the runs of two or more.
    private static func cuts(_ layers: Range<Int>) -> [[Range<Int>]] {
        guard let first = layers.first else { return [[]] }
        return (1...layers.count).flatMap { length in
            cuts(first + length..<layers.upperBound).map { rest in
                (length > 1 ? [first..<first + length] : []) + rest
            }
        }
    }

    private static func removed(_ runs: [Range<Int>]) -> Int {
        runs.reduce(0) { $0 + $1.count - 1 }
    }

    private static func runs(of layers: Int) -> [Range<Int>] {
        (0..<layers).flatMap { first in
            (first + 1..<layers).map { first..<$0 + 1 }
        }
    }

    @Test("the runs are the cheapest of all cuts, for every size up to seven layers")
    func exhaustive() {
        for layers in 2...7 {
            for seed in 0..<8 {
                var generator = SeededGenerator(seed: UInt64(10 * layers + seed))
                var selection = StretchSelection(layers: layers)
                var costs: [Range<Int>: Double] = [:]
                for run in Self.runs(of: layers) {
                    costs[run] = generator.uniform()
                    selection.learn(run, cost: costs[run] ?? 0)
                }
                for count in 0..<layers {
                    let wanted = Self.cuts(0..<layers).filter { Self.removed($0) == count }
                        .map { $0.reduce(0) { $0 + (costs[$1] ?? 0) } }.min()
                    let found = selection.cheapest(removing: count)
                    #expect(Self.removed(found.stretches) == count)
                    #expect(abs(found.cost - (wanted ?? -1)) < 1e-12, "\(layers) - \(count)")
                    let sum = found.stretches.reduce(0) { $0 + (costs[$1] ?? 0) }
                    #expect(abs(sum - found.cost) < 1e-12)
                }
            }
        }
    }

    @Test("where costs grow faster than runs, measuring on demand finds the same, with less")
    func onDemand() {
        for seed in 0..<20 {
            let layers = 12
            var generator = SeededGenerator(seed: UInt64(seed))
            let single = (0..<layers - 1).map { _ in 0.1 + generator.uniform() }
            // A pair's cost, and half as much again for every pair that joins it.
            func cost(_ run: Range<Int>) -> Double {
                single[run.dropLast()].reduce(0, +) * (1 + 0.5 * Double(run.count - 2))
            }
            var all = StretchSelection(layers: layers)
            for run in Self.runs(of: layers) { all.learn(run, cost: cost(run)) }
            for count in 1..<layers {
                var selection = StretchSelection(layers: layers)
                var missing = selection.pairs
                var measured = 0
                while !missing.isEmpty {
                    for run in missing { selection.learn(run, cost: cost(run)) }
                    measured += missing.count
                    missing = selection.cheapest(removing: count).stretches
                        .filter { !selection.isMeasured($0) }
                }
                let found = selection.cheapest(removing: count).cost
                #expect(abs(found - all.cheapest(removing: count).cost) < 1e-12)
                #expect(measured < Self.runs(of: layers).count)
            }
        }
    }

    @Test("what is no number costs more than all else, and is still chosen where nothing is left")
    func overflow() {
        for broken in [Double.nan, .infinity] {
            var selection = StretchSelection(layers: 4)
            for run in selection.pairs { selection.learn(run, cost: 0.5) }
            selection.learn(1..<3, cost: broken)
            #expect(selection.cheapest(removing: 1).cost == 0.5)
            #expect(selection.cheapest(removing: 2).stretches == [0..<2, 2..<4])
            let all = selection.cheapest(removing: 3)
            #expect(all.stretches == [0..<4] && all.cost.isFinite)
        }
    }
}
