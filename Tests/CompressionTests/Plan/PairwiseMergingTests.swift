// MKA's planner over small models: exhaustively, and against the definitions.

import Foundation
import TensorMath
import Testing

@testable import Compression

@Suite struct PairwiseMergingTests {
    static let weights: [MergeWeight] = [.adaptive, .official, .fixed(0.5), .fixed(0), .fixed(1)]
    static let planners = [MergeOrder.similarity, .reverse].flatMap { order in
        [PairScope.adjacent, .any].flatMap { scope in
            weights.map { PairwiseMerging(order: order, scope: scope, weight: $0) }
        }
    }

    /// Symmetric, positive, 1 on the diagonal; `seed` 0 gives all equal.
    static func similarity(_ count: Int, seed: UInt64) -> [[Double]] {
        var generator = SeededGenerator(seed: seed)
        var matrix = [[Double]](repeating: [Double](repeating: 0.5, count: count), count: count)
        for row in 0..<count {
            matrix[row][row] = 1
            for column in 0..<row {
                let value = seed == 0 ? 0.5 : generator.uniform()
                matrix[row][column] = value
                matrix[column][row] = value
            }
        }
        return matrix
    }

    /// Whether folds of equal kinds can go on until `left` layers remain.
    static func canFold(_ kinds: [String], removing removed: Int) -> Bool {
        removed <= kinds.count - Set(kinds).count
    }

    @Test("every plan keeps order, kinds and all weights", arguments: [1, 2, 3, 4, 5])
    func exhaustive(count: Int) throws {
        for pattern in 0..<(1 << count) {
            let kinds = (0..<count).map { pattern >> $0 & 1 == 0 ? "a" : "b" }
            for seed in UInt64(0)..<4 {
                let similarity = Self.similarity(count, seed: seed)
                for planner in Self.planners {
                    for removed in 0..<count {
                        try check(planner, similarity, kinds, removed)
                    }
                }
            }
        }
    }

