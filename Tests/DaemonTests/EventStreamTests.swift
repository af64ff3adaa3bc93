// The events: their numbers, how a reader goes on, who sees what, and what many readers cost. The
// hub and its feeds are the real ones; HTTPTests has feeds on sockets.

import Failures
import Foundation
import HTTP
import Jobs
import SystemPackage
import Testing

@testable import Daemon

@Suite struct EventStreamTests {
    private static let ann = Caller(user: 1_001, isAdmin: false)
    private static let bob = Caller(user: 1_002, isAdmin: false)
    private static let admin = Caller(user: 1_003, isAdmin: true)

    /// A hub, and readers of it.
    private struct Bench {
        let clock = ManualClock()
        let hub: EventHub
        let live: LiveConfiguration

        init(count: Int = 100, bytes: Int = 1 << 20, isPrivate: Bool = false) {
            var limits = EventHub.Limits()
            (limits.count, limits.bytes) = (count, bytes)
            hub = EventHub(clock: clock.daemonClock, limits: limits)
            var configuration = DaemonConfiguration(
                folders: StateFolders(state: "/nowhere"), modelRoots: [], dataRoots: [],
                worker: "/nowhere/worker")
            configuration.isPrivate = isPrivate
            live = LiveConfiguration(configuration)
        }

        func reader(
            _ caller: Caller = EventStreamTests.ann, after place: Int? = nil, job: String? = nil
        ) -> EventFeed {
            EventFeed(hub, live, for: caller, after: place, job: job)
        }

        func move(_ id: String, _ state: JobState = .queued, owner: Int = 1_001) {
            hub.hear(
                .moved(.init(id: id, name: "n", owner: owner, state: state)))
        }
    }

    private struct Heard: Equatable {
        let number: Int
        let kind: String
        let job: String?
    }

    /// Reads the text of server-sent events as a browser would, knowing nothing of the writer.
    private static func parse(_ bytes: [UInt8]) throws -> [Heard] {
        var heard: [Heard] = []
        var (id, kind, data) = ("", "", "")
        for line in String(decoding: bytes, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
        {
            if line.isEmpty {
                if !data.isEmpty {
                    let json = try JSONSerialization.jsonObject(with: Data(data.utf8))
                    let members = try #require(json as? [String: Any])
                    #expect(members["kind"] as? String == kind)
                    heard.append(
                        Heard(
                            number: try #require(Int(id)), kind: kind,
                            job: members["job"] as? String))
                }
                (kind, data) = ("", "")
            } else if line.hasPrefix("id: ") {
                id = String(line.dropFirst(4))
            } else if line.hasPrefix("event: ") {
                kind = String(line.dropFirst(7))
            } else if line.hasPrefix("data: ") {
                data += line.dropFirst(6)
            }
        }
        return heard
    }

    private static func read(_ feed: inout EventFeed) throws -> [Heard] {
        try parse(feed.next(bytesMax: 1 << 20))
    }

    // MARK: Numbers

    @Test func `numbers follow one another, and those of a later daemon are higher`() throws {
        let bench = Bench()
        var reader = bench.reader()
        for id in ["a", "b", "c"] { bench.move(id) }
        let heard = try Self.read(&reader)
        #expect(heard.map(\.job) == ["a", "b", "c"])
        let first = bench.clock.now * 1_024 + 1
        #expect(heard.map(\.number) == [first, first + 1, first + 2])
        // JavaScript's numbers hold them exactly.
        #expect(first < 1 << 53)
        bench.clock.jump(milliseconds: 1)
        let later = EventHub(clock: bench.clock.daemonClock)
        #expect(later.last > heard[2].number)
    }

    @Test func `a reader who comes back hears what it missed, and nothing twice`() throws {
        let bench = Bench()
        var reader = bench.reader()
        bench.move("a")
        bench.move("b")
        let seen = try Self.read(&reader)
        #expect(try Self.read(&reader).isEmpty)
        bench.move("c")
        var again = bench.reader(after: seen[0].number)
        #expect(try Self.read(&again).map(\.job) == ["b", "c"])
        #expect(try Self.read(&again).isEmpty)
        // Where it is when it begins, without any event: a client that hears none knows it.
        #expect(
            String(decoding: again.opening(), as: UTF8.self)
                .hasSuffix("\nid: \(seen[1].number + 1)\n\n"))
        var new = bench.reader()
        #expect(try Self.read(&new).isEmpty, "who names no number begins now")
    }

