// What of a job the next daemon knows as this one does: its tries, what it used, how long it has
// waited, and results that are kept for a retry.

import Daemon
import DurableIO
import Failures
import Foundation
import Glibc
import Jobs
import Store
import SystemPackage
import Testing

@Suite(.serialized) struct NextDaemonTests {
    private let daemon: TestDaemon
    private let clock = ManualClock()
    private let alice = Caller(user: 1, isAdmin: false)

    init() throws { daemon = try TestDaemon() }

    @Test(arguments: ["disk-gate", "gate-full"])
    func `a job that waits for room has all its tries again, also on record`(
        _ name: String
    ) async throws {
        let bench = try await QueueBench(daemon, clock) { $0.resultsPerUser = 1 }
        // The first attempt is lost, the second one finds the disk full, or makes too much.
        let id = try await bench.submit(name)
        kill(try await daemon.worker(of: name), SIGKILL)
        _ = try await daemon.worker(of: name, run: 2)
        #expect(try bench.index.job(id)?.lost == 1)
        try daemon.open(name)
        try await bench.wait(for: id, .held)
        #expect(try bench.index.job(id)?.lost == 0)
        await bench.stop()
    }

    @Test func `a job that ended while no daemon was there is charged with what it ran`()
        async throws
    {
        do {
            let bench = try await QueueBench(daemon, clock)
            _ = try await bench.submit("gate-a")
            let id = try await bench.submit("gate-b", by: 2)
            await bench.stop()
            var row = try #require(try bench.index.job(id))
            (row.state, row.attempts) = (JobState.running.rawValue, 1)
            let attempt = AttemptRow(
                id: JobIdentifier.make(now: clock.now), job: id,
                state: AttemptState.running.rawValue, startedAt: clock.now)
            try bench.index.commit([.init(job: row, attempt: attempt)])
            let folder = JobFolder(StateFolders(state: daemon.state).job(id))
            try folder.write(
                .succeeded(job: id, attempt: attempt.id, seconds: 30, peakBytes: 1))
        }
        // Nobody knows how long the daemon was away.
        clock.advance(milliseconds: 86_400_000)
        let bench = try await QueueBench(daemon, clock)
        let used = try bench.index.usage().first { $0.owner == 2 }
        #expect(used == UsageRow(owner: 2, seconds: 30, asOf: clock.now))
        await bench.stop()
    }

    @Test func `what was retried or released has waited since then, also for the next daemon`()
        async throws
    {
        func begin() async throws -> QueueBench {
            // Nothing is started.
            try await QueueBench(daemon, clock) {
                ($0.limits.slots, $0.limits.laneSlots) = (0, 0)
            }
        }
        do {
            let bench = try await begin()
            let (retried, released) = (
                try await bench.submit("ok-1"), try await bench.submit("ok-2")
            )
            _ = try await bench.queue.cancel(retried, by: alice)
            _ = try await bench.queue.hold(released, by: alice)
            clock.advance(milliseconds: 172_800_000)
            _ = try await bench.queue.retry(retried, by: alice)
            _ = try await bench.queue.release(released, by: alice)
            #expect(try await bench.queue.figures().oldestQueuedSeconds == 0)
            await bench.stop()
        }
        clock.advance(milliseconds: 3_600_000)
        let bench = try await begin()
        #expect(try await bench.queue.figures().oldestQueuedSeconds == 3_600)
        await bench.stop()
    }

    /// Somebody has the name of the results: a job that fails by that keeps them.
    private func submit(_ name: String, to bench: QueueBench) async throws -> String {
        let id = try await bench.submit(name)
        try Syscalls.makeFolders(taken(name, id))
        try daemon.folder.write("mine", to: taken(name, id).appending("note"))
        try daemon.open(name)
        try await bench.wait(for: id, .failed)
        return id
    }

    private func taken(_ name: String, _ id: String) -> FilePath {
        daemon.state.appending("results/1/\(name)-\(id)")
    }

    @Test func `results that only lacked their name are put in place by a retry, days later`()
        async throws
    {
        let name = "gate-k"
        let id: String
        do {
            let bench = try await QueueBench(daemon, clock)
            id = try await submit(name, to: bench)
            await bench.stop()
        }
        let bench = try await QueueBench(daemon, clock)
        // It has the name still.
        _ = try await bench.queue.retry(id, by: alice)
        try await bench.wait(for: id, .failed)
        #expect(try await bench.summary(id).failure?.failureClass == .user)
        try Syscalls.rename(taken(name, id), to: daemon.state.appending("results/1/mine"))
        _ = try await bench.queue.retry(id, by: alice)
        try await bench.wait(for: id, .done)
        #expect(daemon.runs(of: name).count == 1, "nothing is computed again")
        await bench.stop()
    }

    @Test func `a name that somebody has is no sign of results that are computed`() async throws {
        let name = "gate-n"
        let bench = try await QueueBench(daemon, clock)
        let id = try await submit(name, to: bench)
        // Somebody cleared them away.
        try Syscalls.rename(
            daemon.state.appending("results/.\(name)-\(id).partial"),
            to: daemon.state.appending("results/old"))
        _ = try await bench.queue.retry(id, by: alice)
        _ = try await daemon.worker(of: name, run: 2)
        try await bench.wait(for: id, .failed)
        let words = try bench.index.events(of: id).map(\.data)
        #expect(!words.contains { $0.contains("its results are not in") }, "\(words)")
        await bench.stop()
    }
}
