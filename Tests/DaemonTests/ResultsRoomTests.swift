// Room among an owner's results: to whom it is promised, and how often results are counted for it.

import Dispatch
import DurableIO
import Foundation
import Jobs
import Logging
import Store
import Synchronization
import SystemPackage
import Testing

@testable import Daemon

/// Lets one look at the results through at a time.
private final class Turnstile: Sendable {
    private let gate = DispatchSemaphore(value: 0)
    private let arrivals = Mutex(0)

    var arrived: Int { arrivals.withLock { $0 } }

    func wait() {
        arrivals.withLock { $0 += 1 }
        gate.wait()
    }

    func letOneThrough() { gate.signal() }
}

private final class Tally: Sendable {
    private let contents = Mutex(0)

    var count: Int { contents.withLock { $0 } }

    func add() { contents.withLock { $0 += 1 } }
}

extension ResultsCensus {
    /// Nobody looks at the results but those who came before the turnstile let one through.
    fileprivate func stand(at turnstile: Turnstile) async {
        while !Task.isCancelled {
            turnstile.wait()
            // Behind whoever has come meanwhile.
            await Task.yield()
        }
    }
}

extension JobQueue {
    fileprivate var isAskedAgain: Bool { account.isOutdated }
    fileprivate var promisedJobs: Set<String> { Set(account.promised.keys) }

    fileprivate func waiting(_ id: String) -> JobState? { state.entries[id]?.state }

    fileprivate func countForRoom(now: Int, _ begun: Tally) async {
        begun.add()
        await countForRoom(now: now)
    }
}

@Suite struct ResultsRoomTests {
    private static let owner = 4_242
    private let alice = Caller(user: owner, isAdmin: false)
    private let folder: TestFolder
    private let folders: StateFolders
    private let clock = ManualClock()
    private let index: IndexDatabase

    init() throws {
        folder = try TestFolder()
        folders = StateFolders(state: folder.file("state"))
        try folders.make()
        index = try IndexDatabase(path: folders.index)
    }

    /// A queue that starts no worker, for users with room for one job's results, or as many bytes.
    private func queue(room: Int = 1_500) async throws -> JobQueue {
        var configuration = DaemonConfiguration(
            folders: folders, modelRoots: [], dataRoots: [], worker: "/bin/false")
        configuration.clock = clock.daemonClock
        configuration.resultsPerUser = room
        configuration.limits.slots = 0
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let queue = JobQueue(
            settings: LiveConfiguration(configuration), index: index, health: Health(),
            notifier: Notifier(environment: [:], process: 0), logger: logger)
        try await queue.recover(claimed: [])
        return queue
    }

    private func accept(_ name: String) throws -> JobRecord {
        let text =
            "{version: 1, name: \(name), model: m, "
            + "compress: [{method: reverse, ratios: [0.5]}]}"
        let record = JobRecord(
            id: JobIdentifier.make(now: clock.now), source: "x.yaml", owner: Self.owner,
            submittedAtMilliseconds: clock.now, manifestDigest: "",
            description: try ManifestParser.parse(bytes: Data(text.utf8), name: "x"))
        try JobFolder(folders.job(record.id)).accept(manifest: Array(text.utf8), record: record)
        return record
    }

    /// A job whose results only have to be put in place.
    private func compute(_ name: String) throws -> JobRecord {
        let record = try accept(name)
        try JobFolder(folders.job(record.id)).write(
            WorkerOutcome.succeeded(job: record.id, attempt: "a", seconds: 1, peakBytes: 1))
        try fill(folders.results.appending(record.partialResultsName))
        return record
    }

    private func fill(_ results: FilePath) throws {
        try Syscalls.makeFolders(results.appending("reverse-r0.5"))
        let text = String(repeating: "x", count: 1_000)
        try folder.write(text, to: results.appending("report.json"))
    }

    /// Results of the owner, beside which there is no room for others.
    private func fillRoom() throws -> FilePath {
        let id = JobIdentifier.make(now: clock.now)
        let old = folders.results.appending("\(Self.owner)/old-\(id)")
        try fill(old)
        return old
    }

    // MARK: Counts

