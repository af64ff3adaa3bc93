// Talks to layerfoldd over its unix socket: HTTP/1.1, one connection for each request, every size
// and time limited. The routes are listed in docs/JOB_FORMAT.md.

import DurableIO
package import Failures
package import Foundation
import Glibc
package import Jobs

/// Jobs of a daemon on this machine.
package struct DaemonClient {
    /// What an exchange can end in, other than an answer.
    package enum ClientError: ClassifiedFailure, CustomStringConvertible {
        /// Nobody listens there, or not to us.
        case notReachable(socket: String, reason: String)
        /// Somebody took the request, and ended the connection without a word.
        case closed(socket: String)
        /// Somebody listens who does not speak this protocol.
        case badAnswer(socket: String, reason: String)
        /// The daemon said no.
        case refused(ErrorDocument)

        package var failureClass: FailureClass {
            switch self {
            case .notReachable, .closed: .transient
            case .badAnswer: .user
            case .refused(let document): document.failureClass
            }
        }

        package var description: String {
            switch self {
            case .notReachable(let socket, let reason):
                "layerfoldd cannot be reached at `\(socket)`: \(reason); is it running, and may "
                    + "you use its socket?"
            case .closed(let socket):
                "layerfoldd closed the connection at `\(socket)` without an answer: is it being "
                    + "restarted? `layerfold ls` says whether it has taken a job"
            case .badAnswer(let socket, let reason):
                "the answer from `\(socket)` makes no sense: \(reason); is it layerfoldd of this "
                    + "version?"
            case .refused(let document): document.message
            }
        }
    }

    /// `<state>/run/layerfoldd.sock`.
    package let socket: String
    /// For each read and write, and three times that for the whole exchange.
    private static let timeoutSeconds = 5
    /// Longer than the daemon takes to answer or to give up: what a manifest names may lie on a
    /// file system that answers late, and who gives up first does not know whether it is queued.
    private static let manifestTimeoutSeconds = 35
    /// As much longer than a forecast may take.
    private static let planTimeoutSeconds = 360
    private static let answerBytesMax = 67_108_864
    private static let headBytesMax = 65_536

    package init(socket: String) {
        self.socket = socket
    }

    package func status() throws -> ServerStatus { try get("/v1/status") }
    package func inbox() throws -> InboxReport { try get("/v1/inbox") }
    /// A part of the list of jobs, in the order that is asked for.
    package func page(_ query: JobQuery) throws -> JobList { try get("/v1/jobs" + query.text) }

    /// The newest jobs, oldest first.
    /// - Parameters:
    ///   - limit: at most so many; what one answer holds where left out.
    ///   - states: only jobs in one of these; empty for all.
    package func jobs(limit: Int? = nil, states: [JobState] = []) throws -> JobList {
        var query = JobQuery()
        query.order = .submitted
        query.limit = limit ?? query.limit
        query.states = states
        return JobList(jobs: try page(query).jobs.reversed())
    }

    /// A part of the record of who did what.
    package func audit(_ query: AuditQuery) throws -> AuditList {
        try get("/v1/audit" + query.text)
    }

    package func job(_ id: String) throws -> JobDetail { try get("/v1/jobs/\(Self.escaped(id))") }

    package func progress(of id: String) throws -> JobProgress {
        try get("/v1/jobs/\(Self.escaped(id))/progress")
    }

    /// - Parameter name: the job's name where the manifest gives none.
    package func submit(manifest: Data, name: String) throws -> JobReceipt {
        try decoded(
            exchange(
                "POST", "/v1/jobs", ["X-Layerfold-Name": Self.escaped(name)], manifest,
                timeoutSeconds: Self.manifestTimeoutSeconds))
    }

    /// Whether the daemon would take a manifest.
    package func check(manifest: Data, name: String) throws -> JobDescription {
        try decoded(
            exchange(
                "POST", "/v1/check", ["X-Layerfold-Name": Self.escaped(name)], manifest,
                timeoutSeconds: Self.manifestTimeoutSeconds))
    }

    /// What a manifest would take, as `layerfold plan --json` prints it; may take minutes.
    package func plan(manifest: Data, name: String) throws -> Data {
        try exchange(
            "POST", "/v1/plan", ["X-Layerfold-Name": Self.escaped(name)], manifest,
            timeoutSeconds: Self.planTimeoutSeconds
        ).body
    }

    package func cancel(_ id: String) throws -> JobReceipt {
        try post("/v1/jobs/\(Self.escaped(id))/cancel")
    }
    package func retry(_ id: String) throws -> JobReceipt {
        try post("/v1/jobs/\(Self.escaped(id))/retry")
    }

    package func hold(_ id: String) throws -> JobReceipt {
        try post("/v1/jobs/\(Self.escaped(id))/hold")
    }
    package func release(_ id: String) throws -> JobReceipt {
        try post("/v1/jobs/\(Self.escaped(id))/release")
    }
    package func setPriority(_ id: String, to priority: Int) throws -> JobReceipt {
        try post("/v1/jobs/\(Self.escaped(id))/priority?to=\(priority)")
    }

    package func remove(_ id: String, _ part: RemovedPart) throws -> RemovalReceipt {
        let path = "/v1/jobs/\(Self.escaped(id))" + (part == .results ? "/results" : "")
        return try decoded(exchange("DELETE", path, [:], Data()))
    }

    /// One's own tokens; those of all for admins.
    package func tokens() throws -> TokenList { try get("/v1/tokens") }

    package func makeToken(_ request: TokenRequest) throws -> NewToken {
        try decoded(
            exchange(
                "POST", "/v1/tokens", ["Content-Type": "application/json"],
                try JobJSON.encode(request)))
    }

    package func revokeToken(_ id: String) throws -> TokenSummary {
        try decoded(exchange("DELETE", "/v1/tokens/\(Self.escaped(id))", [:], Data()))
    }

    /// How the caller is told of jobs.
    package func notify() throws -> NotifyReport { try get("/v1/notify") }

    /// - Parameter wish: JSON of a `NotifyWish`; empty: what is kept stays.
    package func setNotify(_ wish: Data, renewsSecret: Bool) throws -> NotifyReport {
        let query = renewsSecret ? "?secret=new" : ""
        return try decoded(exchange("PUT", "/v1/notify" + query, [:], wish))
    }

    package func forgetNotify() throws -> NotifyReport {
        try decoded(exchange("DELETE", "/v1/notify", [:], Data()))
    }

    package func testNotify() throws -> NotifyReport { try post("/v1/notify/test") }

    /// A part of the worker's log, at most 256 KiB.
    /// - Parameter offset: where to begin; nil for the last part.
    /// - Returns: the bytes, and the offset of those that come next.
    package func log(of id: String, from offset: Int?) throws -> (bytes: Data, nextOffset: Int) {
        let query = offset.map { "?offset=\($0)" } ?? ""
        let answer = try exchange("GET", "/v1/jobs/\(Self.escaped(id))/log\(query)", [:], Data())
        guard let text = answer.headers["x-layerfold-next-offset"], let next = Int(text) else {
            throw ClientError.badAnswer(socket: socket, reason: "no offset in the answer")
        }
        return (answer.body, next)
    }

    // MARK: Events

    /// Longer than the daemon stays silent while it has nothing to tell.
    private static let silenceSeconds = 45

    /// What happens from now on, or from a number on. Returns when the daemon has begun to tell.
    package func events(_ query: EventQuery = EventQuery()) throws -> EventStream {
        let descriptor = try connected(Self.silenceSeconds)
        var isHandedOn = false
        defer { if !isHandedOn { Glibc.close(descriptor) } }
        let head =
            "GET /v1/events\(query.text) HTTP/1.1\r\nHost: localhost\r\n"
            + "Accept: text/event-stream\r\n\r\n"
        try send(Data(head.utf8), to: descriptor, Self.silenceSeconds)
        var answer = Data()
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let separator = Data("\r\n\r\n".utf8)
        while true {
            let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
            if count < 0, errno == EINTR { continue }
            let isMore = try hasMore(count, after: answer, Self.silenceSeconds)
            guard isMore, answer.count <= Self.headBytesMax else {
                throw ClientError.badAnswer(
                    socket: socket, reason: "no end of the header in \(answer.count) bytes")
            }
            answer.append(contentsOf: buffer[..<count])
            guard let gap = answer.range(of: separator) else { continue }
            if answer.starts(with: Data("HTTP/1.1 200 ".utf8)) {
                isHandedOn = true
                return try EventStream(
                    descriptor, rest: Array(answer[gap.upperBound...]),
                    unreachable: { unreachable(Self.silenceSeconds) },
                    nonsense: { .badAnswer(socket: socket, reason: $0) })
            }
            // A refusal, which ends.
            let all = try received(from: descriptor, after: answer, Self.timeoutSeconds)
            throw ClientError.refused(try decoded(try parsed(all)))
        }
    }

    // MARK: Exchange

    private struct Answer {
        let status: Int
        /// Names in lower case.
        let headers: [String: String]
        let body: Data
    }

    private func get<Document: Decodable>(_ path: String) throws -> Document {
        try decoded(exchange("GET", path, [:], Data()))
    }

    private func post<Document: Decodable>(_ path: String) throws -> Document {
        try decoded(exchange("POST", path, [:], Data()))
    }

    private func decoded<Document: Decodable>(_ answer: Answer) throws -> Document {
        do {
            return try JSONDecoder().decode(Document.self, from: answer.body)
        } catch {
            throw ClientError.badAnswer(socket: socket, reason: FaultText.describe(error))
        }
    }

    private func exchange(
        _ method: String, _ path: String, _ headers: [String: String], _ body: Data,
        timeoutSeconds: Int = Self.timeoutSeconds
    ) throws -> Answer {
        let descriptor = try connected(timeoutSeconds)
        defer { Glibc.close(descriptor) }
        var head = "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        head += "Content-Length: \(body.count)\r\n\r\n"
        try send(Data(head.utf8) + body, to: descriptor, timeoutSeconds)
        let answer = try parsed(try received(from: descriptor, timeoutSeconds))
        guard (200..<300).contains(answer.status) else {
            throw ClientError.refused(try decoded(answer))
        }
        return answer
    }

    private func connected(_ timeoutSeconds: Int) throws -> CInt {
        guard let address = UnixAddress(path: socket) else {
            throw ClientError.notReachable(socket: socket, reason: "the path is too long")
        }
        let descriptor = Glibc.socket(
            AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw unreachable(timeoutSeconds) }
        var timeout = timeval(tv_sec: timeoutSeconds, tv_usec: 0)
        let timeoutBytes = socklen_t(MemoryLayout<timeval>.size)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            _ = unsafe setsockopt(descriptor, SOL_SOCKET, option, &timeout, timeoutBytes)
        }
        let result = unsafe address.lend { unsafe connect(descriptor, $0, $1) }
        guard result == 0 else {
            let error = unreachable(timeoutSeconds)
            Glibc.close(descriptor)
            throw error
        }
        return descriptor
    }

    private func send(_ data: Data, to descriptor: CInt, _ timeoutSeconds: Int) throws {
        var rest = Array(data)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.send(
                    descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            // A daemon that refuses a large body answers before it has read it all.
            if count < 0, errno == EPIPE || errno == ECONNRESET { return }
            guard count > 0 else { throw unreachable(timeoutSeconds) }
            rest = rest.dropFirst(count)
        }
    }

    /// What comes until the other side ends.
    /// - Parameter start: what has come before.
    private func received(
        from descriptor: CInt, after start: Data = Data(), _ timeoutSeconds: Int
    ) throws -> Data {
        let end = ContinuousClock.now + .seconds(3 * timeoutSeconds)
        var answer = start
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
            if count < 0, errno == EINTR { continue }
            guard try hasMore(count, after: answer, timeoutSeconds) else { return answer }
            answer.append(contentsOf: buffer[..<count])
            guard answer.count <= Self.answerBytesMax, ContinuousClock.now < end else {
                throw ClientError.badAnswer(socket: socket, reason: "it does not end")
            }
        }
    }

    /// - Parameters:
    ///   - count: what `recv` gave back, and `errno` explains.
    ///   - answer: what has come before.
    /// - Returns: whether bytes have come; false where the other side has ended.
    /// - Throws: where it has ended without a word, or has said nothing for too long.
    private func hasMore(_ count: Int, after answer: Data, _ timeoutSeconds: Int) throws -> Bool {
        if count > 0 { return true }
        // Who ends before all of the request is read resets the connection.
        guard count == 0 || errno == ECONNRESET else { throw unreachable(timeoutSeconds) }
        guard !answer.isEmpty else { throw ClientError.closed(socket: socket) }
        return false
    }

    private func parsed(_ data: Data) throws -> Answer {
        func bad(_ reason: String) -> ClientError { .badAnswer(socket: socket, reason: reason) }
        let separator = Data("\r\n\r\n".utf8)
        guard let gap = data.prefix(Self.headBytesMax).range(of: separator) else {
            throw bad("no end of the header in \(data.count) bytes")
        }
        let lines = String(decoding: data[..<gap.lowerBound], as: UTF8.self)
            .split(separator: "\r\n")
        guard let first = lines.first?.split(separator: " "), first.count >= 2,
            first[0].hasPrefix("HTTP/1."), let status = Int(first[1])
        else { throw bad("no status line") }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] =
                line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        let body = Data(data[gap.upperBound...])
        if let length = headers["content-length"].flatMap({ Int($0) }), length != body.count {
            throw bad("\(body.count) bytes instead of \(length)")
        }
        return Answer(status: status, headers: headers, body: body)
    }

    private func unreachable(_ timeoutSeconds: Int) -> ClientError {
        let code = errno
        let reason =
            code == EAGAIN
            ? "no answer in \(timeoutSeconds) s" : unsafe String(cString: strerror(code))
        return .notReachable(socket: socket, reason: reason)
    }

    /// Nothing that a person types may end a header line or a path.
    private static func escaped(_ text: String) -> String {
        text.addingPercentEncoding(
            withAllowedCharacters: .alphanumerics.union(.init(charactersIn: "._-")))
            ?? ""
    }
}
