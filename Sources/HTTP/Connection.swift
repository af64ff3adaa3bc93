// One connection: what came in, what is to go out, and until when it may take. No system calls.

/// The life of one connection, which carries one request.
struct Connection {
    enum Phase: Hashable {
        /// The request comes in.
        case reading
        /// Somebody works out the answer.
        case answering
        /// The answer goes out.
        case writing
        /// All is said; what a refused client still sends is thrown away.
        case lingering
    }

    let id: Int
    let descriptor: CInt
    let peer: Peer
    /// Milliseconds, as all times.
    let startedAt: Int
    private(set) var phase = Phase.reading
    private(set) var phaseAt: Int
    /// When bytes moved last.
    private var movedAt: Int
    private(set) var reader: RequestReader
    private(set) var output: [UInt8] = []
    private(set) var sentCount = 0
    private(set) var isStreaming = false
    /// Where more comes from by itself.
    private var feed: (any Feed)?
    /// Until when somebody may work out the answer.
    private var answerBy = Int.max
    /// Whether the client may still be sending what nobody reads.
    private var isUnread = false
    /// The answer's task, to be cancelled where nobody waits for it any more.
    var task: Task<Void, Never>?
    /// A writer that waits for room.
    var waiter: CheckedContinuation<Void, any Error>?

    /// A client that takes nothing of its answer for so long yields to others.
    private static let slowTime = 1_000

    init(id: Int, descriptor: CInt, peer: Peer, now: Int, limits: HTTPLimits) {
        self.id = id
        self.descriptor = descriptor
        self.peer = peer
        startedAt = now
        phaseAt = now
        movedAt = now
        reader = RequestReader(limits: limits)
    }

    // MARK: Moves

    private mutating func enter(_ phase: Phase, now: Int) {
        self.phase = phase
        phaseAt = now
        movedAt = now
    }

    /// Takes bytes of the request. Only its end ends this phase.
    mutating func receive(_ bytes: ArraySlice<UInt8>, now: Int) {
        movedAt = now
        let expected = reader.expectsContinue
        reader.take(bytes)
        if !expected, reader.expectsContinue, reader.outcome == nil {
            output += HTTPResponse.leaveToSend
        }
    }

    /// - Parameter patience: how long the answer may take.
    mutating func beginAnswering(patience: Int, now: Int) {
        enter(.answering, now: now)
        answerBy = now + patience
    }

    mutating func answer(_ response: HTTPResponse, isUnread: Bool = false, now: Int) {
        enter(.writing, now: now)
        self.isUnread = isUnread
        output += response.head
        switch response.body {
        case .bytes(let bytes): output += bytes
        case .stream: isStreaming = true
        case .feed(var feed):
            isStreaming = true
            output += HTTPResponse.chunk(feed.opening())
            self.feed = feed
        }
    }

    mutating func add(_ piece: [UInt8], now: Int) {
        // Who had nothing to take was not slow.
        if unsent.isEmpty { movedAt = now }
        output += HTTPResponse.chunk(piece)
    }

    mutating func endStream() {
        isStreaming = false
        feed = nil
        output += HTTPResponse.lastChunk
    }

    // MARK: Feeds

    var isFeed: Bool { feed != nil }

    /// Takes the feed's news, where the client has taken what came before.
    /// - Returns: false where there is nothing to send.
    mutating func pull(_ limits: HTTPLimits, now: Int) -> Bool {
        guard feed?.isOver == false, unsent.isEmpty else { return false }
        let bytes = feed?.next(bytesMax: limits.feedBytes) ?? []
        if bytes.isEmpty { return false }
        add(bytes, now: now)
        return true
    }

    enum FeedTurn: Hashable { case pulse, end }

    /// What is to be done at a feed besides news, and when; nil while its client is slow, or where
    /// there is none.
    func feedTurn(_ limits: HTTPLimits) -> (turn: FeedTurn, at: Int)? {
        guard let feed, unsent.isEmpty else { return nil }
        if feed.isOver { return (.end, phaseAt) }
        let (pulse, end) = (movedAt + limits.feedPulse, phaseAt + limits.feedTime)
        return end <= pulse ? (.end, end) : (.pulse, pulse)
    }

    mutating func take(_ turn: FeedTurn, now: Int) {
        switch turn {
        case .pulse: add(feed?.pulse ?? [], now: now)
        case .end: endStream()
        }
    }

    /// What is still to be sent.
    var unsent: ArraySlice<UInt8> { output[sentCount...] }

    mutating func sent(_ count: Int, now: Int) {
        movedAt = now
        sentCount += count
        // Moved up seldom, so that a long answer is not copied for each piece.
        if sentCount == output.count || (isStreaming && sentCount > output.count / 2) {
            output.removeFirst(sentCount)
            sentCount = 0
        }
    }

    enum Next: Hashable { case more, linger, close }

    /// What follows where nothing is left to send.
    mutating func afterFlush(now: Int) -> Next {
        guard phase == .writing, unsent.isEmpty, !isStreaming else { return .more }
        guard isUnread else { return .close }
        enter(.lingering, now: now)
        return .linger
    }

    // MARK: Questions

    /// How long the answer has been waited for.
    func waited(now: Int) -> Int { now - phaseAt }

    var isReading: Bool { phase == .reading || phase == .lingering }

    func hasRoom(_ limits: HTTPLimits) -> Bool { unsent.count <= limits.streamBytes }

    /// When it has taken too long; nil where nothing is owed.
    func deadline(_ limits: HTTPLimits) -> Int? {
        switch phase {
        case .reading:
            min(
                startedAt + (reader.hasHead ? limits.requestTime : limits.headTime),
                movedAt + limits.idleTime)
        case .answering: answerBy
        case .writing:
            if unsent.isEmpty {
                nil
            } else {
                isStreaming
                    ? movedAt + limits.stallTime
                    : min(movedAt + limits.stallTime, phaseAt + limits.answerTime)
            }
        case .lingering: phaseAt + limits.lingerTime
        }
    }

    /// As a feed, which always yields: its client comes back and goes on where it was.
    var feedHolder: PlaceHolder? {
        feed.map { PlaceHolder(id: id, party: Peer.Party(holder: $0.holder), isYielding: true) }
    }

    func holder(now: Int) -> PlaceHolder {
        let isYielding =
            switch phase {
            case .reading, .lingering: true
            case .answering: false
            case .writing: !unsent.isEmpty && now - movedAt >= Self.slowTime
            }
        return PlaceHolder(id: id, party: peer.party, isYielding: isYielding)
    }
}
