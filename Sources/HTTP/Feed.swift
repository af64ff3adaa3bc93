// News that many clients read, each at its own pace. Nothing is kept for a client but where it is:
// the loop that owns the sockets asks its feed for more when the last bytes are gone. So a waiting
// client costs no task and no thread, and a slow one no memory.

/// One client's view of the news.
package protocol Feed: Sendable {
    /// Who reads it, as places are given: a user number; nil where nobody knows.
    var holder: Int? { get }

    /// The first bytes, before any news.
    mutating func opening() -> [UInt8]

    /// What comes next; empty where nothing is new. Is called on the thread of the sockets, and so
    /// must neither block nor take long.
    /// - Parameter bytesMax: about as much as is wanted; one piece of news may be larger.
    mutating func next(bytesMax: Int) -> [UInt8]

    /// What shows a client that its feed lives.
    var pulse: [UInt8] { get }

    /// Whether its reader may read no more: it ends before the next news or sign of life. As quick
    /// as `next`.
    var isOver: Bool { get }
}

extension Peer.Party {
    init(holder: Int?) { self = holder.map(Peer.Party.user) ?? .unknown }
}
