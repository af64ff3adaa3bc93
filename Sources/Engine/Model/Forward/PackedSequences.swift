// Token sequences laid end to end, without padding; attention never crosses a border.

/// A batch of token sequences, packed.
package struct PackedSequences: Sendable {
    package let tokens: [Int32]
    /// Token range of each sequence inside `tokens`.
    package let ranges: [Range<Int>]

    package init(_ sequences: [[Int32]]) {
        var ranges: [Range<Int>] = []
        var tokens: [Int32] = []
        tokens.reserveCapacity(sequences.reduce(0) { $0 + $1.count })
        for sequence in sequences {
            ranges.append(tokens.count..<tokens.count + sequence.count)
            tokens += sequence
        }
        self.tokens = tokens
        self.ranges = ranges
    }

    package var longest: Int { ranges.map(\.count).max() ?? 0 }

    /// Runs of whole sequences of at most `limit` tokens together (a longer sequence is a wave of
    /// its own): what a layer computes at once.
    package func waves(limit: Int) -> [Range<Int>] {
        var waves: [Range<Int>] = []
        var start = 0
        while start < ranges.count {
            var end = start + 1
            while end < ranges.count,
                ranges[end].upperBound - ranges[start].lowerBound <= limit
            {
                end += 1
            }
            waves.append(start..<end)
            start = end
        }
        return waves
    }
}
