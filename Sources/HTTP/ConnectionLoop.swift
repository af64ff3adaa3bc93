// The thread that owns the sockets: waits for all of them at once, moves bytes, and ends what takes
// too long. What to do is decided by `Connection` and `Place`; system calls are made here.

import Glibc
import Synchronization

/// `accept4` is declared for _GNU_SOURCE only, and missing in Swift's Glibc module. Without it a
/// child process that is started at the wrong moment would hold the connection open.
@_silgen_name("accept4")
private func linuxAccept4(_ socket: CInt, _ address: Int, _ length: Int, _ flags: CInt) -> CInt

struct ConnectionLoop {
    private let server: HTTPServer
    private let limits: HTTPLimits
    private var connections: [Int: Connection] = [:]
    /// Answers that are worked out, with who asked: some may outlive their connections.
    private var work: [Int: Peer.Party] = [:]
    /// Connections that are feeds; they take no places of others.
    private var feeds: Set<Int> = []
    private var hasNews = false
    /// No news goes out before this time.
    private var newsAt = 0
    private var nextID = 0
    private var isStopping = false
    /// Nothing is accepted before this time: there were no descriptors left.
    private var acceptsAt = 0
    private var buffer = [UInt8](repeating: 0, count: 65_536)

    /// Taken in a row, so that connections are served meanwhile.
    private static let acceptedMax = 64
    private static let pauseTime = 100

    init(_ server: HTTPServer) {
        self.server = server
        limits = server.limits
    }

    /// The time of this round.
    private var now = 0

    mutating func run() {
        while !isStopping {
            now = server.clock()
            let (ids, ready) = wait()
            now = server.clock()
            for letter in server.mailbox.take() { take(letter) }
            for (id, events) in zip(ids, ready.dropFirst()) where events != 0 { serve(id, events) }
            if now >= acceptsAt { server.listeners.forEach { accept($0) } }
            let late = connections.values.filter { ($0.deadline(limits) ?? .max) <= now }.map(\.id)
            for id in late { expire(id) }
            feedAll()
        }
        stop()
    }

    /// - Returns: what is ready of the bell, then of each connection.
    private func wait() -> (ids: [Int], ready: [Int16]) {
        let ids = connections.keys.sorted()
        server.population.withLock {
            $0 = .init(connections: ids.count - feeds.count, feeds: feeds.count)
        }
        var polls = [pollfd(fd: server.mailbox.bell, events: Int16(POLLIN), revents: 0)]
        for id in ids {
            guard let connection = connections[id] else { continue }
            var events: Int16 = connection.isReading ? Int16(POLLIN) : 0
            if !connection.unsent.isEmpty { events |= Int16(POLLOUT) }
            polls.append(pollfd(fd: connection.descriptor, events: events, revents: 0))
        }
        var end = connections.values.compactMap { connection in
            [connection.deadline(limits), connection.feedTurn(limits)?.at].compactMap(\.self).min()
        }.min()
        if hasNews { end = min(end ?? newsAt, newsAt) }
        if now >= acceptsAt {
            for listener in server.listeners {
                polls.append(pollfd(fd: listener.descriptor, events: Int16(POLLIN), revents: 0))
            }
        } else {
            end = min(end ?? acceptsAt, acceptsAt)
        }
        // A millisecond late rather than early, which would only turn round here.
        let timeout = end.map { CInt(clamping: max(0, $0 - now) + 1) } ?? -1
        let count = unsafe poll(&polls, nfds_t(polls.count), timeout)
        return (ids, count > 0 ? polls.map(\.revents) : polls.map { _ in 0 })
    }

    // MARK: Connections

    private mutating func accept(_ listener: Listener) {
        for _ in 0..<Self.acceptedMax {
            let flags = CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
            let descriptor = linuxAccept4(listener.descriptor, 0, 0, flags)
            guard descriptor >= 0 else {
                switch errno {
                case EINTR, ECONNABORTED: continue
                case EMFILE, ENFILE, ENOMEM, ENOBUFS: acceptsAt = now + Self.pauseTime
                default: break
                }
                return
            }
            nextID += 1
            let connection = Connection(
                id: nextID, descriptor: descriptor, peer: Peer(of: descriptor), now: now,
                limits: limits)
            let holders = connections.values.filter { !$0.isFeed }.sorted { $0.id < $1.id }
                .map { $0.holder(now: now) }
            switch Place.find(for: connection.peer.party, among: holders, limits: limits) {
            case .free: connections[connection.id] = connection
            case .of(let other):
                if connections[other]?.phase == .reading { say(.noPlace, to: other) }
                drop(other)
                connections[connection.id] = connection
            case .missing:
                connections[connection.id] = connection
                say(.noPlace, to: connection.id)
                drop(connection.id)
            }
        }
    }

    private mutating func serve(_ id: Int, _ events: Int16) {
        if events & Int16(POLLIN) != 0 { receive(id) }
        if events & Int16(POLLOUT) != 0 {
            flush(id)
            pull(id)
        }
        let gone = Int16(POLLERR) | Int16(POLLHUP) | Int16(POLLNVAL)
        // What came before the end is read first.
        if events & gone != 0, events & Int16(POLLIN) == 0 { drop(id) }
    }

    /// Nothing here keeps a copy of a connection while it changes: its body would be copied for
    /// each piece that comes.
    private mutating func receive(_ id: Int) {
        guard let (descriptor, phase) = connections[id].map({ ($0.descriptor, $0.phase) }),
            phase == .reading || phase == .lingering
        else { return }
        let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        guard count > 0 else { return drop(id) }
        guard phase == .reading else { return }
        connections[id]?.receive(buffer[..<count], now: now)
        switch connections[id]?.reader.outcome {
        case .complete(let request): begin(id, request)
        case .refused(let refusal): say(refusal, to: id)
        case nil: flush(id)
        }
    }

