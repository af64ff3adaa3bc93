// What people order, and who may: the owner of a job and admins.

import DurableIO
package import Jobs
import Store

extension JobQueue {
    /// - Throws: `ErrorDocument`: not found, forbidden, refused, unavailable.
    package func cancel(_ id: String, by caller: Caller) throws -> JobReceipt {
        let row = try allowed(id, caller, "cancel")
        if row.state == JobState.cancelled.rawValue { return try receipt(row) }
        guard live[id] != nil, state.mayCancel(id) else {
            throw ErrorDocument(
                code: .refused, message: "job \(id) is \(row.state): there is nothing to cancel")
        }
        try note("cancel", row, by: caller)
        process(.cancelled(id: id))
        if let degraded {
            throw ErrorDocument(code: .unavailable, message: "not recorded yet: \(degraded)")
        }
        return try receipt(existing(id))
    }

    /// Queues a failed or cancelled job again.
    /// - Throws: `ErrorDocument`: not found, forbidden, refused.
    package func retry(_ id: String, by caller: Caller) throws -> JobReceipt {
        var row = try allowed(id, caller, "retry")
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
        try note("retry", row, by: caller)
        process(.admitted([entry(record, row)]))
        return try receipt(row)
    }

    /// - Throws: `ErrorDocument`: not found, forbidden, refused, unavailable.
    package func hold(_ id: String, by caller: Caller) throws -> JobReceipt {
        try notYet(id, caller, "hold")
    }

    /// - Throws: `ErrorDocument`: not found, forbidden, refused, unavailable.
    package func release(_ id: String, by caller: Caller) throws -> JobReceipt {
        try notYet(id, caller, "release")
    }

    /// - Throws: `ErrorDocument`: not found, forbidden, refused, unavailable.
    package func setPriority(
        _ id: String, to priority: Int, by caller: Caller
    ) throws -> JobReceipt {
        try notYet(id, caller, "change the priority of")
    }

    private func notYet(_ id: String, _ caller: Caller, _ verb: String) throws -> JobReceipt {
        _ = try allowed(id, caller, verb)
        throw ErrorDocument(code: .unavailable, message: "this server cannot \(verb) jobs yet")
    }

    private func note(_ verb: String, _ row: JobRow, by caller: Caller) throws {
        let event = EventRow(
            at: configuration.clock.now(), job: row.id, type: verb,
            data: #"{"admin":\#(caller.isAdmin),"by":\#(caller.user)}"#)
        try index.commit([.init(event: event)])
    }

    func allowed(_ id: String, _ caller: Caller, _ verb: String) throws -> JobRow {
        let row = try existing(id)
        guard caller.mayChange(jobOf: row.owner) else {
            throw ErrorDocument(
                code: .forbidden,
                message: "job \(id) belongs to user \(row.owner): only they and admins can "
                    + "\(verb) it")
        }
        return row
    }
}