    @Test(.timeLimit(.minutes(3)))
    func `who waits for a count comes to an end, though others ask all the time`()
        async throws
    {
        let queue = try await queue()
        let census = await queue.census
        let turnstile = Turnstile()
        let standing = Task { await census.stand(at: turnstile) }
        #expect(await eventually { turnstile.arrived == 1 })
        await queue.countResults()
        let counted = Tally()
        let waiting = Task {
            await queue.countNow()
            counted.add()
        }
        #expect(await eventually { await queue.isAskedAgain })
        #expect(counted.count == 0, "one that began before it was called is not enough")
        let others = Task { while !Task.isCancelled { await queue.countResults() } }
        standing.cancel()
        turnstile.letOneThrough()
        #expect(await eventually { counted.count == 1 }, "it waits for what others asked for")
        others.cancel()
        await others.value
        await standing.value
        await waiting.value
    }

    @Test(.timeLimit(.minutes(3)))
    func `held jobs that are looked at together share a count`() async throws {
        let queue = try await queue()
        let census = await queue.census
        let turnstile = Turnstile()
        let standing = Task { await census.stand(at: turnstile) }
        #expect(await eventually { turnstile.arrived == 1 })
        let (begun, counted) = (Tally(), Tally())
        let looks = (0..<5).map { time in
            Task {
                await queue.countForRoom(now: time, begun)
                counted.add()
            }
        }
        #expect(await eventually { begun.count == looks.count })
        // Behind the pass that the first of them began, so that it stands in line by now.
        #expect(await !queue.isAskedAgain, "one pass is enough for all")
        turnstile.letOneThrough()
        #expect(await eventually { counted.count == looks.count }, "some have one of their own")
        standing.cancel()
        turnstile.letOneThrough()
        await standing.value
        for look in looks { await look.value }
        // Nor is anything counted again before the next look is due.
        try fill(folders.results.appending("7/n-\(JobIdentifier.make(now: clock.now))"))
        let interval = QueueLimits().roomCheckMilliseconds
        await queue.countForRoom(now: interval / 2)
        #expect(await queue.resultBytes(of: 7) == 0)
        await queue.countForRoom(now: interval)
        #expect(await queue.resultBytes(of: 7) == 1_000)
    }

    @Test func `what an owner calls differently, or closes, is counted or told of`() async throws {
        let queue = try await queue()
        let home = folders.results.appending("\(Self.owner)")
        try Syscalls.rename(try fillRoom(), to: home.appending("mine"))
        await queue.countNow()
        #expect(await queue.resultBytes(of: Self.owner) == 1_000, "by another name")
        try Syscalls.makeFolders(home.appending("old"))
        try Syscalls.rename(home.appending("mine"), to: home.appending("old/mine"))
        try folder.write("12345", to: home.appending("notes"))
        await queue.countNow()
        #expect(await queue.resultBytes(of: Self.owner) == 1_005, "one folder further down")
        #expect(queue.health.problems.isEmpty)
        // Behind `results`, her folder and, twice, `old`.
        let plan = FaultPlan(.error(.permissionDenied), atCall: 5, among: [.open])
        await FaultPlan.$current.withValue(plan) { await queue.countNow() }
        #expect(await queue.resultBytes(of: Self.owner) == 5)
        let told = queue.health.problems
        #expect(told.count == 1 && told[0].contains("`\(home)`"), "\(told)")
        #expect(!told[0].contains("/old"), "a name of hers: \(told)")
        await queue.countNow()
        #expect(queue.health.problems.isEmpty)
    }

    @Test func `results that cannot be put in place are their owner's when the job is over`()
        async throws
    {
        let record = try compute("one")
        let queue = try await queue()
        await queue.countNow()
        #expect(await queue.resultBytes(of: Self.owner) == 0, "it is not over")
        let place = folders.results.appending(record.resultsName)
        try Syscalls.makeFolders(place)
        await queue.start()
        #expect(await eventually { try await queue.detail(record.id).summary.state == .failed })
        await queue.countNow()
        #expect(await queue.resultBytes(of: Self.owner) >= 1_000)
        await queue.drain()
    }

    // MARK: Promises

