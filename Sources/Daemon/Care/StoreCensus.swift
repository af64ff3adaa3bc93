// What is in the store, by stage, by job and by owner. On a thread of its own: many thousands of
// files may have to be looked at.

import DurableIO
import Foundation
import Jobs
import Store
import SystemPackage

/// What one look found.
struct StoreFigures: Sendable {
    struct OfJob: Sendable {
        let row: JobRow
        /// Nil where the job has nothing in the store.
        let share: StoreIndex.Share?
        let resultBytes: Int
    }

    let statistics: StoreIndex.Statistics
    /// Finished ones, the newest first.
    let jobs: [OfJob]
    /// By user number; an object that several jobs of a user have counts once.
    let owners: [Int: StoreIndex.Share]
    let care: StoreCareState
}

actor StoreCensus {
    /// Jobs whose reports are looked at.
    static let jobsMax = 200
    /// A page that is loaded again and again costs no more than this.
    private static let freshMilliseconds = 5_000

    private struct OfJob {
        let keys: [String]
        let resultBytes: Int
    }

    private let folders: StateFolders
    private let clock: DaemonClock
    private let index: IndexDatabase
    /// Results do not change; where they are removed, the next look finds out.
    private var known: [String: OfJob] = [:]
    private var last: (at: Int, figures: StoreFigures)?
    private nonisolated let executor = BlockingExecutor(label: "layerfoldd.store-census")

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    init(folders: StateFolders, clock: DaemonClock, index: IndexDatabase) {
        self.folders = folders
        self.clock = clock
        self.index = index
    }

    /// The next look is a new one.
    func forget() { last = nil }

    /// - Returns: Nil where there is no store yet.
    func take() throws -> StoreFigures? {
        let now = clock.uptime()
        if let last, (0..<Self.freshMilliseconds).contains(now - last.at) { return last.figures }
        guard try Syscalls.stat(folders.store.appending("FORMAT")) != nil else { return nil }
        let store = try ContentStore(reading: folders.state)
        let stored = StoreIndex(store: store, database: index)
        _ = try stored.importActions()
        let rows = try index.newestJobs(
            countMax: Self.jobsMax, in: [JobState.done.rawValue])
        let found = rows.map { (row: $0, facts: facts(of: $0)) }
        known = Dictionary(
            found.compactMap { row, facts in facts.map { (row.id, $0) } }
        ) { first, _ in first }
        let byJob = try stored.shares(
            of: found.flatMap { row, facts in (facts?.keys ?? []).map { (row.id, $0) } })
        let byOwner = try stored.shares(
            of: found.flatMap { row, facts in (facts?.keys ?? []).map { ("\(row.owner)", $0) } })
        let figures = StoreFigures(
            statistics: try stored.statistics(),
            jobs: found.map { row, facts in
                StoreFigures.OfJob(
                    row: row, share: byJob[row.id], resultBytes: facts?.resultBytes ?? 0)
            },
            owners: Dictionary(
                byOwner.compactMap { owner, share in Int(owner).map { ($0, share) } }
            ) { first, _ in first },
            care: try store.careState())
        last = (now, figures)
        return figures
    }

    /// What the results of a job say and take; nil where they are not there.
    private func facts(of row: JobRow) -> OfJob? {
        guard
            let folder = Publisher.folder(
                ofJob: row.id, name: row.name, owner: row.owner, in: folders.results)
        else { return nil }
        if let facts = known[row.id] { return facts }
        struct Report: Decodable {
            struct Stage: Decodable { let key: String }
            let stages: [Stage]
        }
        let bytes = try? HeldFolder(folder).readWhole(
            "report.json", bytesMax: HeldFolder.reportBytesMax)
        let report = bytes.flatMap { try? JSONDecoder().decode(Report.self, from: Data($0)) }
        let keys = Set((report?.stages ?? []).map(\.key).filter { $0.utf8.count == 64 })
        // More than any job has; a report may have been written by hand.
        return OfJob(
            keys: Array(keys.sorted().prefix(10_000)), resultBytes: FolderTree.byteCount(of: folder)
        )
    }
}