    private func check(
        _ planner: PairwiseMerging, _ similarity: [[Double]], _ kinds: [String], _ removed: Int
    ) throws {
        let count = kinds.count
        guard Self.canFold(kinds, removing: removed) else {
            #expect(throws: PlanError.self) {
                try planner.plan(similarity: similarity, kinds: kinds, removing: removed)
            }
            return
        }
        let plan = try planner.plan(similarity: similarity, kinds: kinds, removing: removed)
        try plan.validate()
        #expect(plan.layers.count == count - removed && plan.originalLayers == count)
        let members = plan.layers.map { $0.from.map(\.layer) }
        #expect(members.flatMap { $0 }.sorted() == Array(0..<count))
        #expect(plan.removed == [])
        // New layers lie in the order of their first members, members in their own.
        #expect(members.map { $0[0] } == members.map { $0[0] }.sorted())
        for group in members {
            #expect(group == group.sorted())
            #expect(Set(group.map { kinds[$0] }).count == 1)
            if planner.scope == .adjacent {
                // No layer of the kind lies between them.
                let between = (group[0]...group[group.count - 1]).filter {
                    kinds[$0] == kinds[group[0]]
                }
                #expect(group == between)
            }
        }
        for share in plan.layers.flatMap(\.from) {
            #expect(share.weight >= 0 && share.weight <= 1)
        }
    }

    @Test("the first fold is of the most similar neighbours, a tie goes to the later ones")
    func mostSimilar() throws {
        for seed in UInt64(1)..<40 {
            let similarity = Self.similarity(6, seed: seed)
            let kinds = [String](repeating: "a", count: 6)
            let plan = try PairwiseMerging().plan(
                similarity: similarity, kinds: kinds, removing: 1)
            let best = (0..<5).max { similarity[$0][$0 + 1] < similarity[$1][$1 + 1] }
            #expect(plan.layers.firstIndex { $0.from.count == 2 } == best)
            let anyPlan = try PairwiseMerging(scope: .any).plan(
                similarity: similarity, kinds: kinds, removing: 1)
            let pairs = (0..<6).flatMap { a in (a + 1..<6).map { (a, $0) } }
            let wanted = pairs.max { similarity[$0.0][$0.1] < similarity[$1.0][$1.1] }
            let found = anyPlan.layers.first { $0.from.count == 2 }?.from.map(\.layer) ?? []
            #expect(found == [wanted?.0, wanted?.1])
        }
        let tie = try PairwiseMerging().plan(
            similarity: Self.similarity(4, seed: 0), kinds: ["a", "a", "a", "a"], removing: 1)
        #expect(tie.layers.map(\.from.count) == [1, 1, 2])
    }

    @Test("the adaptive weight is the softmax of the two mean similarities")
    func adaptive() throws {
        let similarity = Self.similarity(3, seed: 5)
        let plan = try PairwiseMerging(order: .reverse).plan(
            similarity: similarity, kinds: ["a", "a", "a"], removing: 1)
        let means = similarity.map { $0.reduce(0, +) / 3 }
        let share = exp(means[1]) / (exp(means[1]) + exp(means[2]))
        #expect(abs(plan.layers[1].from[0].weight - share) < 1e-12)
    }

    @Test("folding from the back gives the chain l1, (1 - l1) l2, (1 - l1)(1 - l2) l3, ...")
    func officialChain() throws {
        for count in 2...9 {
            for removed in 1..<count {
                let similarity = Self.similarity(count, seed: UInt64(count))
                let plan = try PairwiseMerging(order: .reverse, weight: .official).plan(
                    similarity: similarity, kinds: [String](repeating: "a", count: count),
                    removing: removed)
                // s = mean of the ORIGINAL layer's row; lambda = sigmoid(s_i / (s_i + s_i+1)).
                let s = similarity.map { $0.reduce(0, +) / Double(count) }
                var left = 1.0
                var expected: [Double] = []
                for layer in count - removed - 1..<count - 1 {
                    let lambda = 1 / (1 + exp(-s[layer] / (s[layer] + s[layer + 1])))
                    expected.append(left * lambda)
                    left *= 1 - lambda
                }
                expected.append(left)
                let last = try #require(plan.layers.last)
                #expect(last.from.map(\.layer) == Array(count - removed - 1..<count))
                for (share, weight) in zip(last.from, expected) {
                    #expect(abs(share.weight - weight) < 1e-12)
                }
                #expect(plan.layers.dropLast().allSatisfy { $0.isCopy })
            }
        }
    }

    @Test("equal similarities give the published shares 0.62, 0.24, 0.09, 0.03")
    func publishedShares() throws {
        let plan = try PairwiseMerging(order: .reverse, weight: .official).plan(
            similarity: Self.similarity(6, seed: 0), kinds: [String](repeating: "a", count: 6),
            removing: 4)
        let shares = try #require(plan.layers.last).from.map(\.weight)
        for (found, wanted) in zip(shares, [0.622, 0.235, 0.089, 0.034]) {
            #expect(abs(found - wanted) < 6e-4)
        }
    }

    @Test("a folded group is as similar to others as its members are on average")
    func groupAverage() throws {
        // 1 and 2 fold first. Then the group's similarity to 0 is 0.55, to 3 it is 0.5.
        let similarity: [[Double]] = [
            [1, 0.6, 0.5, 0], [0.6, 1, 0.9, 0.3], [0.5, 0.9, 1, 0.7], [0, 0.3, 0.7, 1],
        ]
        let plan = try PairwiseMerging().plan(
            similarity: similarity, kinds: ["a", "a", "a", "a"], removing: 2)
        #expect(plan.layers.map { $0.from.map(\.layer) } == [[0, 1, 2], [3]])
    }

    @Test("unequal kinds are noted in reverse order, and a wrong matrix is refused")
    func notesAndRefusals() throws {
        let plan = try PairwiseMerging(order: .reverse).plan(
            similarity: Self.similarity(3, seed: 1), kinds: ["a", "a", "b"], removing: 1)
        #expect(plan.notes.count == 1)
        #expect(plan.layers.map { $0.from.map(\.layer) } == [[0, 1], [2]])
        #expect(throws: PlanError.self) {
            try PairwiseMerging().plan(
                similarity: Self.similarity(2, seed: 1), kinds: ["a", "a", "a"], removing: 1)
        }
        #expect(throws: PlanError.noFoldablePair(remaining: 2, wanted: 1)) {
            try PairwiseMerging().plan(
                similarity: Self.similarity(2, seed: 1), kinds: ["a", "b"], removing: 1)
        }
    }
}