    @Test func `of two jobs that end at the same time the one that was promised room is published`()
        async throws
    {
        let (one, other) = (try compute("one"), try compute("other"))
        let queue = try await queue()
        #expect(await queue.quotaObstacle(to: one) == nil)
        // What is not in its place yet is in no count.
        await queue.countNow()
        #expect(await queue.quotaObstacle(to: other) != nil, "the count forgot the promise")
        #expect(await queue.quotaObstacle(to: one) == nil, "it is its own")
        await queue.start()
        #expect(
            await eventually {
                let held = try await queue.detail(other.id).summary.held
                let state = try await queue.detail(one.id).summary.state
                return state == .done && held == .quota
            })
        #expect(await eventually { await queue.promisedJobs.isEmpty }, "kept, and counted")
        #expect(await queue.resultBytes(of: Self.owner) >= 1_000)
        await queue.drain()
    }

    @Test func `results that are in place before anybody says so take their room once`()
        async throws
    {
        let (one, other) = (try compute("one"), try compute("other"))
        let queue = try await queue(room: 2_500)
        #expect(await queue.quotaObstacle(to: one) == nil)
        #expect(await queue.promisedJobs == [one.id])
        // As who publishes does it, which the queue hears of later.
        let place = folders.results.appending(one.resultsName)
        try Syscalls.makeFolders(place.removingLastComponent())
        try Syscalls.rename(folders.results.appending(one.partialResultsName), to: place)
        #expect(await queue.quotaObstacle(to: other) == nil, "counted, and promised as well")
        #expect(await queue.promisedJobs == [other.id])
        #expect(await queue.resultBytes(of: Self.owner) == 1_000)
    }

    @Test func `a promise outlasts what others call like its results`() async throws {
        let (one, other) = (try compute("one"), try compute("other"))
        let queue = try await queue()
        #expect(await queue.quotaObstacle(to: one) == nil)
        try fill(folders.results.appending("7/\(one.flatResultsName)"))
        try fill(folders.results.appending("\(Self.owner + 1)/x-\(one.id)"))
        await queue.countNow()
        #expect(await queue.promisedJobs == [one.id])
        #expect(await queue.quotaObstacle(to: other) != nil, "the room is promised")
        #expect(await queue.resultBytes(of: 7) == 1_000)
    }

    @Test func `with room for one of three held jobs exactly one is released`() async throws {
        let old = try fillRoom()
        let ids = try ["one", "two", "three"].map { try compute($0).id }
        let queue = try await queue()
        await queue.start()
        #expect(
            await eventually {
                var held = 0
                for id in ids where await queue.waiting(id) == .held { held += 1 }
                return held == ids.count
            })
        try FolderTree.remove(old)
        #expect(
            await eventually {
                clock.advance(milliseconds: QueueLimits().roomCheckMilliseconds)
                return await !queue.promisedJobs.isEmpty
            })
        let released = await queue.promisedJobs
        #expect(released.count == 1)
        #expect(await eventually { await queue.waiting(released.first ?? "") == .queued })
        await queue.countNow()
        for id in ids where !released.contains(id) {
            #expect(await !queue.isThereQuota(for: id), "the room is somebody's already")
            #expect(await queue.waiting(id) == .held)
        }
        await queue.drain()
    }

    @Test func `after a restart held jobs of unknown size go one at a time, the oldest first`()
        async throws
    {
        // The order of arrival is neither that of the numbers nor of the names.
        let ids = try ["c", "a", "b"].map { try accept($0) }.sorted { $0.id > $1.id }.map {
            var row = JobQueue.newRow($0)
            (row.state, row.held) = (JobState.held.rawValue, HoldReason.quota.rawValue)
            _ = try index.insertJob(row)
            return row.id
        }
        let queue = try await queue()
        await queue.start()
        for (place, id) in ids.enumerated() {
            #expect(
                await eventually {
                    clock.advance(milliseconds: QueueLimits().roomCheckMilliseconds)
                    return await queue.waiting(id) == .queued
                })
            await queue.countNow()
            for later in ids[(place + 1)...] {
                #expect(await !queue.isThereQuota(for: later), "\(place)")
                #expect(await queue.waiting(later) == .held, "\(place)")
            }
            // Its promise is over with it.
            _ = try await queue.cancel(id, by: alice)
        }
        await queue.drain()
    }
}
