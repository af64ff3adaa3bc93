// Jobs of people of whom nobody can tell for a while what they may read: they wait, and hold up
// nobody else.

import DurableIO
import Foundation
import Jobs
import Store
import SystemPackage
import Testing

@testable import Daemon

@Suite(.serialized) struct UnknownOwnerTests {
    private static let alice = 1
    private static let bob = 2
    private static let carol = 3

    private let known = TestDirectory()
    private let clock = ManualClock()

    /// A queue whose directory of people does not know one of them for a while.
    private func bench(unknown owner: Int) async throws -> QueueBench {
        known.set(unknown: [UInt32(owner)])
        return try await QueueBench(TestDaemon(), clock) { $0.directory = known.directory }
    }

    private func isPlanned(_ name: String, _ bench: QueueBench) -> Bool {
        TestFolder.text(bench.daemon.folder.file("runs.log")).contains("\(name) plan ")
    }

    @Test func `an owner of whom nobody can tell keeps nobody else from a forecast`() async throws {
        let bench = try await bench(unknown: Self.alice)
        let long = try await bench.submit("gate-c", by: Self.carol)
        let hers = try await bench.submit("ok-a", by: Self.alice)
        // It runs beside the long one once it is planned, and stands behind hers.
        let short = try await bench.submit("short-b", by: Self.bob)
        try await bench.wait(for: short, .done, step: 100)
        #expect(try await bench.summary(long).state == .running)
        #expect(!isPlanned("ok-a", bench))
        known.set(unknown: [])
        #expect(
            await eventually {
                clock.advance(milliseconds: 10_000)
                return isPlanned("ok-a", bench)
            }, "she is not asked for again")
        #expect(try await bench.summary(hers).state == .queued)
        await bench.stop()
    }

    @Test func `a job that cannot begin for days leaves one attempt, and begins afterwards`()
        async throws
    {
        let bench = try await bench(unknown: Self.alice)
        let id = try await bench.submit("ok-a", by: Self.alice)
        func waits() async throws -> Bool {
            let summary = try await bench.summary(id)
            return summary.state == .queued && summary.notBeforeMilliseconds == nil
                && summary.reason?.contains("cannot be found out now") == true
        }
        #expect(await eventually { try await waits() })
        let events = try bench.index.events(of: id).count
        for _ in 0..<5 {
            let asked = known.asked.count
            #expect(
                await eventually {
                    clock.advance(milliseconds: 60_000)
                    return known.asked.count > asked
                }, "nobody is asked again")
            #expect(try await waits())
        }
        #expect(try bench.index.attempts(of: id).map(\.state) == [AttemptState.stopped.rawValue])
        #expect(try bench.index.events(of: id).count == events)
        #expect(try await bench.summary(id).attempts == 1)
        known.set(unknown: [])
        try await bench.wait(for: id, .done, step: 60_000)
        #expect(try bench.index.attempts(of: id).count == 2)
        #expect(bench.daemon.runs(of: "ok-a").count == 1)
        await bench.stop()
    }
}
