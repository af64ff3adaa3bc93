// Merges the symbols of one piece, lowest rank first: O(n log n) for a piece of n symbols.
// Source: Sennrich, Haddow, Birch 2016, «Neural Machine Translation of Rare Words with Subword
// Units»; order of merges as in tokenizers, models/bpe/word.rs (rank, then leftmost).

/// The symbols of one piece as a linked list over arrays, with a queue of possible merges.
struct BytePairMerger: Sendable {
    /// Token ids, in text order.
    private(set) var symbols: [Int32] = []

    private var next: [Int32] = []
    private var previous: [Int32] = []
    /// Number of the pair that begins at this symbol; `none` if there is none.
    private var numbers: [UInt32] = []
    private var queue = MergeQueue()

    mutating func reset() {
        symbols.removeAll(keepingCapacity: true)
    }

    @inline(__always)
    mutating func append(_ id: Int32) {
        symbols.append(id)
    }

    /// Joins pairs until none is left that has a rank.
    ///
    /// - Parameter merged: number of a pair -> id of the joined token.
    mutating func mergeAll(_ pairs: PairTable, merged: [Int32]) {
        guard symbols.count > 1 else { return }
        link(pairs)
        while let (rank, position) = queue.popFirst() {
            // An entry is stale once the pair at its position has another rank, or is none.
            let number = numbers[position]
            guard number != PairTable.none, pairs.rank(of: number) == rank else { continue }
            let right = Int(next[position])
            let following = next[right]
            symbols[position] = merged[Int(number)]
            symbols[right] = -1
            numbers[right] = PairTable.none
            next[position] = following
            if following >= 0 { previous[Int(following)] = Int32(position) }
            findPair(at: position, pairs)
            if previous[position] >= 0 { findPair(at: Int(previous[position]), pairs) }
        }
        symbols.removeAll { $0 < 0 }
    }

    private mutating func link(_ pairs: PairTable) {
        let count = symbols.count
        next.removeAll(keepingCapacity: true)
        previous.removeAll(keepingCapacity: true)
        numbers.removeAll(keepingCapacity: true)
        queue.removeAll()
        for position in 0..<count {
            next.append(position + 1 < count ? Int32(position + 1) : -1)
            previous.append(Int32(position) - 1)
            numbers.append(PairTable.none)
        }
        for position in 0..<count - 1 {
            let number = pairs.number(symbols[position], symbols[position + 1])
            numbers[position] = number
            if number != PairTable.none {
                queue.appendUnordered(rank: pairs.rank(of: number), position: position)
            }
        }
        queue.order()
    }

    @inline(__always)
    private mutating func findPair(at position: Int, _ pairs: PairTable) {
        let right = next[position]
        let number =
            right < 0 ? PairTable.none : pairs.number(symbols[position], symbols[Int(right)])
        numbers[position] = number
        if number != PairTable.none {
            queue.insert(rank: pairs.rank(of: number), position: position)
        }
    }
}

/// A binary min-heap of (rank, position).
private struct MergeQueue: Sendable {
    /// Rank in the high half, position in the low half: comparing keys compares both.
    private var keys: [UInt64] = []

    mutating func removeAll() {
        keys.removeAll(keepingCapacity: true)
    }

    /// Before `order()`; the heap is not one until then.
    mutating func appendUnordered(rank: UInt32, position: Int) {
        keys.append(Self.key(rank, position))
    }

    mutating func order() {
        for index in stride(from: keys.count / 2 - 1, through: 0, by: -1) { siftDown(index) }
    }

    @inline(__always)
    mutating func insert(rank: UInt32, position: Int) {
        let key = Self.key(rank, position)
        var index = keys.count
        keys.append(key)
        while index > 0 {
            let parent = (index - 1) / 2
            guard keys[parent] > key else { break }
            keys[index] = keys[parent]
            index = parent
        }
        keys[index] = key
    }

    @inline(__always)
    mutating func popFirst() -> (rank: UInt32, position: Int)? {
        guard let first = keys.first, let last = keys.popLast() else { return nil }
        if !keys.isEmpty {
            keys[0] = last
            siftDown(0)
        }
        return (UInt32(first >> 32), Int(first & 0xFFFF_FFFF))
    }

    private mutating func siftDown(_ start: Int) {
        let key = keys[start]
        var index = start
        while true {
            var child = 2 * index + 1
            guard child < keys.count else { break }
            if child + 1 < keys.count && keys[child + 1] < keys[child] { child += 1 }
            guard keys[child] < key else { break }
            keys[index] = keys[child]
            index = child
        }
        keys[index] = key
    }

    @inline(__always)
    private static func key(_ rank: UInt32, _ position: Int) -> UInt64 {
        UInt64(rank) << 32 | UInt64(UInt32(position))
    }
}
