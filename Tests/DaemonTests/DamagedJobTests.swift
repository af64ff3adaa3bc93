// Files of one job that are damaged or closed: the daemon starts, and that job alone waits or fails.

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
        #expect(try JobFolder(state.folders.job(id)).orders() == JobOrders(), "a whole file again")
        #expect(try await queue.hold(id, by: alice).state == .held)
        #expect(try await queue.release(id, by: alice).state == .queued)
        await queue.drain()
    }
}
