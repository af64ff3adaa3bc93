// Remembers the ids of short pieces: in running text most pieces have been met before.

/// A bounded map from the bytes of a piece to its ids. When it is full it is emptied.
struct WordCache: Sendable {
    /// Longer pieces are rare, and seldom met twice.
    static let pieceBytesMax = 64
    /// About 1.3 MB in all; 40,000 different words cover most texts.
    static let slotCount = 1 << 16
    private static let entriesMax = slotCount * 5 / 8
    /// A full neighbourhood is not worth walking further.
    private static let probesMax = 16

    private struct Entry: Sendable {
        var hash: UInt64 = 0
        var keyStart: UInt32 = 0
        var idStart: UInt32 = 0
        /// 0 for an empty slot.
        var keyCount: UInt8 = 0
        var idCount: UInt8 = 0
    }

    private var entries: [Entry] = []
    private var entryCount = 0
    private var keys: [UInt8] = []
    private var ids: [Int32] = []

    static func hash(_ bytes: [UInt8], _ piece: Range<Int>) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes[piece] { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return hash ^ hash >> 32
    }

    /// Appends the ids of the piece and returns true, if it is known.
    func appendIDs(
        of bytes: [UInt8], _ piece: Range<Int>, hash: UInt64, to result: inout [Int32]
    ) -> Bool {
        guard !entries.isEmpty else { return false }
        for probe in 0..<Self.probesMax {
            let entry = entries[Self.slot(hash, probe)]
            if entry.keyCount == 0 { return false }
            if entry.hash == hash, Int(entry.keyCount) == piece.count, matches(entry, bytes, piece)
            {
                let start = Int(entry.idStart)
                result.append(contentsOf: ids[start..<start + Int(entry.idCount)])
                return true
            }
        }
        return false
    }

    mutating func insert(
        _ bytes: [UInt8], _ piece: Range<Int>, hash: UInt64, ids newIDs: ArraySlice<Int32>
    ) {
        guard newIDs.count <= Int(UInt8.max) else { return }
        if entries.isEmpty || entryCount == Self.entriesMax { empty() }
        for probe in 0..<Self.probesMax {
            let slot = Self.slot(hash, probe)
            guard entries[slot].keyCount == 0 else { continue }
            entries[slot] = Entry(
                hash: hash, keyStart: UInt32(keys.count), idStart: UInt32(ids.count),
                keyCount: UInt8(piece.count), idCount: UInt8(newIDs.count))
            keys.append(contentsOf: bytes[piece])
            ids.append(contentsOf: newIDs)
            entryCount += 1
            return
        }
    }

    private mutating func empty() {
        entries = [Entry](repeating: Entry(), count: Self.slotCount)
        entryCount = 0
        keys.removeAll(keepingCapacity: true)
        ids.removeAll(keepingCapacity: true)
    }

    @inline(__always)
    private func matches(_ entry: Entry, _ bytes: [UInt8], _ piece: Range<Int>) -> Bool {
        var index = Int(entry.keyStart)
        for byte in bytes[piece] {
            if keys[index] != byte { return false }
            index += 1
        }
        return true
    }

    @inline(__always)
    private static func slot(_ hash: UInt64, _ probe: Int) -> Int {
        Int(truncatingIfNeeded: hash &+ UInt64(probe)) & (slotCount - 1)
    }
}
