// A set of Unicode scalar values, kept as an inversion list: the classes of tokenizer patterns.

/// A set of Unicode scalar values (0 to 0x10FFFF; surrogates are never asked for).
struct ScalarSet: Hashable, Sendable {
    /// Where membership changes, ascending: in from edges[0], out from edges[1], and so on.
    /// An odd count means: in, to the last scalar value.
    let edges: [UInt32]

    static let empty = ScalarSet(edges: [])
    static let everything = ScalarSet(edges: [0])

    init(edges: [UInt32]) {
        self.edges = edges
    }

    init(_ range: ClosedRange<UInt32>) {
        edges =
            range.upperBound >= 0x10FFFF
            ? [range.lowerBound] : [range.lowerBound, range.upperBound + 1]
    }

    init(_ value: UInt32) {
        self.init(value...value)
    }

    /// A set written as in UnicodeTables: alternately how many values to skip and to take.
    init(runs: String) {
        var edges: [UInt32] = []
        var position: UInt32 = 0
        for number in runs.split(separator: " ") {
            guard let length = UInt32(number) else {
                preconditionFailure("a generated table holds `\(number)`, which is no number")
            }
            position += length
            if position < 0x110000 { edges.append(position) }
        }
        self.edges = edges
    }

    func contains(_ value: UInt32) -> Bool {
        // The number of edges at or below the value is odd inside the set.
        var low = 0
        var high = edges.count
        while low < high {
            let middle = (low + high) / 2
            if edges[middle] <= value { low = middle + 1 } else { high = middle }
        }
        return low % 2 == 1
    }

    var inverted: ScalarSet {
        ScalarSet(edges: edges.first == 0 ? Array(edges.dropFirst()) : [0] + edges)
    }

    func union(_ other: ScalarSet) -> ScalarSet {
        combined(with: other) { $0 || $1 }
    }

    func intersection(_ other: ScalarSet) -> ScalarSet {
        combined(with: other) { $0 && $1 }
    }

    func subtracting(_ other: ScalarSet) -> ScalarSet {
        combined(with: other) { $0 && !$1 }
    }

    /// Walks both edge lists at once. `rule` must give false for (false, false).
    private func combined(
        with other: ScalarSet, by rule: (Bool, Bool) -> Bool
    ) -> ScalarSet {
        var result: [UInt32] = []
        var (i, j) = (0, 0)
        var (inSelf, inOther, inResult) = (false, false, false)
        while i < edges.count || j < other.edges.count {
            let mine = i < edges.count ? edges[i] : .max
            let theirs = j < other.edges.count ? other.edges[j] : .max
            let edge = min(mine, theirs)
            if mine == edge {
                inSelf.toggle()
                i += 1
            }
            if theirs == edge {
                inOther.toggle()
                j += 1
            }
            if rule(inSelf, inOther) != inResult {
                inResult.toggle()
                result.append(edge)
            }
        }
        return ScalarSet(edges: result)
    }
}
