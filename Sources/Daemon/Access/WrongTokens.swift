// How often somebody may be wrong. A right token is never refused for others that were wrong before
// it: nobody keeps a neighbour out, and 256 bits are not guessed. What is bounded is the journal,
// and what a flood costs. Pure: the time comes in.

import HTTP

struct WrongTokens: Sendable {
    enum Verdict: Hashable {
        case tell
        /// The last that is told for a while.
        case tellLast
        case refuse
    }

    private struct Count {
        var begunAt: Int
        var wrong: Int
    }

    /// So many in a minute of one address.
    static let countMax = 10
    static let windowMilliseconds = 60_000
    static let partiesMax = 1_024

    private var counts: [Peer.Party: Count] = [:]

    /// Addresses that are counted at present.
    var count: Int { counts.count }

    mutating func fail(_ party: Peer.Party, now: Int) -> Verdict {
        if counts[party] == nil, counts.count >= Self.partiesMax { makeRoom(now: now) }
        var count = counts[party] ?? Count(begunAt: now, wrong: 0)
        if now - count.begunAt >= Self.windowMilliseconds { count = Count(begunAt: now, wrong: 0) }
        count.wrong += 1
        counts[party] = count
        if count.wrong > Self.countMax { return .refuse }
        return count.wrong == Self.countMax ? .tellLast : .tell
    }

    private mutating func makeRoom(now: Int) {
        counts = counts.filter { now - $0.value.begunAt < Self.windowMilliseconds }
        guard counts.count >= Self.partiesMax else { return }
        if let oldest = counts.min(by: { $0.value.begunAt < $1.value.begunAt }) {
            counts[oldest.key] = nil
        }
    }
}
