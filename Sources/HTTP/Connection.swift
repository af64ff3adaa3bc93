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
        }
    }

    mutating func add(_ piece: [UInt8]) { output += HTTPResponse.chunk(piece) }

    mutating func endStream() {
        isStreaming = false
        output += HTTPResponse.lastChunk
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
