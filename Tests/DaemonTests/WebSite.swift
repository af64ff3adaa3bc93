// The pages without sockets: a queue that was not started keeps its jobs as they are.

import Daemon
import DurableIO
import Foundation
import Jobs
import Logging
import Store
import SystemPackage
import Testing

@testable import HTTP

struct WebSite {
    let folder: TestFolder
    let state: FilePath
    let index: IndexDatabase
    let routes: StatusRoutes

    static let ann = Caller(user: 1_001, isAdmin: false)
    static let bob = Caller(user: 1_002, isAdmin: false)
    static let admin = Caller(user: 1_003, isAdmin: true)

    init(isPrivate: Bool = false) throws {
        folder = try TestFolder()
        state = folder.file("state")
        var configuration = DaemonConfiguration(
            folders: StateFolders(state: state), modelRoots: [state.appending("models")],
            dataRoots: [], worker: folder.file("worker"))
        configuration.isPrivate = isPrivate
        configuration.clock = ManualClock().daemonClock
        try configuration.folders.make()
        index = try IndexDatabase(path: configuration.folders.index)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let settings = LiveConfiguration(configuration)
        let queue = JobQueue(
            settings: settings, index: index, health: Health(),
            notifier: Notifier(environment: [:], process: 0), logger: logger)
        let inbox = Inbox(settings: settings, queue: queue, logger: logger)
        routes = StatusRoutes(pagesOf: settings, queue: queue, inbox: inbox)
    }

    struct Answer {
        let status: Int
        let headers: [String: String]
        let body: String
    }

    /// What a browser is answered; a stream as a whole.
    func ask(
        _ words: String, by caller: Caller, form: String? = nil, headers: String = ""
    ) async throws -> Answer {
        var reader = RequestReader()
        let body = form ?? ""
        let type =
            form == nil ? "" : "Content-Type: application/x-www-form-urlencoded\r\n"
        let text =
            "\(words) HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\(type)\(headers)"
            + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
        reader.take(Array(text.utf8)[...])
        guard case .complete(let request)? = reader.outcome else {
            Issue.record("no request: \(words)")
            return Answer(status: 0, headers: [:], body: "")
        }
        let response = await routes.respond(to: request, from: caller)
        let found = Dictionary(response.headers.map { ($0.name, $0.value) }) { first, _ in first }
        let bytes =
            switch response.body {
            case .bytes(let bytes): bytes
            case .stream(let write): try await Self.whole(write)
            case .feed: Array("(a feed)".utf8)
            }
        return Answer(
            status: response.status, headers: found, body: String(decoding: bytes, as: UTF8.self))
    }

    /// What a stream writes.
    private static func whole(
        _ write: @escaping @Sendable (ResponseStream) async throws -> Void
    ) async throws -> [UInt8] {
        let mailbox = try Mailbox()
        let writing = Task {
            defer { mailbox.post(.end(id: 0, isWhole: true)) }
            try await write(ResponseStream(id: 0, mailbox: mailbox))
        }
        var bytes: [UInt8] = []
        while true {
            for letter in mailbox.take() {
                switch letter {
                case .piece(_, let piece, let continuation):
                    bytes += piece
                    continuation.resume()
                case .end:
                    try await writing.value
                    return bytes
                default: break
                }
            }
            await Task.yield()
        }
    }

    // MARK: Jobs

    /// A job that has ended, with its folder.
    @discardableResult
    func job(
        _ name: String, _ state: JobState, owner: Int = 1_001, model: String = "org/demo",
        reason: String? = nil, at time: Int = 5, notify: String? = nil
    ) throws -> String {
        let id = JobIdentifier.make(now: time)
        let manifest =
            TestDaemon.manifest(name) + (notify.map { "notify: \($0)\n" } ?? "")
        let description = try ManifestParser.parse(bytes: Data(manifest.utf8), name: name)
        let record = JobRecord(
            id: id, source: "x", owner: owner, submittedAtMilliseconds: time,
            manifestDigest: "", description: description)
        try JobFolder(self.state.appending("jobs").appending(id)).accept(
            manifest: Array(manifest.utf8), record: record)
        var row = JobRow(
            id: id, name: name, owner: owner, manifestDigest: "", state: state.rawValue,
            submittedAt: time)
        (row.model, row.reason, row.finishedAt) = (model, reason, time)
        if state == .failed { row.failureClass = "user" }
        _ = try index.insertJob(row)
        return id
    }

    /// The folder of a job's results, as if they were published.
    func results(_ id: String, _ name: String, owner: Int = 1_001) throws -> FilePath {
        let path = state.appending("results/\(owner)/\(name)-\(id)")
        try Syscalls.makeFolders(path)
        try folder.write("{}", to: path.appending("DONE"))
        return path
    }

    /// A file of the inbox that was rejected.
    func rejected(_ name: String, owner: Int) throws {
        let file = state.appending("spool").appending(name)
        try folder.write("x", to: file)
        let component = try #require(FilePath.Component(name + ".yaml"))
        try RejectedFolder(state.appending("rejected")).take(
            file, name: component,
            RejectedFile(
                file: name, reason: .manifest, owner: owner, rejectedAtMilliseconds: 5,
                error: ManifestError(line: 1, column: 1, path: "", problem: "wrong")))
    }
}