    private mutating func begin(_ id: Int, _ request: HTTPRequest) {
        guard let peer = connections[id]?.peer else { return }
        let party = peer.party
        guard work.values.count(where: { $0 == party }) < limits.connections(of: party) else {
            return say(.noPlace, to: id)
        }
        work[id] = party
        connections[id]?.beginAnswering(patience: server.patience(request), now: now)
        let (mailbox, handle) = (server.mailbox, server.handle)
        connections[id]?.task = Task {
            let response = await handle(request, peer)
            mailbox.post(.answer(id: id, response))
            guard case .stream(let body) = response.body else { return }
            do {
                try await body(ResponseStream(id: id, mailbox: mailbox))
                mailbox.post(.end(id: id, isWhole: true))
            } catch {
                mailbox.post(.end(id: id, isWhole: false))
            }
        }
    }

    private mutating func say(_ refusal: HTTPRefusal, to id: Int) {
        connections[id]?.answer(server.refuse(refusal), isUnread: true, now: now)
        flush(id)
    }

    /// Sends what the socket takes.
    private mutating func flush(_ id: Int) {
        while let descriptor = connections[id]?.descriptor, connections[id]?.unsent.isEmpty == false
        {
            let count =
                unsafe connections[id]?.unsent.withUnsafeBytes {
                    unsafe send(
                        descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
                } ?? 0
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { break }
            guard count > 0 else { return drop(id) }
            connections[id]?.sent(count, now: now)
        }
        if connections[id]?.hasRoom(limits) == true, let waiter = connections[id]?.waiter {
            connections[id]?.waiter = nil
            waiter.resume()
        }
        switch connections[id]?.afterFlush(now: now) {
        case .close: drop(id)
        case .linger: _ = (connections[id]?.descriptor).map { shutdown($0, CInt(SHUT_WR)) }
        case .more, nil: break
        }
    }

    private mutating func expire(_ id: Int) {
        guard let connection = connections[id] else { return }
        switch connection.phase {
        case .reading: say(.late(limits), to: id)
        case .answering:
            connection.task?.cancel()
            say(.noAnswer(connection.waited(now: now)), to: id)
        case .writing, .lingering: drop(id)
        }
    }

    private mutating func drop(_ id: Int) {
        guard let connection = connections.removeValue(forKey: id) else { return }
        feeds.remove(id)
        connection.task?.cancel()
        connection.waiter?.resume(throwing: ResponseStream.ClientGone())
        // Bytes that nobody has read would take with them what was said (ECONNRESET).
        for _ in 0..<8
        where unsafe recv(connection.descriptor, &buffer, buffer.count, 0) <= 0 { break }
        close(connection.descriptor)
    }

    // MARK: Feeds

    /// The connection leaves its place and takes one among the feeds.
    private mutating func begin(_ id: Int, _ feed: any Feed, _ response: HTTPResponse) {
        let holders = feeds.sorted().compactMap { connections[$0]?.feedHolder }
        let place = Place.find(
            for: Peer.Party(holder: feed.holder), among: holders, countMax: limits.feeds,
            ownMax: limits.feeds)
        switch place {
        case .free: break
        case .of(let other): end(other)
        case .missing: return say(.noPlace, to: id)
        }
        if let descriptor = connections[id]?.descriptor { FeedSocket.prepare(descriptor, limits) }
        feeds.insert(id)
        connections[id]?.answer(response, now: now)
        flush(id)
        pull(id)
    }

    /// Sends what the feed has, as far as the socket takes it.
    private mutating func pull(_ id: Int) {
        while connections[id]?.pull(limits, now: now) == true { flush(id) }
    }

    /// Ends a feed as a whole answer, as far as its client takes that.
    private mutating func end(_ id: Int) {
        connections[id]?.take(.end, now: now)
        flush(id)
        drop(id)
    }

    /// Hands out what is new, and signs of life.
    private mutating func feedAll() {
        let isRound = hasNews && now >= newsAt
        if isRound { (hasNews, newsAt) = (false, now + limits.feedPause) }
        for id in feeds {
            if isRound { pull(id) }
            guard let (turn, at) = connections[id]?.feedTurn(limits), at <= now else { continue }
            if turn == .end {
                end(id)
            } else {
                connections[id]?.take(turn, now: now)
                flush(id)
            }
        }
    }

    // MARK: Letters

    private mutating func take(_ letter: Mailbox.Letter) {
        switch letter {
        case .answer(let id, let response):
            if case .stream = response.body {} else { work[id] = nil }
            guard connections[id]?.phase == .answering else { return }
            if case .feed(let feed) = response.body { return begin(id, feed, response) }
            connections[id]?.answer(response, now: now)
            flush(id)
        case .piece(let id, let bytes, let waiter):
            guard connections[id]?.isStreaming == true else {
                return waiter.resume(throwing: ResponseStream.ClientGone())
            }
            connections[id]?.add(bytes, now: now)
            connections[id]?.waiter = waiter
            flush(id)
        case .end(let id, let isWhole):
            work[id] = nil
            guard connections[id]?.isStreaming == true else { return }
            guard isWhole else { return drop(id) }
            connections[id]?.endStream()
            flush(id)
        case .stop: isStopping = true
        case .news: hasNews = true
        case .look: break
        }
    }

    private mutating func stop() {
        for case .piece(_, _, let waiter) in server.mailbox.shut() {
            waiter.resume(throwing: ResponseStream.ClientGone())
        }
        for id in Array(connections.keys) { drop(id) }
        server.listeners.forEach { close($0.descriptor) }
    }
}
