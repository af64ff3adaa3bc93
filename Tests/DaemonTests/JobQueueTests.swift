// The queue with its files, its index and real workers, but without socket and inbox: who may
// order what, and what of it lasts.

import Daemon
import DurableIO
import Failures
import Foundation
import Glibc
import Jobs
import Store
import SystemPackage
import Testing

@Suite(.serialized) struct JobQueueTests {
    private static let alice = Caller(user: 1, isAdmin: false)
    private static let bob = Caller(user: 2, isAdmin: false)
    private static let admin = Caller(user: 3, isAdmin: true)

    private static func code(_ body: () async throws -> Void) async -> ErrorDocument.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? ErrorDocument)?.code
        }
    }

    @Test func `only its owner and admins change a job, and it is on record who did`() async throws
    {
        let bench = try await QueueBench(TestDaemon(), ManualClock())
        let queue = bench.queue
        _ = try await bench.submit("gate-o")
        let id = try await bench.submit("ok-o")
        #expect(await Self.code { _ = try await queue.hold(id, by: Self.bob) } == .forbidden)
        #expect(await Self.code { _ = try await queue.release(id, by: Self.bob) } == .forbidden)
        #expect(await Self.code { _ = try await queue.cancel(id, by: Self.bob) } == .forbidden)
        #expect(await Self.code { _ = try await queue.retry(id, by: Self.bob) } == .forbidden)
        #expect(
            await Self.code { _ = try await queue.setPriority(id, to: 1, by: Self.bob) }
                == .forbidden)
        #expect(try bench.orders(id).isEmpty)
        #expect(try await bench.summary(id).state == .queued)
        #expect(try await queue.hold(id, by: Self.alice).state == .held)
        #expect(try await queue.setPriority(id, to: 7, by: Self.alice).state == .held)
        #expect(try await queue.cancel(id, by: Self.admin).state == .cancelled)
        #expect(try await queue.retry(id, by: Self.alice).state == .queued)
        #expect(
            try bench.orders(id) == [
                #"hold {"admin":false,"by":1}"#, #"priority {"admin":false,"by":1,"priority":7}"#,
                #"cancel {"admin":true,"by":3}"#, #"retry {"admin":false,"by":1}"#,
            ])
        #expect(try await bench.summary(id).priority == 7)
        #expect(await Self.code { _ = try await queue.hold("none", by: Self.admin) } == .notFound)
        await bench.stop()
    }

    @Test func `what an admin ordered, only an admin takes back`() async throws {
        let bench = try await QueueBench(TestDaemon(), ManualClock())
        let queue = bench.queue
        _ = try await bench.submit("gate-p")
        let id = try await bench.submit("ok-p")
        _ = try await queue.hold(id, by: Self.alice)
        _ = try await queue.hold(id, by: Self.admin)
        #expect(await Self.code { _ = try await queue.release(id, by: Self.alice) } == .forbidden)
        #expect(try await queue.hold(id, by: Self.alice).state == .held)
        #expect(try await bench.summary(id).held == .admin, "she cannot make it her own hold")
        #expect(try await queue.release(id, by: Self.admin).state == .queued)
        _ = try await queue.setPriority(id, to: -50, by: Self.admin)
        #expect(
            await Self.code { _ = try await queue.setPriority(id, to: 100, by: Self.alice) }
                == .forbidden)
        await bench.stop()
    }

    @Test func `holds and priorities outlive the index`() async throws {
        let daemon = try TestDaemon()
        let clock = ManualClock()
        var ids: [String] = []
        do {
            let bench = try await QueueBench(daemon, clock)
            for name in ["gate-i", "ok-held", "ok-free", "ok-first"] {
                ids.append(try await bench.submit(name))
            }
            _ = try await bench.queue.hold(ids[1], by: Self.alice)
            _ = try await bench.queue.hold(ids[2], by: Self.alice)
            _ = try await bench.queue.release(ids[2], by: Self.alice)
            _ = try await bench.queue.setPriority(ids[3], to: 9, by: Self.admin)
            await bench.stop()
        }
        for suffix in ["", "-wal", "-shm"] {
            try? Syscalls.unlink(FilePath("\(StateFolders(state: daemon.state).index)\(suffix)"))
        }
        let bench = try await QueueBench(daemon, clock)
        let held = try await bench.summary(ids[1])
        #expect(held.state == .held && held.held == .user)
        #expect(held.reason?.contains("user 1") == true)
        try daemon.open("gate-i")
        try await bench.wait(for: ids[3], .done)
        try await bench.wait(for: ids[2], .done)
        #expect(try await bench.summary(ids[1]).state == .held)
        // Of the first start, the gate; what was ordered first after it goes first.
        let later = daemon.runs.map(\.name).filter { $0.hasPrefix("ok") }
        #expect(later == ["ok-first", "ok-free"])
        _ = try await bench.queue.release(ids[1], by: Self.alice)
        try await bench.wait(for: ids[1], .done)
        await bench.stop()
    }

    @Test(.enabled(if: ProcessIdentity(of: 1) != nil, "/proc shows no other process"))
    func `a worker that does not end after it was killed keeps its job from running`()
        async throws
    {
        let daemon = try TestDaemon()
        let clock = ManualClock()
        let id: String
        // Each daemon lets go of the index before the next one opens it.
        do {
            let bench = try await QueueBench(daemon, clock)
            _ = try await bench.submit("gate-a")
            id = try await bench.submit("ok-p")
            await bench.stop()
            // The first process is none that anybody kills.
            let first = try #require(ProcessIdentity(of: 1))
            var row = try #require(try bench.index.job(id))
            row.state = JobState.running.rawValue
            row.attempts = 1
            var attempt = AttemptRow(
                id: JobIdentifier.make(now: clock.now), job: id,
                state: AttemptState.running.rawValue, startedAt: clock.now)
            (attempt.process, attempt.processStart, attempt.boot) = (1, first.start, first.boot)
            try bench.index.commit([.init(job: row, attempt: attempt)])
        }
        do {
            let bench = try await QueueBench(daemon, clock) { $0.grace = .milliseconds(50) }
            let held = try await bench.summary(id)
            #expect(held.state == .held && held.held == .user)
            #expect(held.reason?.contains("process 1,") == true, "\(held)")
            await bench.stop()
        }
        let bench = try await QueueBench(daemon, clock)
        #expect(try await bench.summary(id).state == .held, "until somebody has looked")
        #expect(daemon.runs(of: "ok-p").isEmpty)
        _ = try await bench.queue.release(id, by: Self.alice)
        try daemon.open("gate-a")
        try await bench.wait(for: id, .done)
        await bench.stop()
    }

    @Test(arguments: 1...4)
    func `a job that was refused is not found accepted, whatever stays of it`(
        number: Int
    ) async throws {
        let daemon = try TestDaemon()
        let clock = ManualClock()
        let folders = StateFolders(state: daemon.state)
        do {
            let bench = try await QueueBench(daemon, clock)
            let record = try bench.record("ok-r")
            // In the way of the record, so that it is refused after its manifest is there.
            try Syscalls.makeFolders(folders.job(record.id).appending("job.json/x"))
            let plan = FaultPlan(.error(.ioError), atCall: number, among: [.unlink, .rmdir])
            await FaultPlan.$current.withValue(plan) {
                await #expect(throws: (any Error).self) {
                    try await bench.queue.admit(record, manifest: [])
                }
            }
            #expect(plan.hasFired)
            #expect(!TestFolder.exists(folders.job(record.id)))
            await bench.stop()
        }
        let bench = try await QueueBench(daemon, clock)
        #expect(await eventually { TestFolder.names(in: folders.jobs).isEmpty })
        #expect(try bench.index.jobIdentifiers().isEmpty)
        await bench.stop()
    }

    @Test func `use is on record, and the next daemon knows it`() async throws {
        let daemon = try TestDaemon()
        let clock = ManualClock()
        do {
            let bench = try await QueueBench(daemon, clock)
            let id = try await bench.submit("gate-u")
            _ = try await daemon.worker(of: "gate-u")
            clock.advance(milliseconds: 10_000)
            try daemon.open("gate-u")
            try await bench.wait(for: id, .done)
            #expect(
                try bench.index.usage() == [UsageRow(owner: 1, seconds: 10, asOf: clock.now)])
            await bench.stop()
        }
        // A year back: nothing grows, nothing is forgotten.
        clock.jump(milliseconds: -31_536_000_000)
        let bench = try await QueueBench(daemon, clock)
        _ = try await bench.submit("gate-v", by: 3)
        let first = try await bench.submit("ok-1", by: 1)
        let second = try await bench.submit("ok-2", by: 2)
        #expect(try await bench.summary(second).ahead == 0, "who has used less goes first")
        #expect(try await bench.summary(first).ahead == 1)
        await bench.stop()
    }

    @Test func `a loss is on record, though the job starts again at once`() async throws {
        let bench = try await QueueBench(TestDaemon(), ManualClock())
        let id = try await bench.submit("gate-l")
        kill(try await bench.daemon.worker(of: "gate-l"), SIGKILL)
        _ = try await bench.daemon.worker(of: "gate-l", run: 2)
        let row = try #require(try bench.index.job(id))
        #expect(row.state == JobState.running.rawValue && row.attempts == 2, "\(row)")
        #expect(row.lost == 1, "a daemon that dies now must not forget it")
        await bench.stop()
    }

    @Test func `a job that found the disk full waits with numbers, and goes on by itself`()
        async throws
    {
        let bench = try await QueueBench(TestDaemon(), ManualClock())
        let id = try await bench.submit("disk-once-1")
        try await bench.wait(for: id, .held)
        let held = try await bench.summary(id)
        #expect(held.held == .disk)
        #expect(held.reason?.contains("MiB are free") == true, "\(held)")
        #expect(bench.daemon.runs.count == 1)
        try await bench.wait(for: id, .done, step: 60_000)
        #expect(bench.daemon.runs.count == 2)
        await bench.stop()
    }

    @Test func `results beyond the owner's share are not kept, and made again when there is room`()
        async throws
    {
        let bench = try await QueueBench(TestDaemon(), ManualClock()) { $0.resultsPerUser = 1_000 }
        let results = bench.daemon.state.appending("results")
        let old = results.appending("1/old-\(JobIdentifier.make(now: bench.clock.now))")
        try Syscalls.makeFolders(old)
        try bench.daemon.folder.write(
            String(repeating: "x", count: 1_000), to: old.appending("model"))
        let (id, other) = (
            try await bench.submit("ok-q"), try await bench.submit("ok-other", by: 2)
        )
        try await bench.wait(for: id, .held)
        try await bench.wait(for: other, .done)
        let held = try await bench.summary(id)
        #expect(held.held == .quota)
        #expect(held.reason?.contains("layerfold rm") == true, "\(held)")
        #expect(await eventually { TestFolder.names(in: results).sorted() == ["1", "2"] })
        bench.clock.advance(milliseconds: 60_000)
        #expect(try await bench.summary(id).state == .held, "there is no room yet")
        try Syscalls.unlink(old.appending("model"))
        try await bench.wait(for: id, .done, step: 60_000)
        #expect(bench.daemon.runs(of: "ok-q").count == 2)
        await bench.stop()
    }

    @Test func `results that cannot be put in place are made again later`() async throws {
        let bench = try await QueueBench(TestDaemon(), ManualClock())
        let id = try await bench.submit("gate-r")
        // A stranger has taken the name: nothing of ours can be written below it.
        let stranger = bench.daemon.state.appending("results").appending("gate-r-\(id)")
        try bench.daemon.folder.write("", to: stranger)
        try bench.daemon.open("gate-r")
        #expect(await eventually { try await bench.summary(id).notBeforeMilliseconds != nil })
        #expect(try await bench.summary(id).reason?.contains("publishing") == true)
        try Syscalls.unlink(stranger)
        try await bench.wait(for: id, .done, step: 60_000)
        #expect(bench.daemon.runs(of: "gate-r").count == 2)
        await bench.stop()
    }

    @Test func `two run at once where the plans fit, the third waits`() async throws {
        let bench = try await QueueBench(TestDaemon(), ManualClock()) {
            $0.limits.slots = 2
            $0.limits.memoryBytes = 2
            // Those of people are all taken.
            $0.forecastsMax = 0
        }
        var ids: [String] = []
        for name in ["gate-1", "gate-2", "gate-3"] { ids.append(try await bench.submit(name)) }
        try await bench.wait(for: ids[1], .running, step: 1)
        #expect(try await bench.summary(ids[0]).state == .running)
        #expect(try await bench.summary(ids[2]).state == .queued)
        try bench.daemon.open("gate-2")
        try await bench.wait(for: ids[2], .running, step: 1)
        #expect(try await bench.summary(ids[0]).state == .running)
        await bench.stop()
    }

    @Test func `what runs is told to whom it may be told`() async throws {
        let bench = try await QueueBench(TestDaemon(), ManualClock()) {
            $0.limits.slots = 2
            $0.limits.memoryBytes = 2
            $0.isPrivate = true
        }
        let alices = try await bench.submit("gate-1", by: Self.alice.user)
        let bobs = try await bench.submit("gate-2", by: Self.bob.user)
        try await bench.wait(for: bobs, .running, step: 1)
        let queue = bench.queue
        #expect(try await queue.status(seenBy: Self.alice.user).running == alices)
        #expect(try await queue.status(seenBy: Self.bob.user).running == bobs)
        #expect(try await queue.status(seenBy: 4).running == nil)
        #expect(try await queue.status().running != nil)
        // The service manager shows it to everybody.
        #expect(await queue.statusLine() == "running a job, 0 queued")
        await bench.stop()
    }

    @Test func `a short job runs beside a long one`() async throws {
        let bench = try await QueueBench(TestDaemon(), ManualClock())
        let long = try await bench.submit("gate-long")
        let waiting = try await bench.submit("ok-waiting")
        let short = try await bench.submit("short-1")
        try await bench.wait(for: short, .done, step: 2_000)
        #expect(try await bench.summary(long).state == .running)
        #expect(try await bench.summary(waiting).state == .queued)
        await bench.stop()
    }
}
