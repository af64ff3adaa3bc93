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

    /// - Throws: `ErrorDocument`: not found, refused, unavailable.
    package func cancel(_ id: String) throws -> JobReceipt {
        let row = try existing(id)
        if row.state == JobState.cancelled.rawValue { return try receipt(row) }
        guard live[id] != nil, state.mayCancel(id) else {
            throw ErrorDocument(
                code: .refused, message: "job \(id) is \(row.state): there is nothing to cancel")
        }
        process(.cancelled(id: id))
        if let degraded {
            throw ErrorDocument(code: .unavailable, message: "not recorded yet: \(degraded)")
        }
        return try receipt(existing(id))
    }

    /// Queues a failed or cancelled job again.
    /// - Throws: `ErrorDocument`: not found, refused.
    package func retry(_ id: String) throws -> JobReceipt {
        var row = try existing(id)
        let old = try row.knownState()
        guard old.mayBecome(.queued), old.isFinal else {
            throw ErrorDocument(
                code: .refused,
                message: "job \(id) is \(row.state): only failed and cancelled jobs are retried")
        }
        let folder = JobFolder(folders.job(id))
        guard let record = try folder.record() else {
            throw ErrorDocument(code: .refused, message: "the folder of job \(id) is gone")
        }
        row.state = JobState.queued.rawValue
        row.lost = 0
        (row.notBefore, row.reason, row.failureClass, row.finishedAt) = (nil, nil, nil, nil)
        var changes = try index.attempts(of: id).filter {
            try $0.knownState() == .transient
        }.map {
            var attempt = $0
            attempt.state = AttemptState.failed.rawValue
            return IndexDatabase.JobChange(attempt: attempt)
        }
        let event = EventRow(at: configuration.clock.now(), job: id, type: row.state)
        changes.append(.init(job: row, event: event))
        try folder.removeEnd()
        try index.commit(changes)
        process(.admitted([entry(record, row)]))
        return try receipt(row)
    }

    func existing(_ id: String) throws -> JobRow {
        guard let row = try live[id]?.row ?? index.job(id) else {
            throw ErrorDocument(code: .notFound, message: "there is no job \(id)")
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

    private func receipt(_ row: JobRow) throws(NewerFormat) -> JobReceipt {
        JobReceipt(id: row.id, state: try row.knownState())
    }
}
