// What the queue hears and what it answers.

package import Jobs

package enum QueueEvent: Sendable, Equatable {
    /// Jobs enter: a new or retried one, or all that are found at the start of the daemon.
    case admitted([QueueState.Entry])
    /// The attempt's worker is gone.
    case ended(id: String, attempt: Int, AttemptEnd)
    /// The results are in place, or could not be put there.
    case published(id: String, failure: WorkerOutcome.Failure?)
    /// Somebody cancels the job.
    case cancelled(id: String)
    /// Time has passed.
    case ticked
    /// The daemon is to stop.
    case drained
    /// As above, but the workers of these jobs stay: the index says `running` until the next
    /// daemon has adopted them.
    case leaving(Set<String>)
}

/// How an attempt ended, by its outcome file.
package enum AttemptEnd: Sendable, Equatable {
    case succeeded
    case failed(WorkerOutcome.Failure)
    /// No outcome: the worker was killed or crashed. The text is for people.
    case lost(String)
    /// No outcome, because the daemon stopped the worker or died itself: nobody's fault.
    case interrupted
}

package enum QueueAction: Sendable, Equatable {
    /// To be committed before the other actions are carried out.
    case record(id: String, QueueRecord)
    case startWorker(id: String, attempt: Int)
    /// Ask the worker to stop, then make it.
    case stopWorker(id: String)
    case publish(id: String)
    /// Remove what the attempts left below `results`.
    case discardResults(id: String)
    /// Send `ticked` at this time (milliseconds since 1970).
    case wake(at: Int)
    /// Nothing runs any more; the daemon may exit.
    case stopped
}

/// A move of a job, with what the index is to remember.
package enum QueueRecord: Sendable, Equatable {
    case running(attempt: Int)
    case queued(lost: Int, transientFailures: Int, notBefore: Int?, reason: String?)
    case publishing
    case cancelling
    case done
    case failed(WorkerOutcome.Failure)
    case cancelled

    package var state: JobState {
        switch self {
        case .running: .running
        case .queued: .queued
        case .publishing: .publishing
        case .cancelling: .cancelling
        case .done: .done
        case .failed: .failed
        case .cancelled: .cancelled
        }
    }
}
