// Files of one job that are damaged or closed: the daemon starts, that job alone waits or fails.

import DurableIO
import Failures
import Foundation
import Jobs
import Logging
import Store
import SystemPackage
import Testing

@testable import Daemon

@Suite struct DamagedJobTests {
    private static let owner = 4_242
    private let alice = Caller(user: owner, isAdmin: false)
    private let admin = Caller(user: 3, isAdmin: true)
    private let clock = ManualClock()

    /// A state folder with its index.
    private struct State {
        let folder: TestFolder
        let folders: StateFolders
        let index: IndexDatabase

        init() throws {
            folder = try TestFolder()
            folders = StateFolders(state: folder.file("state"))
            try folders.make()
            index = try IndexDatabase(path: folders.index)
        }
    }

    /// A queue that has not started, as far as a start recovers it.
    private func queue(_ state: State) async throws -> JobQueue {
        var configuration = DaemonConfiguration(
            folders: state.folders, modelRoots: [], dataRoots: [], worker: "/bin/false")
        configuration.clock = clock.daemonClock
        configuration.limits.slots = 0
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let queue = JobQueue(
            settings: LiveConfiguration(configuration), index: state.index, health: Health(),
            notifier: Notifier(environment: [:], process: 0), logger: logger)
        try await queue.recover(claimed: [])
        return queue
    }

    private func record(_ name: String) throws -> JobRecord {
        let text =
            "{version: 1, name: \(name), model: m, "
            + "compress: [{method: reverse, ratios: [0.5]}]}"
        return JobRecord(
            id: JobIdentifier.make(now: clock.now), source: "x.yaml", owner: Self.owner,
            submittedAtMilliseconds: clock.now, manifestDigest: "",
            description: try ManifestParser.parse(bytes: Data(text.utf8), name: "x"))
    }

    private func accept(_ name: String, _ state: State) throws -> String {
        let record = try record(name)
        try JobFolder(state.folders.job(record.id)).accept(manifest: [], record: record)
        return record.id
    }

    // MARK: Orders

    private func code(_ body: () async throws -> JobReceipt) async -> ErrorDocument.Code? {
        do {
            _ = try await body()
            return nil
        } catch {
            return (error as? ErrorDocument)?.code
        }
    }

    @Test(arguments: [false, true])
    func `a job whose orders are damaged waits for an admin, and then goes on`(
        isCancelled: Bool
    ) async throws {
        let state = try State()
        let id = try accept("one", state)
        let orders = state.folders.job(id).appending(JobOrders.fileName)
        try state.folder.write(#"{"version": 1, "hold": {"ki"#, to: orders)
        let queue = try await queue(state)
        await queue.start()
        let held = try await queue.detail(id).summary
        #expect(held.state == .held && held.held == .admin)
        #expect(held.reason?.contains("orders.json") == true, "\(held)")
        #expect(await code { try await queue.release(id, by: alice) } == .forbidden)
        if isCancelled {
            _ = try await queue.cancel(id, by: alice)
            #expect(await code { try await queue.retry(id, by: alice) } == .forbidden)
            #expect(try await queue.retry(id, by: admin).state == .queued)
        } else {
            #expect(try await queue.release(id, by: admin).state == .queued)
        }
        #expect(try JobFolder(state.folders.job(id)).orders().hold == nil, "a whole file again")
        #expect(try await queue.hold(id, by: alice).state == .held)
        #expect(try await queue.release(id, by: alice).state == .queued)
        await queue.drain()
    }

    // MARK: Folders

    @Test func `a job whose folder cannot be looked into fails alone`() async throws {
        let state = try State()
        let (lost, found) = (try accept("lost", state), try accept("found", state))
        for id in [lost, found] {
            let record = try #require(try JobFolder(state.folders.job(id)).record())
            _ = try state.index.insertJob(JobQueue.newRow(record))
        }
        // Nothing can be looked for below a file.
        try FolderTree.remove(state.folders.job(lost))
        try state.folder.write("", to: state.folders.job(lost))
        let queue = try await queue(state)
        await queue.start()
        let jobs = try await queue.page(JobQuery([])).jobs
        let failed = try #require(jobs.first { $0.id == lost })
        #expect(failed.state == .failed)
        let reason = failed.failure?.message ?? ""
        #expect(reason.contains(state.folders.job(lost).string), "\(reason)")
        #expect(try await queue.detail(found).summary.state == .queued)
        await queue.drain()
    }

    /// Two jobs that the index does not know, the first half accepted where it is `unfinished`.
    private func unknown(unfinished: Bool) throws -> (State, [String]) {
        let state = try State()
        let ids = try ["a", "b"].map { name in
            clock.advance(milliseconds: 1)
            return try accept(name, state)
        }
        let first = state.folders.job(ids[0])
        if unfinished { try Syscalls.unlink(first.appending(JobRecord.fileName)) }
        return (state, ids)
    }

    @Test(arguments: [false, true])
    func `a folder of no known job that is closed stays, and the others are found`(
        unfinished: Bool
    ) async throws {
        // Unfinished, it is to be removed.
        let call: SystemCall = unfinished ? .unlink : .stat
        let file = unfinished ? JobRecord.manifestFileName : JobRecord.fileName
        // A start that nothing disturbs, to know the call.
        let whole = FaultPlan()
        let (same, _) = try unknown(unfinished: unfinished)
        _ = try await FaultPlan.$current.withValue(whole) { try await queue(same) }
        let calls = whole.trace.filter { $0.call == call }
        let place = try #require(calls.firstIndex { $0.path.lastComponent?.string == file })
        let (state, ids) = try unknown(unfinished: unfinished)
        let plan = FaultPlan(.error(.permissionDenied), atCall: place + 1, among: [call])
        let first = try await FaultPlan.$current.withValue(plan) { try await queue(state) }
        #expect(plan.hasFired)
        #expect(TestFolder.exists(state.folders.job(ids[0])))
        let listed = try await first.page(JobQuery([])).jobs
        #expect(listed.map(\.id) == [ids[1]])
        // The next start, when somebody has opened it.
        let next = try await queue(state)
        let later = try await next.page(JobQuery([])).jobs
        #expect(later.count == (unfinished ? 1 : 2))
        #expect(TestFolder.exists(state.folders.job(ids[0])) != unfinished)
    }
}