    @Test func `who asks for what is gone is told to look again, and goes on from there`() throws {
        let bench = Bench(count: 4)
        let before = bench.hub.last
        for number in 0..<10 { bench.move("j\(number)") }
        // Of an earlier daemon, too old, and of nobody.
        for place in [17, before, before + 5, bench.hub.last + 1] {
            var reader = bench.reader(after: place)
            let heard = try Self.read(&reader)
            #expect(heard.map(\.kind) == ["reset"], "\(place - before)")
            #expect(heard[0].number == bench.hub.last)
        }
        var oldest = bench.reader(after: before + 6)
        #expect(try Self.read(&oldest).map(\.job) == ["j6", "j7", "j8", "j9"], "the oldest kept")
        var reader = bench.reader(after: before)
        _ = try Self.read(&reader)
        bench.move("k")
        #expect(try Self.read(&reader).map(\.job) == ["k"])
    }

    // MARK: Who sees what

    @Test(arguments: [false, true])
    func `people on a private server see events of their own jobs only`(isPrivate: Bool) throws {
        let bench = Bench(isPrivate: isPrivate)
        var readers = [Self.ann, Self.bob, Self.admin].map { bench.reader($0) }
        bench.move("anns", owner: 1_001)
        bench.hub.hear(
            .attemptBegan(
                .init(id: "x", job: "bobs", owner: 1_002, state: .running, backend: .child)))
        bench.hub.hear(.said(job: "bobs", owner: 1_002, .stageStarted(stage: "merge")))
        bench.hub.hear(.workerBegan(.init(job: "bobs", owner: 1_002, process: 5)))
        bench.hub.hear(
            .rejected(.init(file: "f", owner: 1_002, reason: "manifest", problem: "p")))
        bench.hub.hear(
            .rejected(.init(file: "g", owner: nil, reason: "manifest", problem: "p")))
        bench.hub.hear(.problems(topic: .index, ["no room"]))
        let kinds = try readers.indices.map { try Self.read(&readers[$0]).map(\.kind) }
        let all = ["job", "attempt", "progress", "worker", "rejected", "rejected", "server"]
        #expect(kinds[2] == all)
        #expect(kinds[0] == (isPrivate ? ["job", "server"] : all))
        #expect(kinds[1] == (isPrivate ? Array(all[1...4]) + ["server"] : all))
    }

    @Test func `a server that becomes private does so for streams that are open`() throws {
        let bench = Bench()
        var reader = bench.reader(Self.bob)
        bench.move("a")
        var configuration = bench.live.current
        configuration.isPrivate = true
        bench.live.replace(by: configuration)
        bench.move("b")
        #expect(try Self.read(&reader).isEmpty)
    }

    @Test func `who follows one job hears of it alone, and does not fall behind the others`()
        throws
    {
        let bench = Bench(count: 10)
        var reader = bench.reader(job: "mine")
        bench.move("mine")
        bench.move("other")
        #expect(try Self.read(&reader).map(\.job) == ["mine"])
        for _ in 0..<50 {
            for _ in 0..<5 { bench.move("other") }
            #expect(try Self.read(&reader).isEmpty)
        }
        // What it would ask for if it came back now.
        let pulse = String(decoding: reader.pulse, as: UTF8.self)
        #expect(pulse == ":\nid: \(bench.hub.last)\n\n")
    }

    // MARK: What it costs

    @Test func `a thousand readers that read nothing keep no event, and hear reset later`() throws {
        let bench = Bench(count: 50, bytes: 20_000)
        var readers = (0..<1_000).map { _ in bench.reader() }
        for number in 0..<10_000 {
            bench.move("j\(number)")
            let kept = bench.hub.kept
            if kept.count > 50 || kept.bytes > 20_000 { Issue.record("\(kept)") }
        }
        // The ring is all that there is: a feed is a few words.
        #expect(MemoryLayout<EventFeed>.size < 200)
        for index in readers.indices {
            #expect(try Self.read(&readers[index]).map(\.kind) == ["reset"])
        }
        bench.move("k")
        #expect(try Self.read(&readers[999]).map(\.job) == ["k"])
    }

