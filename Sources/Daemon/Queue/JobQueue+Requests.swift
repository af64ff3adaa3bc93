// What people and the inbox ask of the queue.

import DurableIO
package import Jobs
import Store

extension JobQueue {
    /// Accepts a job: when this returns, it is durable and will run.
    ///
    /// Doing it again with the same record, after an interruption, accepts nothing twice.
    /// - Throws: `ErrorDocument` while there are too many jobs; `SystemCallError`, `StoreError`.
    package func admit(_ record: JobRecord, manifest: [UInt8]) throws -> JobReceipt {
        if let row = try index.job(record.id) { return try receipt(row) }
        guard !state.isDraining else {
            throw ErrorDocument(code: .unavailable, message: "the daemon is stopping")
        }
        guard live.count < configuration.jobsMax else {
            throw ErrorDocument(
                code: .unavailable,
                message: "\(live.count) jobs are unfinished already, the most this server takes")
        }
        let folder = JobFolder(folders.job(record.id))
        do {
            try folder.accept(manifest: manifest, record: record)
            let (row, isNew) = try index.insertJob(Self.newRow(record))
            if isNew { process(.admitted([entry(record, row)])) }
            return try receipt(row)
        } catch {
            // Refused means refused: the next start must not find it accepted.
            try? FolderTree.remove(folder.path)
            throw error
        }
    }

    /// Whether another job would be taken.
    package var hasRoom: Bool { !state.isDraining && live.count < configuration.jobsMax }

    func existing(_ id: String) throws -> JobRow {
        guard let row = try live[id]?.row ?? index.job(id) else {
            throw Self.noJob(id)
        }
        return row
    }

    /// Makes a job that has its row known here; its entry goes to the queue next.
    func entry(
        _ record: JobRecord, _ row: JobRow, state: JobState = .queued, transientFailures: Int = 0
    ) -> QueueState.Entry {
        live[row.id] = Live(record: record, row: row)
        return QueueState.Entry(
            id: row.id, sequence: row.sequence, priority: record.description.priority,
            state: state, attempt: row.attempts, lost: row.lost,
            transientFailures: transientFailures, notBefore: row.notBefore)
    }

    static func newRow(_ record: JobRecord) -> JobRow {
        JobRow(
            id: record.id, name: record.description.name, owner: record.owner,
            manifestDigest: record.manifestDigest, state: JobState.queued.rawValue,
            submittedAt: record.submittedAtMilliseconds)
    }

    func receipt(_ row: JobRow) throws(NewerFormat) -> JobReceipt {
        JobReceipt(id: row.id, state: try row.knownState())
    }
}
