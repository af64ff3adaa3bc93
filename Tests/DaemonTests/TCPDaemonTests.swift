// A daemon that is reached over TCP, from the socket to the answer: by the settings, and by a
// socket that a service manager passed.

import Client
import Daemon
import DurableIO
import Foundation
import Glibc
import HTTP
import Jobs
import SystemPackage
import Testing

@Suite(.serialized) struct TCPDaemonTests {
    private struct NobodyListens: Error {}

    /// One request, on a thread of its own: the pool's few threads are the daemon's as well.
    /// - Parameter begun: is called once the first bytes have come.
    private static func exchange(
        _ port: UInt16, _ text: String, begun: @escaping @Sendable () throws -> Void = {}
    ) async throws -> String {
        try await withCheckedThrowingContinuation {
            (continuation: CheckedContinuation<String, any Error>) in
            let thread = Thread {
                do {
                    continuation.resume(returning: try blockingExchange(port, text, begun))
                } catch {
                    continuation.resume(throwing: error)
                }
            }
            thread.start()
        }
    }

    private static func blockingExchange(
        _ port: UInt16, _ text: String, _ begun: () throws -> Void
    ) throws -> String {
        let start = ContinuousClock.now
        let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        let descriptor: CInt = socket(AF_INET, kind, 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result: CInt = unsafe withUnsafePointer(to: address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, size)
            }
        }
        guard result == 0 else { throw NobodyListens() }
        let bytes = Array(text.utf8)
        _ = unsafe send(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL))
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        // Only a stream that does not end when it should takes so long.
        while start.duration(to: .now) < .seconds(60) {
            let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            if answer.isEmpty { try begun() }
            answer += buffer[..<count]
        }
        return String(decoding: answer, as: UTF8.self)
    }

    private static func get(_ path: String, _ headers: String = "") -> String {
        "GET \(path) HTTP/1.1\r\nHost: localhost\r\n\(headers)\r\n"
    }

    @Test func `over a passed socket a token lets in, and nothing else`() async throws {
        let address = SocketAddress(address: .loopback, port: 0)
        let listener = try Listener(address: address)
        let port = try #require(listener.address).port
        // As it is passed: a descriptor that the daemon closes at its end.
        let sockets = [PassedSockets.Socket(name: "layerfoldd-http", descriptor: listener.passed)]
        try await withDaemon(sockets: sockets) { daemon, _ in
            let without = try await Self.exchange(port, Self.get("/v1/status"))
            #expect(without.hasPrefix("HTTP/1.1 401 Unauthorized\r\n"))
            #expect(without.contains("\r\nContent-Security-Policy: default-src 'none';"))
            let new = try daemon.client.makeToken(TokenRequest(scope: .read))
            let header = "Authorization: Bearer \(new.token)\r\n"
            let with = try await Self.exchange(port, Self.get("/v1/status", header))
            #expect(with.hasPrefix("HTTP/1.1 200 OK\r\n"), "\(with)")
            // Root's own name in a header is nobody's word.
            let forged = try await Self.exchange(
                port, Self.get("/v1/status", "X-Forwarded-User: root\r\n"))
            #expect(forged.hasPrefix("HTTP/1.1 401 "))
            _ = try daemon.client.revokeToken(new.summary.id)
            let revoked = try await Self.exchange(port, Self.get("/v1/status", header))
            #expect(revoked.hasPrefix("HTTP/1.1 401 "))
            // What the server itself refuses has the headers as well.
            let broken = try await Self.exchange(port, "GET\r\n\r\n")
            #expect(broken.hasPrefix("HTTP/1.1 400 ") && broken.contains("nosniff"))
        }
    }

    @Test func `a stream that is open ends when its token is revoked`() async throws {
        let listener = try Listener(address: SocketAddress(address: .loopback, port: 0))
        let port = try #require(listener.address).port
        let sockets = [PassedSockets.Socket(name: "layerfoldd-http", descriptor: listener.passed)]
        try await withDaemon(sockets: sockets) { daemon, _ in
            let new = try daemon.client.makeToken(TokenRequest(scope: .read))
            let (id, socket) = (new.summary.id, StateFolders(state: daemon.state).socket.string)
            let request = Self.get("/v1/events", "Authorization: Bearer \(new.token)\r\n")
            let text = try await Self.exchange(port, request) {
                _ = try DaemonClient(socket: socket).revokeToken(id)
            }
            #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(text.hasSuffix("0\r\n\r\n"), "its end is whole: \(text)")
            #expect(!text.contains("\n:\n"), "it did not wait for a sign of life")
        }
    }

    @Test func `tokens that can be read again are well, without anybody who asks`() async throws {
        let folder = try TestFolder()
        let folders = StateFolders(state: folder.file("state"))
        try folders.make()
        let file = folders.access.appending(TokenKeeper.fileName)
        try folder.write("{", to: file)
        try await withDaemon(state: folders.state) { daemon, clock in
            await pass(clock) { Self.tellsOfTokens(daemon) }
            try FileManager.default.removeItem(atPath: file.string)
            await pass(clock) { !Self.tellsOfTokens(daemon) }
        }
    }

    private static func tellsOfTokens(_ daemon: TestDaemon) -> Bool {
        let problems = (try? daemon.client.status())?.problems ?? []
        return problems.contains { $0.contains(TokenKeeper.fileName) }
    }

    @Test func `over a socket of the settings as well, and the unix socket stays`() async throws {
        // A port that was free a moment ago.
        let probe = try Listener(address: SocketAddress(address: .loopback, port: 0))
        let address = try #require(probe.address)
        close(probe.passed)
        try await withDaemon(configure: { $0.listen = [address] }) { daemon, _ in
            let page = try await Self.exchange(address.port, Self.get("/login"))
            #expect(page.hasPrefix("HTTP/1.1 200 OK\r\n") && page.contains("name=\"token\""))
            #expect(try daemon.client.status().process > 0)
        }
    }
}