    @Test func `a batch has about as many bytes as are wanted, and all batches are everything`()
        throws
    {
        let bench = Bench()
        var reader = bench.reader()
        for number in 0..<90 { bench.move("j\(number)") }
        var jobs: [String?] = []
        while true {
            let bytes = reader.next(bytesMax: 500)
            if bytes.isEmpty { break }
            #expect(bytes.count <= 500)
            jobs += try Self.parse(bytes).map(\.job)
        }
        #expect(jobs == (0..<90).map { "j\($0)" })
        var small = bench.reader(after: bench.hub.last - 1)
        #expect(!small.next(bytesMax: 1).isEmpty, "one event always fits")
    }

    @Test func `what people wrote at length is cut`() throws {
        let bench = Bench()
        // Accents without end on one letter are one character.
        let long =
            String(repeating: "é\n", count: 400) + "e"
            + String(repeating: "\u{301}", count: 100_000)
        var move = Occurrence.JobMove(id: "a", name: long, owner: 1, state: .failed)
        move.reason = long
        bench.hub.hear(.moved(move))
        bench.hub.hear(.rejected(.init(file: long, owner: 1, reason: "manifest", problem: long)))
        bench.hub.hear(.problems(topic: .inbox, Array(repeating: long, count: 100)))
        #expect(bench.hub.kept.count == 3 && bench.hub.kept.bytes < 100_000)
        var reader = bench.reader(after: bench.hub.last - 3)
        #expect(try Self.read(&reader).count == 3, "a line end in a name ends no line")
    }

    // MARK: Progress

    @Test func `progress comes once in a second, and the last of a second is not lost`()
        async throws
    {
        let bench = Bench()
        var reader = bench.reader()
        func say(_ done: Int, _ job: String = "a") {
            bench.hub.hear(
                .said(
                    job: job, owner: 1,
                    .progress(.init(stage: "merge", done: done, total: 100, unit: "layers"))))
        }
        for done in 1...50 { say(done) }
        say(1, "b")
        #expect(try Self.read(&reader).map(\.job) == ["a", "b"])
        bench.clock.advance(milliseconds: 999)
        say(60)
        #expect(try Self.read(&reader).isEmpty)
        var bytes: [UInt8] = []
        let isTold = await eventually {
            // Whoever waits for the second may come to its clock late, and waits all of it then.
            bench.clock.advance(milliseconds: 50)
            bytes += reader.next(bytesMax: 1 << 20)
            return !bytes.isEmpty
        }
        #expect(isTold)
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.contains("\"share\":0.6"))
        #expect(try Self.parse(bytes).count == 1)
        // What waits of an attempt that has ended is not told any more.
        say(70)
        bench.hub.hear(
            .attemptEnded(
                .init(id: "x", job: "a", owner: 1, state: .succeeded, backend: .child)))
        bench.clock.advance(milliseconds: 5_000)
        #expect(try Self.read(&reader).map(\.kind) == ["attempt"])
    }

    @Test func `the server is told of when it changes, and not else`() throws {
        let bench = Bench()
        var reader = bench.reader()
        for free in 0..<3 {
            bench.hub.hear(.problems(topic: .inbox, ["p"]))
            bench.hub.hear(.held(2))
            bench.hub.hear(.disk(freeBytes: free, isFull: true))
        }
        bench.hub.hear(.problems(topic: .inbox, []))
        bench.hub.hear(.stopping)
        let bytes = reader.next(bytesMax: 1 << 20)
        #expect(try Self.parse(bytes).map(\.kind) == Array(repeating: "server", count: 5))
        let last = String(decoding: bytes, as: UTF8.self).split(separator: "data: ").last
        #expect(last?.contains("\"disk_free_bytes\":2") == true, "as it is now")
    }
}
