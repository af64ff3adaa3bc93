// What one connection, one user and all of them together may cost. Every size, number and time of
// the server stands here; docs/JOB_FORMAT.md lists those that a client can run into.

/// Limits of a server. Sizes in bytes, times in milliseconds of a monotonic clock.
package struct HTTPLimits: Sendable, Hashable {
    /// Without the end of the line, as the next.
    package var requestLineBytes = 8_192
    package var headerLineBytes = 8_192
    package var headerCount = 64
    /// From the first byte to the empty line.
    package var headBytes = 32_768
    package var bodyBytes = 1_048_576

    /// Connections at once; the next one takes the place of one that is slow to ask, or is refused.
    package var connections = 256
    package var connectionsPerUser = 64
    /// Those who speak for many, as a reverse proxy does: they may have all places but others'.
    package var shared: Set<Peer.Party> = []

    /// From the connection to the end of the head.
    package var headTime = 10_000
    /// From the connection to the end of the body.
    package var requestTime = 30_000
    /// Between two pieces of a request.
    package var idleTime = 5_000
    /// Between two pieces that a client takes of its answer.
    package var stallTime = 10_000
    /// From the first to the last byte of an answer that does not stream.
    package var answerTime = 60_000
    /// How long what a refused client still sends is thrown away, so that it reads why.
    package var lingerTime = 1_000
    /// Bytes of a stream that wait for its client; its writer waits beyond that.
    package var streamBytes = 262_144

    /// Feeds at once, besides the connections above; the next one takes the place of the oldest of
    /// who has most, whose client comes back and goes on where it was.
    package var feeds = 1_200
    /// Bytes of a feed that wait for one client, and about as many in the kernel: the rest stays
    /// with the feed, once for all clients.
    package var feedBytes = 16_384
    /// Between two rounds of news to all feeds: what comes meanwhile goes out together.
    package var feedPause = 50
    /// After so long without news a feed shows that it lives.
    package var feedPulse = 15_000
    /// A feed ends after this, and its client comes back: who may read it is asked anew.
    package var feedTime = 600_000

    package init() {}

    /// Descriptors that are not connections: the index, models, workers' pipes.
    private static let otherDescriptors = 512

    /// The same with as many feeds as there are descriptors for.
    package func fitting(descriptors: Int) -> HTTPLimits {
        var limits = self
        limits.feeds = min(feeds, max(8, descriptors - connections - Self.otherDescriptors))
        return limits
    }

    func connections(of party: Peer.Party) -> Int {
        shared.contains(party) ? connections : connectionsPerUser
    }
}
