// How jobs come into the queue, and how many of one user.

import DurableIO
package import Jobs
import Logging
import Store
import SystemPackage

extension JobQueue {
    /// Accepts a job: when this returns, it is durable and will run.
    ///
    /// Doing it again with the same record, after an interruption, accepts nothing twice.
    /// - Throws: `ErrorDocument` while there are too many jobs; `SystemCallError`, `StoreError`.
    package func admit(
        _ record: JobRecord, manifest: [UInt8], by way: Occurrence.Submission = .socket
    ) throws -> JobReceipt {
        if let row = try index.job(record.id) { return try receipt(row) }
        if let refusal = refusal(of: record.owner) { throw refusal }
        let folder = JobFolder(folders.job(record.id))
        do {
            try folder.accept(manifest: manifest, record: record)
            let (row, isNew) = try index.insertJob(Self.newRow(record))
            if isNew {
                keepAudit()
                witness.hear(.submitted(by: way))
                process(.admitted([entry(record, row, JobOrders())]))
            }
            return try receipt(row)
        } catch {
            // Refused means refused: the next start must not find it accepted.
            withdraw(record.id)
            throw error
        }
    }

    /// Accepts a job of somebody who waits for the receipt.
    /// - Throws: as `admit`; `CancellationError` where nobody waits any more: who has given up
    ///   would send it again, and have it twice.
    package func submit(_ record: JobRecord, manifest: [UInt8]) throws -> JobReceipt {
        try Task.checkCancellation()
        return try admit(record, manifest: manifest)
    }

    /// Takes the folder of a job that was not accepted out of the way, at once and as a whole:
    /// removed piece by piece it could be found in part, and a part may look accepted.
    private func withdraw(_ id: String) {
        let folder = folders.job(id)
        let trash = folders.jobs.appending(Publisher.trashName(ofJob: id))
        do {
            guard try Syscalls.stat(folder) != nil else { return }
            // Of an earlier try.
            try? FolderTree.remove(trash)
            try Syscalls.renameExclusively(folder, to: trash)
            try Syscalls.syncFolder(folders.jobs)
        } catch {
            logger.error(
                "a job that was refused may be found accepted at the next start",
                metadata: ["job": "\(id)", "reason": "\(error)"])
            return
        }
        do {
            try FolderTree.remove(trash)
        } catch {
            // The next start tries again.
            logger.warning("the files of a refused job stay", metadata: ["reason": "\(error)"])
        }
    }

    /// Why another job of this user would not be taken now; nil where it would.
    package func refusal(of owner: Int) -> ErrorDocument? {
        guard !state.isDraining else {
            return ErrorDocument(code: .unavailable, message: "the daemon is stopping")
        }
        guard live.count < configuration.jobsMax else {
            return ErrorDocument(
                code: .unavailable,
                message: "\(live.count) jobs are unfinished already, the most this server takes")
        }
        let count = state.count(of: owner)
        guard count < configuration.jobsPerUser else {
            return ErrorDocument(
                code: .unavailable,
                message: "user \(owner) has \(count) unfinished jobs, the most that one user may "
                    + "have here (setting `jobs_per_user`): wait until some have ended, or cancel "
                    + "some")
        }
        return resultsObstacle(of: owner).map { ErrorDocument(code: .unavailable, message: $0) }
    }

    func existing(_ id: String) throws -> JobRow {
        guard let row = try live[id]?.row ?? index.job(id) else {
            throw Self.noJob(id)
        }
        return row
    }

    /// Makes a job that has its row known here; its entry goes to the queue next.
    func entry(
        _ record: JobRecord, _ row: JobRow, _ orders: JobOrders, state: JobState = .queued,
        hold: HoldReason? = nil, isComputed: Bool = false
    ) -> QueueState.Entry {
        live[row.id] = Live(record: record, row: row)
        let (priority, band) = orders.place(manifest: record.description.priority)
        let (wall, uptime) = (configuration.clock.now(), configuration.clock.uptime())
        // The clock may have jumped while nobody looked: no delay is longer than the longest.
        let delayMax = configuration.limits.transientDelaysMilliseconds.max() ?? 0
        let notBefore = row.notBefore.map { uptime + min(max(0, $0 - wall), delayMax) }
        let waitsFrom = orders.queuedAtMilliseconds ?? record.submittedAtMilliseconds
        return QueueState.Entry(
            id: row.id, owner: record.owner, sequence: row.sequence, priority: priority,
            band: band, state: state, hold: hold, attempt: row.attempts, lost: row.lost,
            transientFailures: row.retries,
            // What ends by itself is looked at when the daemon starts.
            notBefore: hold.map { $0.endsByItself ? uptime : nil } ?? notBefore,
            waitingSince: uptime - max(0, wall - waitsFrom),
            isComputed: isComputed, isRemote: isRemote(record))
    }

    static func newRow(_ record: JobRecord) -> JobRow {
        var row = JobRow(
            id: record.id, name: record.description.name, owner: record.owner,
            manifestDigest: record.manifestDigest, state: JobState.queued.rawValue,
            submittedAt: record.submittedAtMilliseconds)
        row.model = record.description.model
        return row
    }

    func receipt(_ row: JobRow) throws(NewerFormat) -> JobReceipt {
        JobReceipt(id: row.id, state: try row.knownState())
    }
}
