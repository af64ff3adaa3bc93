// A daemon's answers without sockets: requests as bytes, with whatever the kernel would say of who
// sends them, through everything that stands before the routes.

import DurableIO
import Foundation
import HTTP
import Jobs
import Logging
import Store
import Synchronization
import SystemPackage
import Testing

@testable import Daemon

struct AccessWorld {
    static let admin = Peer(user: 0, groups: [0])
    /// No user of this machine, and no admin.
    static let ann = Peer(user: 1_000_001, groups: [1_000_001])
    static let bob = Peer(user: 1_000_002, groups: [1_000_002])
    static let browser = remote("127.0.0.1")

    static func remote(_ text: String) -> Peer {
        Peer(user: nil, groups: [], address: IPAddress(text))
    }

    struct Answer {
        let status: Int
        let headers: [(name: String, value: String)]
        let text: String

        func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }

        /// What a browser would send back.
        var cookie: String? {
            header("Set-Cookie").map { String($0.prefix { $0 != ";" }) }
        }
    }

    let folder: TestFolder
    let clock = ManualClock()
    let settings: LiveConfiguration
    let tokens: TokenKeeper
    let entrance: Entrance
    private let routes: StatusRoutes
    private let lines = Lines()

    private final class Lines: Sendable {
        let all = Mutex<[String]>([])
    }

    init(_ configure: (inout DaemonConfiguration) -> Void = { _ in }) throws {
        folder = try TestFolder()
        try Syscalls.chmod(folder.path, 0o711)
        let state = folder.file("state")
        var configuration = DaemonConfiguration(
            folders: StateFolders(state: state), modelRoots: [state.appending("models")],
            dataRoots: [], worker: folder.file("worker"))
        configuration.clock = clock.daemonClock
        configure(&configuration)
        try configuration.folders.make()
        let model = state.appending("models/demo")
        try FileManager.default.createDirectory(
            atPath: model.string, withIntermediateDirectories: true)
        try folder.write("{}", to: model.appending("config.json"))
        var quiet = Logger(label: "test")
        quiet.logLevel = .critical
        let lines = lines
        let handler = ServiceLogHandler(label: "layerfoldd", journal: nil) { line in
            lines.all.withLock { $0.append(line) }
        }
        settings = LiveConfiguration(configuration)
        let queue = JobQueue(
            settings: settings, index: try IndexDatabase(path: configuration.folders.index),
            health: Health(), notifier: Notifier(environment: [:], process: 0), logger: quiet)
        tokens = TokenKeeper(
            folder: configuration.folders.access, clock: configuration.clock)
        entrance = Entrance(
            settings, tokens: tokens,
            people: People(configuration.directory, uptime: configuration.clock.uptime),
            daemonUser: 993,
            logger: Logger(label: "layerfoldd") { _ in handler })
        let access =
            AccessRoutes(entrance: entrance).all
            + EventRoutes(EventHub(clock: configuration.clock), settings, queue).all
            + SubmitPageRoutes(
                settings: settings, queue: queue, forecaster: Forecaster(settings)
            ).all
        routes = StatusRoutes(
            settings: settings, queue: queue,
            inbox: Inbox(settings: settings, queue: queue, logger: quiet),
            others: { access }, failurePage: PageAnswer.failure)
    }

    /// What the journal would have.
    var log: [String] { lines.all.withLock { $0 } }

    // MARK: Requests

    /// - Parameters:
    ///   - words: method and target.
    ///   - headers: lines, `Host: localhost` among them unless one is there.
    func ask(
        _ words: String, from peer: Peer, _ headers: [String] = [], body: String = ""
    ) async throws -> Answer {
        let answer = try await respond(words, from: peer, headers, body: body)
        guard case .bytes(let bytes) = answer.body else {
            return Answer(status: answer.status, headers: answer.headers, text: "")
        }
        return Answer(
            status: answer.status, headers: answer.headers,
            text: String(decoding: bytes, as: UTF8.self))
    }

    /// Opens a stream of events.
    func follow(from peer: Peer, _ headers: [String] = []) async throws -> any Feed {
        let answer = try await respond("GET /v1/events", from: peer, headers, body: "")
        guard case .feed(let feed) = answer.body else {
            struct NoFeed: Error {}
            Issue.record("no stream: \(answer.status)")
            throw NoFeed()
        }
        return feed
    }

    private func respond(
        _ words: String, from peer: Peer, _ headers: [String], body: String
    ) async throws -> HTTPResponse {
        var head = headers
        if !head.contains(where: { $0.lowercased().hasPrefix("host:") }) {
            head.append("Host: localhost")
        }
        var reader = RequestReader()
        let text =
            "\(words) HTTP/1.1\r\n" + head.map { $0 + "\r\n" }.joined()
            + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
        reader.take(Array(text.utf8)[...])
        guard case .complete(let request)? = reader.outcome else {
            struct NoRequest: Error {}
            Issue.record("no request: \(text)")
            throw NoRequest()
        }
        return await StatusServer.answer(request, peer, settings, entrance, routes)
    }

    static func bearer(_ token: String) -> String { "Authorization: Bearer \(token)" }

    static let form = "Content-Type: application/x-www-form-urlencoded"
    static let own = "Origin: http://localhost"

    /// A token as `layerfold token new` makes it.
    func token(
        _ scope: AccessScope, of peer: Peer = ann, days: Int = 1
    ) async throws -> NewToken {
        let answer = try await ask(
            "POST /v1/tokens", from: peer,
            body: #"{"scope":"\#(scope.rawValue)","days":\#(days)}"#)
        try #require(answer.status == 201, "\(answer.text)")
        return try JSONDecoder().decode(NewToken.self, from: Data(answer.text.utf8))
    }

    /// Logs in with a browser.
    /// - Returns: the line of the cookie.
    func login(_ token: NewToken, from peer: Peer = browser) async throws -> String {
        let answer = try await ask(
            "POST /login", from: peer, [Self.form, Self.own], body: "token=\(token.token)")
        let cookie = answer.cookie ?? ""
        try #require(answer.status == 303 && cookie.contains("="), "\(answer.text)")
        return "Cookie: a=b; \(cookie); c=d"
    }

    /// What a form of a page that this visitor is shown sends back.
    func formToken(_ headers: [String], from peer: Peer = browser) async throws -> String {
        let page = try await ask("GET /tokens", from: peer, headers)
        let mark = "name=\"form_token\" value=\""
        let start = try #require(page.text.range(of: mark), "\(page.text)").upperBound
        return String(page.text[start...].prefix { $0 != "\"" })
    }

    func submit(_ name: String, from peer: Peer) async throws -> String {
        let answer = try await ask("POST /v1/jobs", from: peer, body: TestDaemon.manifest(name))
        try #require(answer.status == 201, "\(answer.text)")
        return try JSONDecoder().decode(JobReceipt.self, from: Data(answer.text.utf8)).id
    }
}
