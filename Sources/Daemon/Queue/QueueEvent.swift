// What the queue hears and what it answers.

package import Jobs

package enum QueueEvent: Sendable, Equatable {
    /// Jobs enter: a new or retried one, or all that are found at the start of the daemon.
    case admitted([QueueState.Entry])
    /// The attempt's worker is gone.
    /// - `seconds`: that its workers ran, where that was not here or nobody was here to see it; nil
    ///   where nothing tells.
    case ended(id: String, attempt: Int, AttemptEnd, seconds: Double? = nil)
    /// The results are in place, or could not be put there.
    case published(id: String, failure: WorkerOutcome.Failure?)
    /// The results are whole, and would be too many with those that their owner has. The text is
    /// for people.
    case overQuota(id: String, reason: String)
    /// Somebody cancels the job.
    case cancelled(id: String)
    /// Somebody cancels the job, and the cluster may have units of it, whether it runs or waits.
    case withdrawn(id: String)
    /// Somebody wants the job to wait. The text is for people.
    case held(id: String, HoldReason, reason: String)
    /// Somebody lets the job go.
    case released(id: String)
    /// Somebody gives the job another place; as in `QueueState.Entry`.
    case prioritized(id: String, priority: Int, band: Int)
    /// The answer to `checkRoom`.
    case roomChecked(id: String, isThere: Bool)
    /// The answer to `askOwner`: whether it can be told what the owner may read.
    case ownerAsked(id: String, isKnown: Bool)
    /// What a forecast says of the job; nil where it says nothing.
    case planned(id: String, JobPlan?)
    /// Time has passed.
    case ticked
    /// The daemon is to stop.
    case drained
    /// As above, but the workers of these jobs stay: the index says `running` until the next
    /// daemon has adopted them.
    case leaving(Set<String>)
}

extension [QueueEvent] {
    /// Puts the event behind those that wait. Time passes with each of them, so that a tick says
    /// something only where nothing waits: one comes every few seconds as long as the index
    /// refuses.
    package mutating func enqueue(_ event: QueueEvent) {
        if event != .ticked || isEmpty { append(event) }
    }
}

package enum QueueAction: Sendable, Equatable {
    /// To be committed before the other actions are carried out.
    case record(id: String, QueueRecord)
    case startWorker(id: String, attempt: Int)
    /// Ask the worker to stop, then make it.
    case stopWorker(id: String)
    /// Take what the cluster may have of a job that waited out of there, and answer with `ended`.
    case takeOut(id: String, attempt: Int)
    case publish(id: String)
    /// Remove what the attempts left below `results`.
    case discardResults(id: String)
    /// Find out whether what the job is held for has passed, and answer with `roomChecked`.
    case checkRoom(id: String, HoldReason)
    /// Find out whether it can be told again what the job's owner may read, and answer with
    /// `ownerAsked`.
    case askOwner(id: String)
    /// Send `ticked` at this time.
    case wake(at: Int)
    /// Nothing runs any more; the daemon may exit.
    case stopped
}

/// A move of a job, with what the index is to remember.
package enum QueueRecord: Sendable, Equatable {
    case running(attempt: Int)
    case queued(lost: Int, transientFailures: Int, notBefore: Int?, reason: String?)
    case held(HoldReason, reason: String)
    case publishing
    case cancelling
    case done
    case failed(WorkerOutcome.Failure)
    case cancelled

    package var state: JobState {
        switch self {
        case .running: .running
        case .queued: .queued
        case .held: .held
        case .publishing: .publishing
        case .cancelling: .cancelling
        case .done: .done
        case .failed: .failed
        case .cancelled: .cancelled
        }
    }
}
