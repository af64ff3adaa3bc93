// What the queue tells those who look on: everything after it is on record, in the order in which
// it was decided. Nothing here decides.

import Failures
import Glibc
import Jobs
import Store

extension JobQueue {
    /// Where more jobs wait, an event says nothing of places: working them out takes a look at all.
    private static let placesMax = 256

    /// The row of the one job that enters, as it is before anything becomes of it. The many that
    /// are found when the daemon starts are no news.
    func rowBefore(_ event: QueueEvent) -> JobRow? {
        guard case .admitted(let entries) = event, entries.count == 1 else { return nil }
        return live[entries[0].id]?.row
    }

    /// - Parameters:
    ///   - entered: as `rowBefore` had it.
    ///   - changes: what was committed.
    func tell(
        _ event: QueueEvent, _ entered: JobRow?, _ changes: [IndexDatabase.JobChange]
    ) {
        if let move = entered.flatMap({ move($0) }) { witness.hear(.moved(move)) }
        for change in changes {
            if let row = change.attempt { tell(row, after: event) }
            if let move = change.job.flatMap({ move($0) }) { witness.hear(.moved(move)) }
        }
        switch event {
        case .prioritized(let id, _, _):
            guard let row = live[id]?.row, var move = move(row) else { break }
            move.isNewState = false
            witness.hear(.moved(move))
        case .drained, .leaving: witness.hear(.stopping)
        default: break
        }
        let held = state.count(.held)
        if held != heldTold {
            heldTold = held
            witness.hear(.held(held))
        }
    }

    /// Nil where a newer daemon's words are in the row.
    func move(_ row: JobRow) -> Occurrence.JobMove? {
        guard let state = try? row.knownState() else { return nil }
        var move = Occurrence.JobMove(
            id: row.id, name: row.name, owner: row.owner, state: state)
        move.attempts = row.attempts
        if state == .queued, self.state.queuedCount <= Self.placesMax {
            move.position = startPlaces()[row.id]
        }
        move.held = (try? row.knownHold()) ?? nil
        move.reason = row.reason
        move.failureClass = (try? row.knownFailureClass()) ?? nil
        move.submittedAt = row.submittedAt
        move.startedAt = row.startedAt
        move.finishedAt = row.finishedAt
        return move
    }

    private func tell(_ row: AttemptRow, after event: QueueEvent) {
        guard let job = live[row.job], let state = try? row.knownState() else { return }
        var move = Occurrence.AttemptMove(
            id: row.id, job: row.job, owner: job.record.owner, state: state,
            backend: job.backend)
        if state == .running { return witness.hear(.attemptBegan(move)) }
        if case .outOfMemory = job.ending?.exit { move.isOutOfMemory = true }
        if job.ending?.memoryKill != nil { move.isOutOfMemory = true }
        witness.hear(.attemptEnded(move))
    }

    /// The process of the attempt is gone.
    func tellEnd(of job: Live, _ ending: WorkerEnding) {
        var move = Occurrence.WorkerMove(
            job: job.row.id, owner: job.record.owner, process: job.attempt?.process)
        switch ending.exit {
        case .exited(let code): move.exitCode = code
        case .signaled(let signal): move.exitSignal = signal
        case .outOfMemory: move.exitSignal = Int(SIGKILL)
        // There was none.
        case .notStarted: return
        case .vanished: break
        }
        witness.hear(.workerEnded(move))
    }

    // MARK: Figures

    /// What the queue is like now, for metrics.
    package struct Figures: Sendable, Equatable {
        package struct Workers: Hashable, Sendable {
            package let backend: Occurrence.Backend
            package let isStopping: Bool
        }

        /// Every state is present.
        package var jobs: [String: Int] = [:]
        package var workers: [Workers: Int] = [:]
        /// Seconds that the queued job has waited which waits for longest; nil where none does.
        package var oldestQueuedSeconds: Double?
        /// Seconds since the worker was heard that has said nothing for longest; nil where none is
        /// listened to.
        package var silenceSeconds: Double?
    }

    /// - Throws: where the index cannot be read.
    package func figures() throws -> Figures {
        var figures = Figures()
        let counts = try index.jobCounts()
        for state in JobState.allCases {
            figures.jobs[state.rawValue] = counts[state.rawValue] ?? 0
        }
        let now = configuration.clock.uptime()
        var waitingSince: Int?
        for entry in state.entries.values {
            if entry.state == .queued {
                waitingSince = min(waitingSince ?? entry.waitingSince, entry.waitingSince)
            }
            guard entry.isActive, let job = live[entry.id] else { continue }
            let kind = Figures.Workers(
                backend: job.backend, isStopping: job.stop?.isStopping ?? false)
            figures.workers[kind, default: 0] += 1
            if let heard = job.heardAt {
                figures.silenceSeconds = max(
                    figures.silenceSeconds ?? 0, Double(max(0, now - heard)) / 1_000)
            }
        }
        figures.oldestQueuedSeconds = waitingSince.map { Double(max(0, now - $0)) / 1_000 }
        return figures
    }
}
