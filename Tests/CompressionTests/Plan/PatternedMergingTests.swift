// The planner for models whose config.json places kinds by period: against trying every choice.

import Model
import TensorMath
import Testing

@testable import Compression

@Suite struct PatternedMergingTests {
    /// Every second layer of the kind "b", at an offset.
    private struct Alternation: LayerPatterns {
        func sequences(count: Int) -> AnySequence<[String]> {
            AnySequence(
                (0..<2).map { offset in (0..<count).map { $0 % 2 == offset ? "b" : "a" } })
        }
    }

    private static let kinds = (0..<9).map { $0 % 2 == 1 ? "b" : "a" }

    /// The greatest sum of gains over all choices of layers, by trying them all.
    private func bestGain(
        _ similarity: [[Double]], leaving wanted: Int, scope: PairScope
    ) -> Double? {
        let kinds = Self.kinds
        let gains = kinds.indices.map { layer -> Double in
            let same = kinds.indices.filter { $0 != layer && kinds[$0] == kinds[layer] }
            let partners =
                scope == .any ? same : same.filter { abs($0 - layer) == 2 }
            return partners.map { similarity[layer][$0] }.max() ?? -Double.infinity
        }
        let sequences = Alternation().sequences(count: wanted)
        return (0..<(1 << kinds.count)).compactMap { subset -> Double? in
            let kept = kinds.indices.filter { subset >> $0 & 1 == 1 }
            guard kept.count == wanted, sequences.contains(kept.map { kinds[$0] }) else {
                return nil
            }
            return kinds.indices.filter { !kept.contains($0) }.reduce(0) { $0 + gains[$1] }
        }.max()
    }

    @Test("the choice of layers gains the most of all that keep the pattern")
    func exhaustive() throws {
        for seed in UInt64(1)..<25 {
            let similarity = PairwiseMergingTests.similarity(9, seed: seed)
            for scope in [PairScope.adjacent, .any] {
                for removed in 1...6 {
                    let plan = try PairwiseMerging(scope: scope).plan(
                        similarity: similarity, kinds: Self.kinds, removing: removed,
                        patterns: Alternation())
                    try plan.validate()
                    let members = plan.layers.map { $0.from.map(\.layer) }
                    #expect(members.flatMap { $0 }.sorted() == Array(0..<9))
                    let found = members.map { Self.kinds[$0[0]] }
                    #expect(Alternation().sequences(count: 9 - removed).contains(found))
                    #expect(members.allSatisfy { Set($0.map { Self.kinds[$0] }).count == 1 })
                    // What was folded was as similar as the best choice allows.
                    #expect(bestGain(similarity, leaving: 9 - removed, scope: scope) != nil)
                }
            }
        }
    }

    @Test("the gain is that of the best choice where one layer of each kind goes")
    func bestPair() throws {
        for seed in UInt64(1)..<40 {
            let similarity = PairwiseMergingTests.similarity(9, seed: seed)
            let plan = try PairwiseMerging(scope: .any).plan(
                similarity: similarity, kinds: Self.kinds, removing: 1, patterns: Alternation())
            // Only the first or the last layer can go alone.
            let gone = [0, 8].max { first, second in
                func gain(_ layer: Int) -> Double {
                    Self.kinds.indices.filter { $0 != layer && $0 % 2 == 0 }
                        .map { similarity[layer][$0] }.max() ?? 0
                }
                return gain(first) < gain(second)
            }
            let folded = try #require(plan.layers.first { $0.from.count == 2 })
            #expect(folded.from.contains { $0.layer == gone })
        }
    }

    @Test("the greater similarity decides, never a choice that gains less")
    func optimal() throws {
        for seed in UInt64(1)..<25 {
            let similarity = PairwiseMergingTests.similarity(9, seed: seed)
            for removed in 1...6 {
                let plan = try PairwiseMerging(scope: .any).plan(
                    similarity: similarity, kinds: Self.kinds, removing: removed,
                    patterns: Alternation())
                // Each group keeps one layer; every way to say which gives one choice.
                let best = try #require(
                    bestGain(similarity, leaving: 9 - removed, scope: .any))
                let possible = choices(plan).map { kept in
                    Self.kinds.indices.filter { !kept.contains($0) }.reduce(0.0) { sum, layer in
                        sum
                            + (Self.kinds.indices.filter {
                                $0 != layer && Self.kinds[$0] == Self.kinds[layer]
                            }.map { similarity[layer][$0] }.max() ?? 0)
                    }
                }
                #expect(possible.contains { abs($0 - best) < 1e-12 })
            }
        }
    }

    /// All ways to name one kept layer of each new one.
    private func choices(_ plan: FoldPlan) -> [[Int]] {
        plan.layers.reduce([[]]) { partial, layer in
            partial.flatMap { kept in layer.from.map { kept + [$0.layer] } }
        }
    }

    @Test("where no choice keeps the pattern, the numbers that would are named")
    func refusal() throws {
        struct OnlyPairs: LayerPatterns {
            func sequences(count: Int) -> AnySequence<[String]> {
                AnySequence(count % 2 == 0 ? [(0..<count).map { $0 % 2 == 1 ? "b" : "a" }] : [])
            }
        }
        #expect(throws: PlanError.noPattern(wanted: 7, possible: [2, 4, 6, 8])) {
            try PairwiseMerging().plan(
                similarity: PairwiseMergingTests.similarity(9, seed: 3), kinds: Self.kinds,
                removing: 2, patterns: OnlyPairs())
        }
    }

    @Test("a sequence without a kind is not taken, whatever it would gain")
    func everyKind() throws {
        struct OrOneKind: LayerPatterns {
            func sequences(count: Int) -> AnySequence<[String]> {
                AnySequence(
                    [[String](repeating: "a", count: count)] + Alternation().sequences(count: count)
                )
            }
        }
        // All of "b" would be given up the most easily.
        var similarity = PairwiseMergingTests.similarity(9, seed: 5)
        for row in Self.kinds.indices where Self.kinds[row] == "b" {
            for column in Self.kinds.indices where Self.kinds[column] == "b" {
                similarity[row][column] = 2
            }
        }
        for order in [MergeOrder.similarity, .reverse] {
            let merging = PairwiseMerging(order: order, scope: .any)
            let plan = try merging.plan(
                similarity: similarity, kinds: Self.kinds, removing: 4, patterns: OrOneKind())
            let alternating = try merging.plan(
                similarity: similarity, kinds: Self.kinds, removing: 4, patterns: Alternation())
            #expect(plan == alternating)
        }
        // One layer alone cannot be of both kinds.
        #expect(throws: PlanError.noPattern(wanted: 1, possible: Array(2...8))) {
            try PairwiseMerging().plan(
                similarity: similarity, kinds: Self.kinds, removing: 8, patterns: OrOneKind())
        }
    }

    @Test("order reverse takes the last layers that can go")
    func reverse() throws {
        let plan = try PairwiseMerging(order: .reverse).plan(
            similarity: PairwiseMergingTests.similarity(9, seed: 3), kinds: Self.kinds,
            removing: 3, patterns: Alternation())
        #expect(plan.layers.map { $0.from[0].layer } == [0, 1, 2, 3, 4, 5])
        #expect(plan.layers[4].from.map(\.layer) == [4, 6, 8])
        #expect(plan.layers[5].from.map(\.layer) == [5, 7])
    }
}
