// The merges of a byte-pair encoding: which two tokens join, how early, and into what.

/// A hash table from pairs of token ids to their numbers (open addressing, linear probing).
struct PairTable: Sendable {
    static let none = UInt32.max

    private static let emptyKey = UInt64.max

    private var keys: [UInt64] = [emptyKey]
    private var numbers: [UInt32] = [none]
    /// Number -> rank; nil where a pair's number is its rank.
    private let ranks: [UInt32]?
    private var shift: UInt64 = 63
    /// Depends on all pairs, so that no file can choose pairs which meet in one slot.
    private var seed: UInt64 = 0

    /// - Parameters:
    ///   - pairs: a pair's number is its place here. Of equal pairs the last one counts.
    ///   - ranks: the rank of each; nil where they stand in the order of their ranks.
    init(_ pairs: [(left: Int32, right: Int32)], ranks: [UInt32]? = nil) {
        self.ranks = ranks
        var bits: UInt64 = 1
        while 1 << bits < pairs.count * 2 { bits += 1 }
        shift = 64 - bits
        for (left, right) in pairs {
            seed = (seed ^ Self.key(left, right)) &* 0x0000_0100_0000_01B3
            seed ^= seed >> 29
        }
        keys = [UInt64](repeating: Self.emptyKey, count: 1 << bits)
        numbers = [UInt32](repeating: Self.none, count: 1 << bits)
        for (number, pair) in pairs.enumerated() {
            let slot = slot(of: Self.key(pair.left, pair.right))
            keys[slot] = Self.key(pair.left, pair.right)
            numbers[slot] = UInt32(number)
        }
    }

    /// The number of the pair, or `none`.
    @inline(__always)
    func number(_ left: Int32, _ right: Int32) -> UInt32 {
        numbers[slot(of: Self.key(left, right))]
    }

    /// How early a pair joins, by its number; several may have one rank.
    @inline(__always)
    func rank(of number: UInt32) -> UInt32 {
        guard let ranks else { return number }
        return ranks[Int(number)]
    }

    /// Where the key is, or the empty slot where it would be.
    @inline(__always)
    private func slot(of key: UInt64) -> Int {
        var slot = Int(truncatingIfNeeded: ((key ^ seed) &* 0x9E37_79B9_7F4A_7C15) >> shift)
        while keys[slot] != key && keys[slot] != Self.emptyKey {
            slot = (slot + 1) & (keys.count - 1)
        }
        return slot
    }

    @inline(__always)
    private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }
}
