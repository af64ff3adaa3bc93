// Which job is next. Nothing is kept in order: a start is rare beside the work it begins, and one
// look at every job that waits is cheap, while an order would change with every second of use.

/// The order in which jobs start: band, then fair share, then the owner's own priority, then
/// arrival.
struct StartRank: Comparable {
    let band: Int
    /// Slot seconds that the owner has used.
    let used: Double
    let priority: Int
    let sequence: Int

    init(_ entry: QueueState.Entry, used: Double) {
        band = entry.band
        self.used = used
        priority = entry.priority
        sequence = entry.sequence
    }

    /// True where the left one starts first.
    static func < (one: StartRank, other: StartRank) -> Bool {
        if one.band != other.band { return one.band > other.band }
        if one.used != other.used { return one.used < other.used }
        if one.priority != other.priority { return one.priority > other.priority }
        return one.sequence < other.sequence
    }
}

enum Order {
    /// The first of `entries` by rank.
    /// - Parameter used: slot seconds by owner; who is not there has used none.
    static func first(
        of entries: some Sequence<QueueState.Entry>, used: [Int: Double]
    ) -> QueueState.Entry? {
        var best: (entry: QueueState.Entry, rank: StartRank)?
        for entry in entries {
            let rank = StartRank(entry, used: used[entry.owner] ?? 0)
            if let best, best.rank < rank { continue }
            best = (entry, rank)
        }
        return best?.entry
    }

    /// The one that has waited longest.
    static func oldest(of entries: some Sequence<QueueState.Entry>) -> QueueState.Entry? {
        entries.min { ($0.waitingSince, $0.sequence) < ($1.waitingSince, $1.sequence) }
    }

    /// A guess at the order in which jobs will start, for people: as if all took the same time.
    static func guess(
        _ entries: some Sequence<QueueState.Entry>, used: [Int: Double]
    ) -> [String] {
        let secondsPerJob = 3_600.0
        var used = used
        // Of one owner the first is the same whatever the others do; the last lies on top.
        var stacks = Dictionary(grouping: entries, by: \.owner).mapValues { own in
            own.map { ($0, StartRank($0, used: 0)) }.sorted { $1.1 < $0.1 }.map(\.0)
        }
        var order: [String] = []
        while let next = first(of: stacks.values.compactMap(\.last), used: used) {
            order.append(next.id)
            stacks[next.owner]?.removeLast()
            used[next.owner, default: 0] += secondsPerJob
        }
        return order
    }
}
