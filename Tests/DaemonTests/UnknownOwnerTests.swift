// Jobs of people of whom nobody can tell for a while what they may read: they wait, and hold up
// nobody else.

import DurableIO
import Foundation
import Jobs
import Logging
import Store
import SystemPackage
import Testing

@testable import Daemon

@Suite(.serialized) struct UnknownOwnerTests {
    private static let alice = 1
    private static let bob = 2
    private static let carol = 3

    /// A queue that has started, with a directory of people of the test's own.
    private struct Bench {
        let daemon: TestDaemon
        let clock = ManualClock()
        let known = TestDirectory()
        let index: IndexDatabase
        let queue: JobQueue

        init(unknown owner: Int) async throws {
            daemon = try TestDaemon()
            known.set(unknown: [UInt32(owner)])
            let folders = StateFolders(state: daemon.state)
            try folders.make()
            var configuration = DaemonConfiguration(
                folders: folders, modelRoots: [daemon.state.appending("models")], dataRoots: [],
                worker: daemon.folder.file("worker"))
            configuration.clock = clock.daemonClock
            configuration.grace = .seconds(1)
            configuration.directory = known.directory
            index = try IndexDatabase(path: folders.index)
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            queue = JobQueue(
                settings: LiveConfiguration(configuration), index: index, health: Health(),
                notifier: Notifier(environment: [:], process: 0), logger: logger)
            try await queue.recover(claimed: [])
            await queue.start()
        }

        func submit(_ name: String, by owner: Int) async throws -> String {
            let manifest = Data(TestDaemon.manifest(name).utf8)
            let record = JobRecord(
                id: JobIdentifier.make(now: clock.now), source: name, owner: owner,
                submittedAtMilliseconds: clock.now, manifestDigest: "",
                description: try ManifestParser.parse(bytes: manifest, name: name))
            return try await queue.admit(record, manifest: Array(manifest)).id
        }

        func summary(_ id: String) async throws -> JobSummary {
            try await queue.detail(id).summary
        }

        /// Whether it comes to that, while time passes.
        func comesTo(_ id: String, _ state: JobState, step: Int) async -> Bool {
            await eventually {
                clock.advance(milliseconds: step)
                return try await summary(id).state == state
            }
        }

        func isPlanned(_ name: String) -> Bool {
            TestFolder.text(daemon.folder.file("runs.log")).contains("\(name) plan ")
        }
    }

    @Test func `an owner of whom nobody can tell keeps nobody else from a forecast`() async throws {
        let bench = try await Bench(unknown: Self.alice)
        let long = try await bench.submit("gate-c", by: Self.carol)
        let hers = try await bench.submit("ok-a", by: Self.alice)
        // It runs beside the long one once it is planned, and stands behind hers.
        let short = try await bench.submit("short-b", by: Self.bob)
        #expect(await bench.comesTo(short, .done, step: 100))
        #expect(try await bench.summary(long).state == .running)
        #expect(!bench.isPlanned("ok-a"))
        bench.known.set(unknown: [])
        #expect(
            await eventually {
                bench.clock.advance(milliseconds: 10_000)
                return bench.isPlanned("ok-a")
            }, "she is not asked for again")
        #expect(try await bench.summary(hers).state == .queued)
        await bench.queue.drain()
    }

    @Test func `a job that cannot begin for days leaves one attempt, and begins afterwards`()
        async throws
    {
        let bench = try await Bench(unknown: Self.alice)
        let id = try await bench.submit("ok-a", by: Self.alice)
        func waits() async throws -> Bool {
            let summary = try await bench.summary(id)
            return summary.state == .queued && summary.notBeforeMilliseconds == nil
                && summary.reason?.contains("cannot be found out now") == true
        }
        #expect(await eventually { try await waits() })
        let events = try bench.index.events(of: id).count
        for _ in 0..<5 {
            let asked = bench.known.asked.count
            #expect(
                await eventually {
                    bench.clock.advance(milliseconds: 60_000)
                    return bench.known.asked.count > asked
                }, "nobody is asked again")
            #expect(try await waits())
        }
        #expect(try bench.index.attempts(of: id).map(\.state) == [AttemptState.stopped.rawValue])
        #expect(try bench.index.events(of: id).count == events)
        #expect(try await bench.summary(id).attempts == 1)
        bench.known.set(unknown: [])
        #expect(await bench.comesTo(id, .done, step: 60_000))
        #expect(try bench.index.attempts(of: id).count == 2)
        #expect(bench.daemon.runs(of: "ok-a").count == 1)
        await bench.queue.drain()
    }
}
