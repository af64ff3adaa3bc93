// MKA's planner: fold the most similar pair, again and again (Algorithm 1), or the last pair
// each time (`order: reverse`, what the official pipeline does). Weights by Eq. 4.

import Foundation

/// How the next pair is chosen.
enum MergeOrder: String, Sendable {
    /// The pair with the greatest similarity.
    case similarity
    /// Always the two last layers.
    case reverse
}

/// Which pairs may fold.
enum PairScope: String, Sendable {
    /// Neighbours among the layers of their kind that are left.
    case adjacent
    /// Any two; the result lies where the earlier one was.
    case any
}

/// Weight of the earlier layer of a pair.
enum MergeWeight: Sendable, Equatable {
    /// Eq. 4 read as the softmax of the two layers' mean similarities:
    /// lambda = exp(s_i) / (exp(s_i) + exp(s_j)).
    case adaptive
    /// The official code: r = s_i / (s_i + s_j), lambda = exp(r) / (1 + exp(r)).
    case official
    case fixed(Double)

    func lambda(_ first: Double, _ second: Double) -> Double {
        switch self {
        case .adaptive: return 1 / (1 + exp(second - first))
        case .official:
            let ratio = first / (first + second)
            return 1 / (1 + exp(-ratio))
        case .fixed(let value): return value
        }
    }
}

/// Plans MKA folds from a similarity matrix; pure.
struct PairwiseMerging: Sendable {
    var order: MergeOrder
    var scope: PairScope
    var weight: MergeWeight
    var foldsNorms: Bool

    init(
        order: MergeOrder = .similarity, scope: PairScope = .adjacent,
        weight: MergeWeight = .adaptive, foldsNorms: Bool = true
    ) {
        self.order = order
        self.scope = scope
        self.weight = weight
        self.foldsNorms = foldsNorms
    }

    /// A layer of the model while it is being folded.
    private struct Group {
        var shares: [LayerShare]
        var kind: String
        var members: [Int] { shares.map(\.layer) }
    }

    /// - Parameters:
    ///   - similarity: [layers][layers], symmetric; not recomputed between folds, a folded layer
    ///     is as similar to another as its members are on average.
    ///   - kinds: only layers of one kind fold into one another.
    ///   - removed: number of folds.
    func plan(
        similarity: [[Double]], kinds: [String], removing removed: Int
    ) throws(PlanError) -> FoldPlan {
        let count = kinds.count
        guard similarity.count == count else {
            throw .malformed("similarity of \(similarity.count) layers for a model of \(count)")
        }
        let means = similarity.map { row in row.reduce(0, +) / Double(count) }
        var groups = (0..<count).map {
            Group(shares: [LayerShare(layer: $0, weight: 1)], kind: kinds[$0])
        }
        var notes: [String] = []
        for _ in 0..<removed {
            guard let pair = next(groups, similarity) else {
                throw .noFoldablePair(remaining: groups.count, wanted: count - removed)
            }
            let lambda = weight.lambda(
                mean(groups[pair.first], means, pair.first),
                mean(groups[pair.second], means, pair.second))
            groups[pair.first].shares =
                groups[pair.first].shares.map {
                    LayerShare(layer: $0.layer, weight: $0.weight * lambda)
                }
                + groups[pair.second].shares.map {
                    LayerShare(layer: $0.layer, weight: $0.weight * (1 - lambda))
                }
            groups.remove(at: pair.second)
        }
        if Set(kinds).count > 1 {
            notes.append(
                "layers differ in kind (\(Set(kinds).sorted().joined(separator: "; "))): only layers "
                    + "of one kind were folded into one another")
        }
        return FoldPlan(
            originalLayers: count,
            layers: groups.enumerated().map { index, group in
                PlannedLayer(
                    into: index, from: group.shares.sorted { $0.layer < $1.layer })
            }, foldsNorms: foldsNorms, notes: notes)
    }

    /// Mean similarity of a group. The official code looks up the row of the layer at the
    /// group's place in the ORIGINAL order, never an average; so does the official weight.
    private func mean(_ group: Group, _ means: [Double], _ position: Int) -> Double {
        if weight == .official { return means[group.members.min() ?? position] }
        return group.members.reduce(0) { $0 + means[$1] } / Double(group.members.count)
    }

    private func next(
        _ groups: [Group], _ similarity: [[Double]]
    ) -> (first: Int, second: Int)? {
        let pairs = candidates(groups)
        switch order {
        case .reverse: return pairs.max { ($0.second, $0.first) < ($1.second, $1.first) }
        case .similarity:
            var best: (pair: (first: Int, second: Int), value: Double)?
            for pair in pairs {
                let value = average(groups[pair.first], groups[pair.second], similarity)
                // A tie goes to the later pair: late layers are the more redundant ones.
                if value >= best?.value ?? -Double.infinity { best = (pair, value) }
            }
            return best?.pair
        }
    }

    private func candidates(_ groups: [Group]) -> [(first: Int, second: Int)] {
        var pairs: [(first: Int, second: Int)] = []
        for first in groups.indices {
            for second in groups.indices.dropFirst(first + 1)
            where groups[first].kind == groups[second].kind {
                pairs.append((first, second))
                if scope == .adjacent { break }
            }
        }
        return pairs
    }

    private func average(_ a: Group, _ b: Group, _ similarity: [[Double]]) -> Double {
        var sum = 0.0
        for first in a.members {
            for second in b.members { sum += similarity[first][second] }
        }
        return sum / Double(a.members.count * b.members.count)
    }
}
