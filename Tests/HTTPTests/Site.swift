// A real server on a real socket, with a clock that stands still, and clients that misbehave.

import DurableIO
import Foundation
import Glibc
import HTTP
import Synchronization
import TestSupport

final class Site: Sendable {
    /// Short: a socket's address has 107 bytes.
    let path = "/tmp/lfh-\(UUID().uuidString.prefix(8))"
    let server: HTTPServer
    private let task: Task<Void, Never>
    private let time: Time

    private final class Time: Sendable {
        let now = Mutex(1_000)
    }

    init(
        limits: HTTPLimits = HTTPLimits(), patience: Int = 30_000,
        handle: @escaping HTTPServer.Handler
    ) throws {
        let time = Time()
        let server = try HTTPServer(
            listeners: [try Listener(path: path, mode: 0o600)], limits: limits,
            clock: { time.now.withLock { $0 } },
            refuse: { refusal in
                HTTPResponse(
                    status: refusal.status, type: "text/plain", .bytes(Array(refusal.message.utf8)))
            }, patience: { _ in patience }, handle: handle)
        (self.server, self.time) = (server, time)
        task = Task { await server.run() }
    }

    deinit {
        task.cancel()
        _ = unsafe unlink(path)
    }

    func stop() async {
        task.cancel()
        await task.value
    }

    func advance(_ milliseconds: Int) {
        time.now.withLock { $0 += milliseconds }
        server.wake()
    }

    func client() throws -> SocketClient { try SocketClient(path, of: self) }

    static let request = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n"

    static func text(_ text: String, status: Int = 200) -> HTTPResponse {
        HTTPResponse(status: status, type: "text/plain", .bytes(Array(text.utf8)))
    }
}

final class SocketClient: Sendable {
    private struct NobodyListens: Error {}
    private struct Silence: Error {}

    private let descriptor: CInt
    /// Lives as long as its clients.
    private let site: any Sendable

    /// - Parameter descriptor: is connected, and closed with the client.
    init(connected descriptor: CInt, to site: any Sendable) {
        self.descriptor = descriptor
        self.site = site
    }

    init(_ path: String, of site: Site) throws {
        self.site = site
        guard let address = UnixAddress(path: path) else { throw NobodyListens() }
        descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        // Only a test that fails waits for so long.
        var patience = timeval(tv_sec: 600, tv_usec: 0)
        _ = unsafe setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience,
            socklen_t(MemoryLayout<timeval>.size))
        let result = unsafe address.lend { unsafe connect(descriptor, $0, $1) }
        guard result == 0 else { throw NobodyListens() }
    }

    deinit { close(descriptor) }

    func say(_ text: String) { say(Array(text.utf8)) }

    /// What the server does not take any more is lost.
    func say(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    func leave() { shutdown(descriptor, CInt(SHUT_RDWR)) }

    /// Bytes until `text` has come.
    func hear(until text: String) async throws -> String {
        try await onThread { [self] in
            var heard = ""
            while !heard.contains(text) {
                let more = try receive(1)
                if more.isEmpty { return heard }
                heard += String(decoding: more, as: UTF8.self)
            }
            return heard
        }
    }

    /// So many bytes, or what came until the server closed.
    func hear(count: Int) async throws -> Int {
        try await onThread { [self] in
            var heard = 0
            while heard < count {
                let more = try receive(min(65_536, count - heard))
                if more.isEmpty { break }
                heard += more.count
            }
            return heard
        }
    }

    /// All bytes until the server closes.
    func hear() async throws -> [UInt8] {
        try await onThread { [self] in
            var heard: [UInt8] = []
            while true {
                let more = try receive(65_536)
                if more.isEmpty { return heard }
                heard += more
            }
        }
    }

    func hearText() async throws -> String { String(decoding: try await hear(), as: UTF8.self) }

    private func receive(_ count: Int) throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: count)
        let received = unsafe recv(descriptor, &buffer, count, 0)
        // A server that closes with bytes unread makes an error of the end.
        if received < 0, errno == ECONNRESET { return [] }
        guard received >= 0 else { throw Silence() }
        return Array(buffer[..<received])
    }
}
