// Results and jobs are removed by those they belong to, wholly or not at all.

import DurableIO
import Foundation
import Glibc
import Jobs
import Logging
import Publication
import Store
import SystemPackage
import Testing

@testable import Daemon

@Suite struct RemovalTests {
    private static let owner = 4_242
    private let alice = Caller(user: owner, isAdmin: false)
    private let folder: TestFolder
    private let clock = ManualClock()
    /// One of all queues: a queue that was started goes on for a while.
    private let index: IndexDatabase

    init() throws {
        folder = try TestFolder()
        let folders = StateFolders(state: folder.file("state"))
        try folders.make()
        index = try IndexDatabase(path: folders.index)
    }

    private var folders: StateFolders { StateFolders(state: folder.file("state")) }

    /// A queue on the folder, after a start.
    private func queue(_ retention: RetentionRule? = nil) async throws -> JobQueue {
        var configuration = DaemonConfiguration(
            folders: folders, modelRoots: [], dataRoots: [], worker: folder.file("worker"))
        configuration.clock = clock.daemonClock
        configuration.retention = retention
        configuration.resultsPerUser = 5
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let queue = JobQueue(
            settings: LiveConfiguration(configuration),
            index: index, health: Health(),
            notifier: Notifier(environment: [:], process: 0), logger: logger)
        try await queue.recover(claimed: [])
        return queue
    }

    /// A finished job in the files, which the next start finds.
    @discardableResult
    private func finish(
        _ name: String, _ state: JobState = .done, owner: Int = Self.owner
    ) async throws -> JobRecord {
        let text =
            "{version: 1, name: \(name), model: m, "
            + "compress: [{method: reverse, ratios: [0.5]}]}"
        let record = JobRecord(
            id: JobIdentifier.make(now: clock.now), source: "x.yaml", owner: owner,
            submittedAtMilliseconds: clock.now, manifestDigest: "",
            description: try ManifestParser.parse(bytes: Data(text.utf8), name: "x"))
        let job = JobFolder(folders.job(record.id))
        try job.accept(manifest: Array(text.utf8), record: record)
        let partial = folders.results.appending(record.partialResultsName)
        try Syscalls.makeFolders(partial.appending("reverse-r0.5"))
        try folder.write("0123456789", to: partial.appending("report.json"))
        if state == .done {
            #expect(await Publisher(results: folders.results).publish(record) == nil)
        }
        try job.writeEnd(JobEnd(state: state, finishedAtMilliseconds: clock.now))
        return record
    }

    private func results(_ record: JobRecord) -> FilePath {
        folders.results.appending(record.resultsName)
    }

    @Test func `results are removed by their owner, and the job stays`() async throws {
        let record = try await finish("one")
        let other = try await finish("two")
        let queue = try await queue()
        let receipt = try await queue.remove(record.id, what: .results, by: alice)
        let done = TestFolder.exists(results(record))
        #expect(!done)
        #expect(receipt.freedBytes > 10, "report.json and DONE")
        #expect(try await queue.remove(record.id, what: .results, by: alice).freedBytes == 0)
        #expect(try await queue.detail(record.id).summary.state == .done)
        #expect(try await queue.detail(record.id).resultsDirectory == nil)
        #expect(try await queue.detail(other.id).resultsDirectory == results(other).string)
        #expect(TestFolder.exists(folders.job(record.id)))
        let hasGone = await eventually {
            TestFolder.names(in: folders.results).allSatisfy { !$0.hasPrefix(".trash-") }
        }
        #expect(hasGone, "the bytes are freed")
    }

