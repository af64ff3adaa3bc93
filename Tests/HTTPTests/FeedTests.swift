// Feeds: many readers of the same news, slow ones among them, with real sockets and a clock that
// stands still.

import Foundation
import Glibc
import HTTP
import Synchronization
import Testing

/// News in memory, and who has asked for how much of it.
private final class Paper: Sendable {
    private struct Contents {
        var pieces: [[UInt8]] = []
        /// Pieces that each reader has taken.
        var places: [Int: Int] = [:]
        var pulses = 0
        var isClosed = false
    }

    private let contents = Mutex(Contents())

    func print(_ bytes: [UInt8]) { contents.withLock { $0.pieces.append(bytes) } }

    func print(_ text: String) { print(Array(text.utf8)) }

    func response(holder: Int? = nil) -> HTTPResponse {
        let reader = contents.withLock { contents in
            contents.places[contents.places.count] = 0
            return contents.places.count - 1
        }
        return HTTPResponse(
            status: 200, type: "text/event-stream",
            .feed(Reader(paper: self, number: reader, holder: holder)))
    }

    /// How far a reader is; they are counted as they come.
    func place(of reader: Int) -> Int { contents.withLock { $0.places[reader] ?? 0 } }

    /// Nobody may read it any more.
    func close() { contents.withLock { $0.isClosed = true } }

    var pulses: Int { contents.withLock { $0.pulses } }

    private struct Reader: Feed {
        let paper: Paper
        let number: Int
        let holder: Int?

        func opening() -> [UInt8] { Array("good day".utf8) }

        var pulse: [UInt8] {
            paper.contents.withLock { $0.pulses += 1 }
            return Array("still here".utf8)
        }

        var isOver: Bool { paper.contents.withLock { $0.isClosed } }

        func next(bytesMax: Int) -> [UInt8] {
            paper.contents.withLock { contents in
                var bytes: [UInt8] = []
                var place = contents.places[number] ?? 0
                while place < contents.pieces.count,
                    bytes.isEmpty || bytes.count + contents.pieces[place].count <= bytesMax
                {
                    bytes += contents.pieces[place]
                    place += 1
                }
                contents.places[number] = place
                return bytes
            }
        }
    }
}

@Suite(.serialized) struct FeedTests {
    /// Rounds of news follow at once: the clock stands still.
    private static let limits: HTTPLimits = {
        var limits = HTTPLimits()
        limits.feedPause = 0
        return limits
    }()

