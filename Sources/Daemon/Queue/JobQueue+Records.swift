// What the queue commits: the rows that go with each move of a job.

import DurableIO
import Failures
import Foundation
import Jobs
import Store

extension JobQueue {
    /// Commits the records among `actions` in one transaction, and the end of the attempt that
    /// `event` tells of. The end of a job goes into its folder first, where it outlives the index.
    /// - Parameter next: the state after the event.
    /// - Returns: what was committed, in this order.
    func commit(
        _ actions: [QueueAction], after event: QueueEvent, in next: QueueState
    ) throws -> [IndexDatabase.JobChange] {
        let now = configuration.clock.now()
        var changes: [IndexDatabase.JobChange] = []
        if case .ended(let id, let attempt, let end, _) = event,
            var change = finishedAttempt(id, attempt, end, now: now)
        {
            change.usage = usage(of: id, in: next)
            changes.append(change)
        }
        // A job that is lost and starts again at once has two records: the later row holds what
        // the earlier one says.
        var rows: [String: JobRow] = [:]
        for case .record(let id, let record) in actions {
            let change = try change(id, record, from: rows[id], now: now)
            rows[id] = change.job
            changes.append(change)
        }
        guard !changes.isEmpty else { return [] }
        writeLetters(
            rows.values.filter { JobState(rawValue: $0.state)?.isFinal ?? false },
            unfinished: next.count(of:))
        let watch = Stopwatch()
        try index.commit(changes)
        witness.hear(.committed(seconds: watch.seconds))
        for change in changes {
            if let row = change.job { live[row.id]?.row = row }
            if let attempt = change.attempt { live[attempt.job]?.attempt = attempt }
        }
        return changes
    }

    private func finishedAttempt(
        _ id: String, _ attempt: Int, _ end: AttemptEnd, now: Int
    ) -> IndexDatabase.JobChange? {
        guard let job = live[id], job.row.attempts == attempt, var row = job.attempt else {
            return nil
        }
        let state: AttemptState =
            switch end {
            case .succeeded: .succeeded
            case .failed(let failure): failure.failureClass == .transient ? .transient : .failed
            case .lost, .died: .lost
            case .interrupted, .postponed: .stopped
            }
        row.state = state.rawValue
        row.finishedAt = now
        switch job.ending?.exit {
        case .exited(let code): row.exitCode = code
        case .signaled(let signal): row.exitSignal = signal
        case .notStarted, .outOfMemory, .vanished, nil: break
        }
        return IndexDatabase.JobChange(attempt: row)
    }

    /// - Parameter row: of the change before, where that is not committed yet.
    private func change(
        _ id: String, _ record: QueueRecord, from row: JobRow?, now: Int
    ) throws -> IndexDatabase.JobChange {
        guard var row = try row ?? live[id]?.row ?? index.job(id) else {
            preconditionFailure("job \(id) moves without a row")
        }
        row.state = record.state.rawValue
        row.held = nil
        var attempt: AttemptRow?
        switch record {
        case .running(let number):
            row.attempts = number
            row.startedAt = row.startedAt ?? now
            (row.notBefore, row.reason) = (nil, nil)
            let name = JobIdentifier.make(now: now)
            attempt = AttemptRow(
                id: name, job: id, state: AttemptState.running.rawValue, startedAt: now)
        case .queued(let lost, let retries, let notBefore, let reason):
            (row.lost, row.retries, row.reason) = (lost, retries, reason)
            row.notBefore = notBefore.map { now + $0 - configuration.clock.uptime() }
        case .held(let hold, let reason):
            let words = hold == .disk ? fullDisk(reason) : reason
            (row.held, row.reason, row.notBefore) = (hold.rawValue, words, nil)
            // The attempt before it ended with a word: what is lost next is the first in a row.
            if hold.endsByItself { row.lost = 0 }
        case .publishing: (row.notBefore, row.reason) = (nil, nil)
        case .cancelling: break
        case .done, .cancelled: try finish(&row, id, failure: nil, record.state, now)
        case .failed(let failure): try finish(&row, id, failure: failure, record.state, now)
        }
        let event = EventRow(
            at: now, job: id, type: record.state.rawValue, data: try Self.data(of: row))
        return IndexDatabase.JobChange(job: row, attempt: attempt, event: event)
    }

    private func finish(
        _ row: inout JobRow, _ id: String, failure: WorkerOutcome.Failure?, _ state: JobState,
        _ now: Int
    ) throws {
        row.finishedAt = now
        row.notBefore = nil
        row.reason = failure?.message
        row.failureClass = failure?.failureClass.rawValue
        let folder = JobFolder(folders.job(id))
        guard try Syscalls.stat(folder.path) != nil else { return }
        // It ended before, and only its row could not be written: there is one end, told once.
        if let end = try? folder.end(), end.state == state, end.failure == failure {
            row.finishedAt = end.finishedAtMilliseconds
            return
        }
        try folder.writeEnd(
            JobEnd(state: state, finishedAtMilliseconds: now, failure: failure))
    }

    /// What an event keeps besides its type.
    private static func data(of row: JobRow) throws -> String {
        struct EventData: Encodable {
            let attempts: Int
            let reason: String?
        }
        let data = EventData(attempts: row.attempts, reason: row.reason)
        return String(decoding: try JobJSON.encode(data), as: UTF8.self)
    }
}