    @Test func `what stays of removed results is told of, and tried again`() async throws {
        let record = try await finish("one")
        let queue = try await queue()
        let plan = FaultPlan(.error(.permissionDenied), atCall: 1, among: [.unlink])
        _ = try await FaultPlan.$current.withValue(plan) {
            try await queue.remove(record.id, what: .results, by: alice)
        }
        #expect(await eventually { queue.health.problems.count == 1 })
        let trash = try #require(
            TestFolder.names(in: folders.results).first { $0.hasPrefix(".trash-") })
        #expect(TestFolder.names(in: folders.results.appending(trash)) == ["DONE"])
        let told = queue.health.problems[0]
        #expect(told.contains(trash) && !told.contains("DONE"), "\(told)")
        await queue.emptyTrash()
        #expect(await eventually { queue.health.problems.isEmpty })
        #expect(TestFolder.names(in: folders.results) == ["\(Self.owner)"])
    }

    @Test func `a job is removed with all that there is of it`() async throws {
        let record = try await finish("one", .failed)
        let queue = try await queue()
        let receipt = try await queue.remove(record.id, what: .job, by: alice)
        #expect(receipt.freedBytes > 100, "half-made results, manifest and record")
        #expect(!TestFolder.exists(folders.job(record.id)))
        #expect(await eventually { TestFolder.names(in: folders.results) == [] })
        await #expect(throws: ErrorDocument.self) {
            try await queue.remove(record.id, what: .job, by: alice)
        }
        #expect(try await queue.page(JobQuery([])).jobs.isEmpty)
        #expect(try await self.queue().page(JobQuery([])).jobs.isEmpty, "nor does a start find it")
    }

    @Test func `results without a byte are removed as others are`() async throws {
        let record = try await finish("one", .failed)
        let queue = try await queue()
        // The start has taken away what it found.
        let partial = folders.results.appending(record.partialResultsName)
        try Syscalls.makeFolders(partial.appending("reverse-r0.5"))
        #expect(try await queue.remove(record.id, what: .results, by: alice).freedBytes == 0)
        #expect(!TestFolder.exists(partial))
        #expect(await eventually { TestFolder.names(in: folders.results) == [] })
        let events = try await queue.index.events(of: record.id).map(\.type)
        #expect(events.contains("results-removed"))
    }

    @Test func `what is somebody else's, or not finished, is left alone`() async throws {
        let record = try await finish("one")
        let queue = try await queue()
        let bob = Caller(user: 5, isAdmin: false)
        for part in RemovedPart.allCases {
            let error = await #expect(throws: ErrorDocument.self) {
                try await queue.remove(record.id, what: part, by: bob)
            }
            #expect(error?.code == .forbidden)
        }
        #expect(Publication(results(record)).isDone)
        let waiting = JobRecord(
            id: JobIdentifier.make(now: clock.now + 1), source: "y.yaml", owner: Self.owner,
            submittedAtMilliseconds: clock.now, manifestDigest: "",
            description: record.description)
        _ = try await queue.admit(waiting, manifest: [])
        let error = await #expect(throws: ErrorDocument.self) {
            try await queue.remove(waiting.id, what: .job, by: alice)
        }
        #expect(error?.code == .refused)
        let admin = Caller(user: 5, isAdmin: true)
        #expect(try await queue.remove(record.id, what: .job, by: admin).freedBytes > 0)
    }

    @Test func `a removal that is interrupted anywhere leaves a job there or gone`() async throws {
        var number = 0
        var fired = true
        while fired {
            number += 1
            let record = try await finish("n\(number)")
            let first = try await queue()
            let plan = FaultPlan(.death, atCall: number)
            let receipt = await FaultPlan.$current.withValue(plan) {
                try? await first.remove(record.id, what: .job, by: alice)
            }
            fired = plan.hasFired
            // The next daemon.
            let second = try await queue()
            await second.start()
            let isListed = try await second.page(JobQuery([])).jobs.contains { $0.id == record.id }
            #expect(isListed == TestFolder.exists(folders.job(record.id)), "call \(number)")
            if receipt != nil { #expect(!isListed, "call \(number)") }
            if TestFolder.exists(results(record)) {
                #expect(try ResultCheck.run(results(record)).isSound, "call \(number)")
                #expect(isListed, "call \(number): no results without their job")
            }
            let isClean = await eventually {
                (TestFolder.names(in: folders.results) + TestFolder.names(in: folders.jobs))
                    .allSatisfy { !$0.hasPrefix(".trash-") }
            }
            #expect(isClean, "call \(number)")
            if isListed {
                #expect(try await second.remove(record.id, what: .job, by: alice).id == record.id)
            }
        }
        #expect(number > 10, "the sweep met several calls")
    }

    @Test func `a folder that its owner swaps for a link is not followed`() async throws {
        let record = try await finish("one")
        let store = folders.store.appending("object")
        try folder.write("precious", to: store)
        let inner = results(record).appending("reverse-r0.5")
        try FolderTree.remove(inner)
        _ = unsafe symlink(folders.store.string, inner.string)
        let queue = try await queue()
        _ = try await queue.remove(record.id, what: .job, by: alice)
        #expect(await eventually { TestFolder.names(in: folders.results) == ["\(Self.owner)"] })
        #expect(TestFolder.text(store) == "precious")
    }

    @Test func `results that cannot be removed keep no others from their end`() async throws {
        let stuck = try await finish("stuck")
        clock.advance(milliseconds: 1)
        let old = try await finish("old", owner: 4_243)
        clock.advance(milliseconds: 40 * 86_400_000)
        let queue = try await queue(RetentionRule(days: 30))
        func count(_ plan: FaultPlan? = nil) async {
            await FaultPlan.$current.withValue(plan) {
                await queue.countResults()
                await queue.account.counting?.value
            }
        }
        await count()
        #expect(try await queue.status().retention?.announced.count == 2)
        clock.advance(milliseconds: 86_400_000)
        // As where the owner has put a folder of her own in their place.
        let plan = FaultPlan(.error(.permissionDenied), atCall: 1, among: [.rename])
        await count(plan)
        #expect(plan.hasFired)
        #expect(TestFolder.exists(results(stuck)), "the first of both")
        #expect(!TestFolder.exists(results(old)))
    }

    @Test func `a folder that is called like somebody else's results does them no harm`()
        async throws
    {
        let own = try await finish("own", owner: 4_243)
        clock.advance(milliseconds: 1)
        let newest = try await finish("newest", owner: 4_243)
        let names = [newest.flatResultsName, "x-\(newest.id)", own.flatResultsName]
        // Nor is a folder that has only the number of its owner's job among the job's results.
        for name in names.map({ "\(Self.owner)/\($0)" }) + ["4243/x-\(newest.id)"] {
            let stray = folders.results.appending(name)
            try Syscalls.makeFolders(stray)
            try folder.write(String(repeating: "x", count: 20_000), to: stray.appending("a"))
        }
        for rule in [RetentionRule(count: 2), RetentionRule(bytes: 10_000)] {
            let queue = try await queue(rule)
            for _ in 0..<2 {
                await queue.countNow()
                #expect(try await queue.status().retention?.announced.isEmpty == true)
                clock.advance(milliseconds: 25 * 3_600_000)
            }
            await queue.countNow()
            #expect(Publication(results(own)).isDone, "\(rule)")
            #expect(Publication(results(newest)).isDone, "\(rule)")
            #expect(await queue.resultBytes(of: Self.owner) == 60_000, "her own room")
            #expect(await queue.resultBytes(of: 4_243) < 30_000)
        }
        let queue = try await queue(RetentionRule(count: 1))
        await queue.countNow()
        #expect(try await queue.status().retention?.announced.map(\.job) == [own.id])
    }

    @Test func `on a private server people are told of their own results' end only`() async throws {
        let own = try await finish("own")
        try await finish("other", owner: 4_243)
        clock.advance(milliseconds: 40 * 86_400_000)
        let queue = try await queue(RetentionRule(days: 30))
        await queue.countResults()
        await queue.account.counting?.value
        #expect(try await queue.status().retention?.announced.count == 2)
        let seen = try await queue.status(seenBy: Self.owner).retention
        #expect(seen?.announced.map(\.job) == [own.id])
        #expect(try await queue.status(seenBy: 1).retention?.announced.isEmpty == true)
    }

    @Test func `retention tells a day before it acts, and not more than it does`() async throws {
        let old = try await finish("old")
        clock.advance(milliseconds: 40 * 86_400_000)
        let new = try await finish("new")
        let queue = try await queue(RetentionRule(days: 30))
        func count() async {
            await queue.countResults()
            await queue.account.counting?.value
        }
        await count()
        #expect(TestFolder.exists(results(old)))
        #expect(await queue.resultBytes(of: Self.owner) > 20)
        #expect(await queue.resultsObstacle(of: Self.owner) != nil, "five bytes are allowed")
        #expect(await queue.resultBytes(of: 77) == 0)
        let notice = try #require(try await queue.status().retention)
        #expect(notice.announced.map(\.job) == [old.id])
        #expect(notice.announced.first?.removedAtMilliseconds == clock.now + 86_400_000)
        clock.advance(milliseconds: 86_399_999)
        await count()
        #expect(TestFolder.exists(results(old)))
        clock.advance(milliseconds: 1)
        await count()
        #expect(!TestFolder.exists(results(old)))
        #expect(TestFolder.exists(results(new)))
        #expect(try await queue.status().retention?.announced.isEmpty == true)
        #expect(try await queue.detail(old.id).summary.state == .done, "the job stays in the list")
        let events = try await queue.index.events(of: old.id).map(\.type)
        #expect(events.filter { $0.hasPrefix("re") } == ["retention-announced", "results-removed"])
    }
}
