// The server against clients that drip, flood, stall and leave, with real sockets. Its clock stands
// still unless a test moves it, so that an answer that comes has waited for nobody.

import Glibc
import HTTP
import Synchronization
import TestSupport
import Testing

@Suite(.serialized) struct HTTPServerTests {
    @Test func `a request is answered, and the connection ends`() async throws {
        let site = try Site { request, peer in
            #expect(peer.user == Int(geteuid()) && peer.groups.contains(Int(getegid())))
            return Site.text("\(request.method) \(request.path) \(request.body.count)", status: 201)
        }
        let client = try site.client()
        client.say("POST /v1/x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
        let answer = try await client.hearText()
        #expect(answer.hasPrefix("HTTP/1.1 201 Created\r\n"))
        #expect(answer.contains("\r\nConnection: close\r\n"))
        #expect(answer.hasSuffix("\r\n\r\nPOST [\"v1\", \"x\"] 3"))
        #expect(answer.contains("\r\nContent-Length: 18\r\n"))
    }

    @Test func `leave to send comes before the body, once`() async throws {
        let site = try Site { request, _ in Site.text("\(request.body.count)") }
        let client = try site.client()
        client.say(
            "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        let leave = "HTTP/1.1 100 Continue\r\n\r\n"
        #expect(try await client.hear(until: leave) == leave)
        client.say("a")
        client.say("b")
        let answer = try await client.hearText()
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n") && answer.hasSuffix("\r\n\r\n2"))
    }

    @Test func `a line without an end is refused at its limit, whatever is still to come`()
        async throws
    {
        let site = try Site { _, _ in Site.text("ok") }
        // What cost the library before this one 32 seconds of CPU.
        let long = String(repeating: "a", count: 262_144)
        for text in ["GET /\(long)", "GET / HTTP/1.1\r\nX: \(long)"] {
            let client = try site.client()
            let sending = Task { try await onThread { client.say(text) } }
            let answer = try await client.hearText()
            #expect(answer.hasPrefix("HTTP/1.1 4"), "\(answer.prefix(80))")
            try await sending.value
        }
        let large = try site.client()
        large.say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n")
        #expect(try await large.hearText().hasPrefix("HTTP/1.1 413 Content Too Large\r\n"))
    }

    @Test func `300 clients that drip are dropped, and who asks meanwhile is answered`()
        async throws
    {
        let limits = HTTPLimits()
        let site = try Site { _, _ in Site.text("well") }
        let drips = try (0..<300).map { _ in try site.client() }
        for drip in drips { drip.say("GET / HTTP/1.1\r\nX: a") }
        // All of one user, who has more than all his places: the clock stands still meanwhile.
        for _ in 0..<3 {
            let client = try site.client()
            client.say(Site.request)
            #expect(try await client.hearText().hasSuffix("well"))
        }
        // Those that had to make room are told so at once: the oldest.
        let early = drips.count - limits.connectionsPerUser
        for drip in drips[..<early] {
            #expect(try await drip.hearText().hasPrefix("HTTP/1.1 503 "))
        }
        // The others drip on, which does not help them.
        for _ in 0..<3 {
            site.advance(limits.headTime / 4)
            for drip in drips[early...] { drip.say("a") }
            let client = try site.client()
            client.say(Site.request)
            #expect(try await client.hearText().hasSuffix("well"))
        }
        site.advance(limits.headTime / 4)
        var ends: [String: Int] = [:]
        for drip in drips[early...] {
            ends[String(try await drip.hearText().prefix(12)), default: 0] += 1
        }
        #expect((ends["HTTP/1.1 408"] ?? 0) > limits.connectionsPerUser - 10, "\(ends)")
        #expect(ends.keys.sorted() == ["HTTP/1.1 408", "HTTP/1.1 503"], "\(ends)")
    }

    @Test func `silence ends a request before its time is over`() async throws {
        let idle = HTTPLimits().idleTime
        let site = try Site { request, _ in Site.text("\(request.body.count) bytes") }
        let (silent, slow) = (try site.client(), try site.client())
        for client in [silent, slow] {
            client.say(
                "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
            _ = try await client.hear(until: "\r\n\r\n")
        }
        site.advance(idle - 1)
        slow.say("a")
        // Who comes after it is answered after it was read.
        let other = try site.client()
        other.say(Site.request)
        #expect(try await other.hearText().hasSuffix("0 bytes"))
        site.advance(1)
        #expect(try await silent.hearText().hasPrefix("HTTP/1.1 408 "))
        site.advance(idle - 2)
        slow.say("b")
        #expect(try await slow.hearText().hasSuffix("2 bytes"))
    }

    @Test func `a client that takes nothing of its answer is dropped`() async throws {
        let limits = HTTPLimits()
        let bytes = [UInt8](repeating: 7, count: 8 << 20)
        let site = try Site { request, _ in
            request.path == ["large"]
                ? HTTPResponse(status: 200, type: "x/y", .bytes(bytes)) : Site.text("ok")
        }
        let slow = try site.client()
        slow.say("GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        _ = try await slow.hear(until: "\r\n\r\n")
        let good = try site.client()
        good.say(Site.request)
        #expect(try await good.hearText().hasSuffix("ok"))
        site.advance(limits.stallTime)
        // Whoever comes now is answered after the clock was looked at.
        let later = try site.client()
        later.say(Site.request)
        #expect(try await later.hearText().hasSuffix("ok"))
        let heard = try await slow.hear()
        #expect(heard.count < bytes.count, "cut, not kept for ever")
        let whole = try site.client()
        whole.say("GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try await whole.hear().suffix(bytes.count).elementsEqual(bytes))
    }

    @Test func `an answer that does not come is given up, and its task cancelled`() async throws {
        let (cancelled, wasCancelled) = AsyncStream<Void>.makeStream()
        let site = try Site(patience: 2_000) { _, _ in
            await untilCancelled()
            wasCancelled.yield()
            return Site.text("late")
        }
        let client = try site.client()
        client.say(Site.request)
        // Its patience begins when it has been read: another client's answer tells that.
        let leaving = try site.client()
        leaving.say(Site.request)
        leaving.leave()
        var words = cancelled.makeAsyncIterator()
        #expect(await words.next() != nil, "who leaves cancels")
        site.advance(2_000)
        let answer = try await client.hearText()
        #expect(
            answer.hasPrefix("HTTP/1.1 503 ") && answer.hasSuffix("within 2 s: ask again later"))
        #expect(await words.next() != nil, "who waits too long as well")
    }

    @Test func `work that outlives its clients counts until it ends`() async throws {
        var limits = HTTPLimits()
        limits.connectionsPerUser = 3
        let (begun, begins) = AsyncStream<Void>.makeStream()
        let (left, leaves) = AsyncStream<Void>.makeStream()
        let gate = Gate()
        let site = try Site(limits: limits) { request, _ in
            if request.path == ["quick"] { return Site.text("ok") }
            begins.yield()
            await withTaskCancellationHandler {
                await gate.pass()
            } onCancel: {
                leaves.yield()
            }
            return Site.text("late")
        }
        var (starts, ends) = (begun.makeAsyncIterator(), left.makeAsyncIterator())
        for _ in 0..<limits.connectionsPerUser {
            let client = try site.client()
            client.say(Site.request)
            _ = await starts.next()
            client.leave()
            // Its connection is gone by then, and with it the place: only the work is left.
            _ = await ends.next()
        }
        func ask() async throws -> String {
            let client = try site.client()
            client.say("GET /quick HTTP/1.1\r\nHost: a\r\n\r\n")
            return try await client.hearText()
        }
        #expect(try await ask().hasPrefix("HTTP/1.1 503 "))
        gate.open()
        // The server hears of their ends soon, and nobody tells when.
        var answer = ""
        for _ in 0..<10_000 where !answer.hasSuffix("ok") { answer = try await ask() }
        #expect(answer.hasSuffix("ok"))
    }

    @Test func `one user's connections have an end, and are refused beyond it at once`()
        async throws
    {
        var limits = HTTPLimits()
        limits.connectionsPerUser = 4
        let (begun, begins) = AsyncStream<Void>.makeStream()
        let site = try Site(limits: limits) { _, _ in
            begins.yield()
            await untilCancelled()
            return Site.text("ok")
        }
        let busy = try (0..<4).map { _ in try site.client() }
        busy.forEach { $0.say(Site.request) }
        var words = begun.makeAsyncIterator()
        for _ in busy { _ = await words.next() }
        let more = try site.client()
        #expect(try await more.hearText().hasPrefix("HTTP/1.1 503 "))
        // Until now: an optimizer would let go of clients that are not named any more.
        withExtendedLifetime(busy) {}
    }

    @Test func `a stop closes all connections and what listens`() async throws {
        let site = try Site { _, _ in
            await untilCancelled()
            return Site.text("ok")
        }
        let clients = [try site.client(), try site.client()]
        clients[0].say(Site.request)
        clients[1].say("GET")
        await site.stop()
        for client in clients { #expect(try await client.hear().isEmpty) }
        #expect(throws: (any Error).self) { try site.client() }
    }

    // MARK: Streams

    @Test func `a stream comes piece by piece and ends`() async throws {
        let site = try Site { _, _ in
            HTTPResponse(
                status: 200, type: "text/event-stream",
                .stream { stream in
                    try await stream.write(Array("one".utf8))
                    try await stream.write([])
                    try await stream.write(Array("0123456789abcdef".utf8))
                })
        }
        let client = try site.client()
        client.say(Site.request)
        let answer = try await client.hearText()
        #expect(answer.contains("\r\nTransfer-Encoding: chunked\r\n"))
        #expect(answer.hasSuffix("\r\n\r\n3\r\none\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n"))
    }

    @Test func `a stream that fails ends without its last piece`() async throws {
        struct Broken: Error {}
        let site = try Site { _, _ in
            HTTPResponse(
                status: 200, type: "text/event-stream",
                .stream { stream in
                    try await stream.write(Array("one".utf8))
                    throw Broken()
                })
        }
        let client = try site.client()
        client.say(Site.request)
        #expect(try await client.hearText().hasSuffix("3\r\none\r\n"))
    }

    @Test func `the writer of a stream waits for its client, and hears that it is dropped`()
        async throws
    {
        let limits = HTTPLimits()
        let written = Mutex(0)
        let end = Mutex<Bool?>(nil)
        let site = try Site { _, _ in
            HTTPResponse(
                status: 200, type: "x/y",
                .stream { stream in
                    do {
                        for _ in 0..<100_000 {
                            try await stream.write([UInt8](repeating: 7, count: 10_000))
                            written.withLock { $0 += 10_000 }
                        }
                        end.withLock { $0 = true }
                    } catch {
                        end.withLock { $0 = false }
                        throw error
                    }
                })
        }
        let client = try site.client()
        client.say(Site.request)
        _ = try await client.hear(until: "\r\n\r\n")
        // While bytes move, their time begins anew; once they do not, it ends.
        while end.withLock({ $0 }) == nil {
            site.advance(limits.stallTime)
            await Task.yield()
        }
        #expect(end.withLock { $0 } == false, "the writer hears it")
        // The socket's own buffer and ours, and no gigabyte.
        #expect(written.withLock { $0 } < 4 << 20)
        #expect(try await client.hear().count < 4 << 20)
    }
}

/// Holds up whoever comes until it is opened, cancelled or not.
private final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func pass() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    func open() {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            state.isOpen = true
            return state.waiting
        }
        waiting.forEach { $0.resume() }
    }
}

/// Returns when the task is cancelled, and not before.
private func untilCancelled() async {
    let (stream, continuation) = AsyncStream<Void>.makeStream()
    await withTaskCancellationHandler {
        for await _ in stream {}
    } onCancel: {
        continuation.finish()
    }
}