    private static func open(_ site: Site, _ path: String = "/feed") async throws -> SocketClient {
        let client = try site.client()
        client.say("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
        let head = try await client.hear(until: "good day\r\n")
        try #require(head.hasPrefix("HTTP/1.1 200 OK\r\n"), "\(head)")
        return client
    }

    /// Whoever is answered now was so after everything before.
    private static func pass(_ site: Site) async throws {
        let client = try site.client()
        client.say(Site.request)
        #expect(try await client.hearText().hasSuffix("well"))
    }

    private static func site(_ paper: Paper, _ limits: HTTPLimits = limits) throws -> Site {
        try Site(limits: limits) { request, _ in
            switch request.path.first {
            case "feed": paper.response(holder: request.path.dropFirst().first.flatMap { Int($0) })
            default: Site.text("well")
            }
        }
    }

    @Test func `news comes to each reader, in order, and to who comes later from where it is`()
        async throws
    {
        let paper = Paper()
        let site = try Self.site(paper)
        let early = [try await Self.open(site), try await Self.open(site)]
        paper.print("one")
        site.server.tellFeeds()
        for client in early {
            #expect(try await client.hear(until: "one\r\n") == "3\r\none\r\n")
        }
        let late = try await Self.open(site)
        paper.print("four")
        site.server.tellFeeds()
        for client in early {
            #expect(try await client.hear(until: "four\r\n") == "4\r\nfour\r\n")
        }
        // Whether it was served before the second one is not said.
        let heard = try await late.hear(until: "four\r\n")
        #expect(["7\r\nonefour\r\n", "3\r\none\r\n4\r\nfour\r\n"].contains(heard), "\(heard)")
        withExtendedLifetime(early) {}
    }

    @Test func `news in a hurry goes out together`() async throws {
        var limits = HTTPLimits()
        limits.feedPause = 50
        let paper = Paper()
        let site = try Self.site(paper, limits)
        let client = try await Self.open(site)
        paper.print("1")
        site.server.tellFeeds()
        #expect(try await client.hear(until: "1\r\n1\r\n") == "1\r\n1\r\n")
        for text in ["2", "3", "4"] {
            paper.print(text)
            site.server.tellFeeds()
        }
        try await Self.pass(site)
        #expect(paper.place(of: 0) == 1, "not yet")
        site.advance(50)
        #expect(try await client.hear(until: "4\r\n") == "3\r\n234\r\n")
    }

    @Test func `a quiet feed shows that it lives, and one that was open for long ends whole`()
        async throws
    {
        let paper = Paper()
        let site = try Self.site(paper)
        let client = try await Self.open(site)
        site.advance(Self.limits.feedPulse - 1)
        try await Self.pass(site)
        #expect(paper.pulses == 0)
        site.advance(1)
        #expect(try await client.hear(until: "here\r\n") == "a\r\nstill here\r\n")
        paper.print("x")
        site.server.tellFeeds()
        _ = try await client.hear(until: "x\r\n")
        site.advance(Self.limits.feedTime)
        #expect(try await client.hearText().hasSuffix("0\r\n\r\n"))
    }

    @Test(arguments: [false, true])
    func `whoever may read no more hears no more, at the next news or sign of life`(isNews: Bool)
        async throws
    {
        let paper = Paper()
        let site = try Self.site(paper)
        let client = try await Self.open(site)
        paper.print("secret")
        paper.close()
        if isNews { site.server.tellFeeds() } else { site.advance(Self.limits.feedPulse) }
        #expect(try await client.hearText() == "0\r\n\r\n", "its end is whole")
        #expect(paper.pulses == 0)
    }

    @Test func `who takes nothing costs no more than a few pieces, and is dropped`()
        async throws
    {
        let paper = Paper()
        let site = try Self.site(paper)
        let slow = try await Self.open(site)
        let good = try await Self.open(site)
        let count = 400
        for _ in 0..<count { paper.print([UInt8](repeating: 7, count: 10_000)) }
        site.server.tellFeeds()
        // Each in a chunk of its own: a line with its size, and two line ends.
        let bytes = count * (10_000 + "2710\r\n".utf8.count + 2)
        #expect(try await good.hear(count: bytes) == bytes)
        try await Self.pass(site)
        // What is said and not sent, and what the kernel took: no megabytes.
        #expect(paper.place(of: 0) <= 20, "\(paper.place(of: 0)) pieces of 10 kB")
        site.advance(Self.limits.stallTime)
        try await Self.pass(site)
        try await Self.pass(site)
        #expect(site.server.clients.feeds == 1)
        #expect(try await slow.hear().count < 400_000)
        withExtendedLifetime(good) {}
    }

    @Test func `feeds take no places of requests, and one too many takes that of who has most`()
        async throws
    {
        var limits = Self.limits
        limits.feeds = 3
        limits.connectionsPerUser = 2
        let paper = Paper()
        let site = try Self.site(paper, limits)
        let first = try await Self.open(site, "/feed/1")
        let other = try await Self.open(site, "/feed/2")
        let second = try await Self.open(site, "/feed/1")
        try await Self.pass(site)
        let newcomer = try await Self.open(site, "/feed/3")
        #expect(try await first.hearText() == "0\r\n\r\n", "its end is whole")
        paper.print("one")
        site.server.tellFeeds()
        for client in [other, second, newcomer] {
            #expect(try await client.hear(until: "one\r\n") == "3\r\none\r\n")
        }
        #expect(site.server.clients.feeds == 3)
    }

    @Test func `there are no more feeds than descriptors`() {
        #expect(HTTPLimits().fitting(descriptors: 65_536).feeds == HTTPLimits().feeds)
        #expect(HTTPLimits().fitting(descriptors: 1_024).feeds == 256)
        #expect(HTTPLimits().fitting(descriptors: 100).feeds > 0)
    }

    @Test(.enabled(if: Descriptors.raise() > 2_600, "too few descriptors"))
    func `a thousand readers cost no threads, and a request among them is answered at once`()
        async throws
    {
        let paper = Paper()
        let site = try Self.site(paper)
        let threads = Self.threads
        var readers: [SocketClient] = []
        for _ in 0..<1_000 { readers.append(try await Self.open(site)) }
        try await Self.pass(site)
        #expect(site.server.clients.feeds == 1_000)
        #expect(Self.threads < threads + 50)
        var times: [Duration] = []
        for round in 0..<10 {
            // News on its way does not hold up who asks.
            paper.print("news \(round);")
            site.server.tellFeeds()
            let start = ContinuousClock.now
            try await Self.pass(site)
            times.append(start.duration(to: .now))
        }
        // The best of ten: the others may have waited for the machine.
        #expect(times.min() ?? .seconds(9) < .milliseconds(100), "\(times)")
        for reader in readers { _ = try await reader.hear(until: "news 9;") }
        withExtendedLifetime(readers) {}
    }

    private static var threads: Int {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("Threads:") } ?? ""
        return line.split(separator: "\t").last.flatMap { Int($0) } ?? 0
    }
}

private enum Descriptors {
    /// - Returns: how many there may be.
    static func raise() -> Int {
        let kind = CInt(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard unsafe getrlimit(kind, &limit) == 0 else { return 0 }
        limit.rlim_cur = min(limit.rlim_max, 65_536)
        _ = unsafe setrlimit(kind, &limit)
        return Int(clamping: limit.rlim_cur)
    }
}
