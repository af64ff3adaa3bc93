// A box of letters, a clock that stands still, a mail program and a web server that are real.

import DurableIO
import Foundation
import Glibc
import HTTP
import Jobs
import Letters
import Synchronization
import SystemPackage
import TestSupport

/// A box in a folder that goes away, and a sender whose waiting only moves its clock.
final class Post: Sendable {
    let folder: TemporaryFolder
    let box: LetterBox
    private let time = Mutex(1_767_000_000_000)
    private let heard = Mutex<[String]>([])

    init() throws {
        // As in the program that sends: a mail program that ends without reading is an error of
        // one write, not the end of the writer.
        signal(SIGPIPE, SIG_IGN)
        folder = try TemporaryFolder("lf-letters")
        box = LetterBox(FilePath(folder.path).appending("notify"))
        try box.make()
    }

    var now: Int { time.withLock { $0 } }
    var notes: [String] { heard.withLock { $0 } }

    func advance(_ milliseconds: Int) { time.withLock { $0 += milliseconds } }

    func carrier(_ settings: NotifySettings) -> Carrier {
        var carrier = Carrier(
            settings: settings, agent: "layerfold/test", now: { self.now },
            userName: { $0 == 7 ? "ada" : nil }, secret: { $0 == 7 ? "key" : nil },
            figures: { _ in nil })
        carrier.hostName = "lab.example"
        return carrier
    }

    /// Sends until nothing waits.
    @discardableResult
    func send(_ carrier: Carrier) async throws -> PostRound.Counts {
        var round = PostRound(
            box, carrier, pause: { self.advance($0) },
            note: { text in self.heard.withLock { $0.append(text) } })
        try await round.run(follows: false)
        return round.counts
    }

    func letters(
        _ event: String, _ wish: NotifyWish, name: String = "demo", owner: Int = 7
    ) -> [Letter] {
        let job = Letter.Job(
            id: event, name: name, state: .done, model: "m", submittedAt: 0, startedAt: 1,
            finishedAt: 2, failure: nil, results: nil)
        return Letter.all(.done, event, to: owner, wish, now: now, jobs: [job])
    }

    func put(
        _ event: String, _ wish: NotifyWish, name: String = "demo", owner: Int = 7
    ) throws {
        for letter in letters(event, wish, name: name, owner: owner) { _ = try box.put(letter) }
    }

    static func names(_ path: FilePath) -> [String] {
        ((try? DirectoryScan.entries(of: path)) ?? []).map(\.name.string)
    }

    /// A letter that was put away.
    func letter(_ id: String, in place: FilePath) throws -> Letter {
        let path = place.appending(LetterBox.fileName(id))
        return try JSONDecoder().decode(
            Letter.self, from: Data(try SmallFile.read(path, bytesMax: Letter.bytesMax)))
    }

    /// A program that keeps what it is given in `mail-N`, and its arguments in `arguments`.
    /// - Parameters:
    ///   - end: what it does then.
    ///   - reads: false: it does not take its input.
    func program(_ end: String = "exit 0", reads: Bool = true) throws -> FilePath {
        let path = FilePath(folder.path).appending("sendmail")
        let script = """
            #!/bin/sh
            cd '\(folder.path)'
            count=$(ls | grep -c '^mail-')
            \(reads ? "cat" : "true") >"mail-$count"
            echo "$*" >>arguments
            \(end)

            """
        try DurableFile.write(Array(script.utf8), to: path, permissions: 0o755)
        return path
    }

    var mails: [String] {
        Self.names(FilePath(folder.path)).filter { $0.hasPrefix("mail-") }.map { name in
            text(name)
        }
    }

    func text(_ name: String) -> String {
        let data = FileManager.default.contents(atPath: folder.path + "/" + name) ?? Data()
        return String(decoding: data, as: UTF8.self)
    }
}

/// A web server on this machine.
final class Hook: Sendable {
    struct Call: Sendable {
        let path: [String]
        let request: HTTPRequest
    }

    private struct NoSocket: Error {}

    let port: Int
    private let task: Task<Void, Never>
    private let received: Received

    private final class Received: Sendable {
        let calls = Mutex<[Call]>([])
    }

    /// - Parameter answer: of the n-th call, from 1.
    init(_ answer: @escaping @Sendable (Int, Call) async -> HTTPResponse) throws {
        let descriptor = socket(
            AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr = in_addr(s_addr: UInt32(0x7F00_0001).bigEndian)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                unsafe bind(descriptor, raw, length) == 0 && listen(descriptor, 16) == 0
                    && getsockname(descriptor, raw, &length) == 0
            }
        }
        guard isBound else { throw NoSocket() }
        port = Int(UInt16(bigEndian: address.sin_port))
        let received = Received()
        let server = try HTTPServer(
            listeners: [Listener(descriptor: descriptor)],
            refuse: { HTTPResponse(status: $0.status, type: "text/plain", .bytes([])) }
        ) { request, _ in
            let call = Call(path: request.path, request: request)
            let number = received.calls.withLock { calls in
                calls.append(call)
                return calls.count
            }
            return await answer(number, call)
        }
        self.received = received
        task = Task { await server.run() }
    }

    deinit { task.cancel() }

    var calls: [Call] { received.calls.withLock { $0 } }

    var url: String { "http://127.0.0.1:\(port)/hook?x=1" }
    var wish: NotifyWish { NotifyWish(webhook: url) }

    static func status(
        _ status: Int, _ headers: [(name: String, value: String)] = []
    ) -> HTTPResponse {
        HTTPResponse(status: status, type: "text/plain", headers: headers, .bytes([]))
    }
}

extension NotifySettings {
    /// Webhooks of this machine, and mail by a program.
    static func of(_ program: FilePath = "/nowhere/sendmail") -> NotifySettings {
        var settings = NotifySettings()
        settings.rule = NotifyRule(mail: true, webhooks: ["127.0.0.1"])
        settings.mailer = .program(program.string)
        return settings
    }
}
