// TCP: addresses as texts and bytes, listeners, sockets that somebody else made, and that a
// connection of the network is nobody's until somebody says whose.

import Foundation
import Glibc
import Synchronization
import Testing

@testable import HTTP

@Suite struct IPAddressTests {
    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"),
        ("::1", "::1"), ("0:0:0:0:0:0:0:1", "::1"), ("2001:DB8::00a", "2001:db8::a"),
        ("::ffff:10.0.0.7", "10.0.0.7"), ("::ffff:a00:7", "10.0.0.7"), ("::", "::"),
    ])
    func `an address is one, however it is written`(text: String, canonical: String) {
        #expect(IPAddress(text)?.description == canonical)
        #expect(IPAddress(text) == IPAddress(canonical))
    }

    @Test(arguments: [
        "", "localhost", "127.0.0", "127.0.0.256", "127.1", "0x7f.0.0.1", "1.2.3.4.5", " 127.0.0.1",
        "127.0.0.1 ", "127.0.0.1:80", "[::1]", "::1%lo", ":::1", "1::2::3", "g::", "127.0.0.1\u{0}",
        "2130706433",
    ])
    func `what is no address is none`(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test func `loopback is this machine, and no more`() throws {
        for text in ["127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1"] {
            #expect(IPAddress(text)?.isLoopback == true, "\(text)")
        }
        for text in ["128.0.0.1", "0.0.0.0", "::", "::2", "1::1", "10.127.0.1"] {
            #expect(IPAddress(text)?.isLoopback == false, "\(text)")
        }
    }

    @Test func `a port that is taken is told, and what to do`() throws {
        let first = try Listener(address: SocketAddress(address: .loopback, port: 0))
        defer { close(first.passed) }
        let address = try #require(first.address)
        let error = #expect(throws: Listener.ListenError.self) { try Listener(address: address) }
        let words = "\(try #require(error))"
        #expect(words.hasPrefix("no socket at `\(address)`: bind: ") && words.contains("choose"))
    }

    @Test func `neighbours of one network share its limits, and only they`() throws {
        func party(_ text: String) -> Peer.Party {
            Peer(user: nil, groups: [], address: IPAddress(text)).party
        }
        #expect(party("2001:db8::1") == party("2001:db8::ffff:1"))
        #expect(party("2001:db8::1") != party("2001:db8:0:1::1"))
        #expect(party("10.0.0.1") != party("10.0.0.2"))
        #expect(party("::1") != party("::2"))
        #expect(Peer(user: 7, groups: []).party == .user(7))
        #expect(Peer(user: nil, groups: []).party == .unknown)
    }

    @Test func `bytes of the kernel say the same back`() throws {
        for text in ["127.0.0.1", "10.1.2.3", "::1", "2001:db8::1"] {
            for port: UInt16 in [0, 80, 8_470, 65_535] {
                let address = SocketAddress(
                    address: try #require(IPAddress(text)), port: port)
                #expect(SocketAddress(bytes: address.bytes) == address)
                #expect(address.bytes.count == (text.contains(":") ? 28 : 16))
                for count in 0..<8 {
                    #expect(SocketAddress(bytes: Array(address.bytes[..<count])) == nil)
                }
            }
        }
        #expect(SocketAddress(bytes: [1, 0] + Array("/tmp/socket".utf8)) == nil, "a unix socket")
    }
}

/// A server at an address of the loopback, with a clock that stands still.
private final class Place: Sendable {
    let address: SocketAddress
    private let task: Task<Void, Never>

    init(_ listener: Listener, handle: @escaping HTTPServer.Handler) throws {
        address = try #require(listener.address)
        let server = try HTTPServer(
            listeners: [listener], clock: { 1_000 },
            refuse: { Site.text($0.message, status: $0.status) }, handle: handle)
        task = Task { await server.run() }
    }

    deinit { task.cancel() }

    func stop() async {
        task.cancel()
        await task.value
    }

    func client() throws -> SocketClient {
        let descriptor = socket(
            address.family, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        let client = SocketClient(connected: descriptor, to: self)
        let bytes = address.bytes
        let result = unsafe bytes.withUnsafeBytes { buffer in
            guard let start = unsafe buffer.assumingMemoryBound(to: sockaddr.self).baseAddress
            else { return CInt(-1) }
            return unsafe connect(descriptor, start, socklen_t(buffer.count))
        }
        try #require(result == 0)
        return client
    }
}

@Suite(.serialized) struct TCPTests {
    private static func any(_ text: String) throws -> SocketAddress {
        SocketAddress(address: try #require(IPAddress(text)), port: 0)
    }

    @Test(arguments: ["127.0.0.1", "::1"])
    func `a request over TCP is an address's, and no user's`(text: String) async throws {
        let listener: Listener
        do {
            listener = try Listener(address: Self.any(text))
        } catch  where text == "::1" {
            // A machine without IPv6.
            return
        }
        #expect(fcntl(listener.descriptor, F_GETFD) & FD_CLOEXEC != 0)
        let seen = Mutex<Peer?>(nil)
        let place = try Place(listener) { _, peer in
            seen.withLock { $0 = peer }
            return Site.text("well")
        }
        let client = try place.client()
        client.say(Site.request)
        #expect(try await client.hearText().hasSuffix("well"))
        let peer = try #require(seen.withLock { $0 })
        #expect(peer.user == nil && peer.groups.isEmpty)
        #expect(peer.address == IPAddress(text))
    }

    @Test func `a server that starts again at once gets its port`() async throws {
        let first = try Place(Listener(address: Self.any("127.0.0.1"))) { _, _ in Site.text("1") }
        let client = try first.client()
        client.say(Site.request)
        // The server closes first: the kernel keeps its end of the connection for a minute.
        #expect(try await client.hearText().hasSuffix("1"))
        await first.stop()
        let second = try Place(Listener(address: first.address)) { _, _ in Site.text("2") }
        let again = try second.client()
        again.say(Site.request)
        #expect(try await again.hearText().hasSuffix("2"))
    }

    @Test func `a port that somebody has is told with its address`() throws {
        let listener = try Listener(address: Self.any("127.0.0.1"))
        let address = try #require(listener.address)
        do {
            _ = try Listener(address: address)
            Issue.record("two have one port")
        } catch {
            #expect("\(error)".contains("`\(address)`: bind: "), "\(error)")
        }
        close(listener.descriptor)
    }

    // MARK: Passed sockets

    @Test func `sockets are passed by number and name, to one process`() {
        func named(_ environment: [String: String]) -> [String] {
            PassedSockets.named(in: environment, process: 7).map { "\($0.descriptor) \($0.name)" }
        }
        let two = ["LISTEN_PID": "7", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "a:b"]
        #expect(named(two) == ["3 a", "4 b"])
        #expect(named(two.merging(["LISTEN_FDNAMES": "a"]) { $1 }) == ["3 a", "4 unknown"])
        #expect(named(["LISTEN_PID": "7", "LISTEN_FDS": "1"]) == ["3 "])
        for (key, value) in [
            ("LISTEN_PID", "8"), ("LISTEN_PID", ""), ("LISTEN_PID", "07"), ("LISTEN_FDS", "0"),
            ("LISTEN_FDS", "-1"), ("LISTEN_FDS", "65"), ("LISTEN_FDS", "x"), ("LISTEN_FDS", ""),
        ] {
            #expect(named(two.merging([key: value]) { $1 }).isEmpty, "\(key)=\(value)")
        }
        #expect(named([:]).isEmpty)
    }

    @Test func `one that listens is served and kept from children, another is closed`()
        async throws
    {
        let listener = try Listener(address: Self.any("127.0.0.1"))
        // Of a copy the flag is not set, as of one that was passed.
        let (listening, datagrams) = (
            dup(listener.descriptor), socket(AF_INET, CInt(SOCK_DGRAM.rawValue), 0)
        )
        close(listener.descriptor)
        #expect(fcntl(listening, F_GETFD) & FD_CLOEXEC == 0)
        let taken = PassedSockets.take([
            .init(name: "layerfoldd-http", descriptor: listening),
            .init(name: "other", descriptor: datagrams), .init(name: "none", descriptor: -1),
        ])
        #expect(taken.map(\.descriptor) == [listening])
        #expect(fcntl(listening, F_GETFD) & FD_CLOEXEC != 0)
        let place = try Place(Listener(descriptor: listening)) { _, _ in Site.text("passed") }
        let client = try place.client()
        client.say(Site.request)
        #expect(try await client.hearText().hasSuffix("passed"))
    }
}
