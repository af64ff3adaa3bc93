// The states of a job and the moves between them: the one table that daemon, index and CLI share.

/// Where a job stands. Files and the index hold the raw value.
package enum JobState: String, Sendable, Codable, CaseIterable {
    /// Accepted and waiting, for the first time or again.
    case queued
    /// Waits until somebody lets it go, or until what it lacks is there; `HoldReason` says which.
    case held
    /// A worker runs its stages.
    case running
    /// The worker has finished; its results are being put in place.
    case publishing
    /// Cancelled by somebody, while the worker is being stopped, or work at a cluster.
    case cancelling
    case done
    case failed
    case cancelled

    /// True where nothing happens any more unless somebody asks for it.
    package var isFinal: Bool {
        switch self {
        case .done, .failed, .cancelled: true
        case .queued, .held, .running, .publishing, .cancelling: false
        }
    }

    /// The states that may follow directly.
    package var next: Set<JobState> {
        switch self {
        // A queued job fails without running where its folder cannot be read; one whose results
        // only have to be put in place needs no worker.
        // A cancelled one that still has work at a cluster is cancelled when that is gone.
        case .queued: [.running, .publishing, .held, .cancelling, .cancelled, .failed]
        // Held again: for another reason.
        case .held: [.queued, .held, .cancelling, .cancelled, .failed]
        // Back to queued: the worker was lost, the daemon stops, or a transient fault.
        case .running: [.publishing, .queued, .held, .cancelling, .failed]
        // Back to queued: the results could not be put in place, or were gone.
        case .publishing: [.done, .queued, .held, .failed]
        case .cancelling: [.cancelled]
        // Retry, on demand.
        case .failed, .cancelled: [.queued]
        case .done: []
        }
    }

    package func mayBecome(_ state: JobState) -> Bool {
        next.contains(state)
    }
}
