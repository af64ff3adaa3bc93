// What the queue knows of one job that is not finished.

package import Jobs

/// What a forecast says of a job.
package struct JobPlan: Sendable, Hashable {
    /// The most memory that a stage holds, in bytes.
    package let peakBytes: Int
    /// Of what is not in the cache.
    package let seconds: Double

    package init(peakBytes: Int, seconds: Double) {
        self.peakBytes = peakBytes
        self.seconds = seconds
    }
}

extension QueueState {
    /// A job that is queued, held, running, publishing or being cancelled. Times are milliseconds
    /// of a clock that never jumps (`DaemonClock.uptime`).
    package struct Entry: Sendable, Hashable {
        package let id: String
        /// Whose job it is: a user number.
        package let owner: Int
        /// Place in the order of arrival.
        package let sequence: Int
        /// Among the jobs of its owner.
        package internal(set) var priority: Int
        /// Among all jobs: above 0 only where an admin ordered it.
        package internal(set) var band: Int
        package internal(set) var state: JobState
        /// Set where and only where the state is `held`.
        package internal(set) var hold: HoldReason?
        /// Attempts begun so far; names the present one.
        package internal(set) var attempt: Int
        /// Attempts lost in a row.
        package internal(set) var lost: Int
        /// Transient failures since the job was queued by a person.
        package internal(set) var transientFailures: Int
        /// Times that the disk was full, since this daemon has the job.
        package internal(set) var diskFailures = 0
        /// Not to be started, or looked at again, before this time.
        package internal(set) var notBefore: Int?
        /// Not to be started before somebody can tell what its owner may read.
        package internal(set) var waitsForOwner = false
        /// Since when it waits, as far as people let it: for aging.
        package internal(set) var waitingSince: Int
        /// When the present attempt began; nil where an earlier daemon began it and its worker is
        /// gone, or elsewhere.
        package internal(set) var startedAt: Int?
        /// The results are complete and only have to be put in place.
        package let isComputed: Bool
        /// Runs on other machines, and takes no slot and no memory of this one.
        package internal(set) var isRemote: Bool
        /// Runs beside the others, as it takes little time.
        package internal(set) var isInLane = false
        /// What a forecast has said.
        package internal(set) var plan: JobPlan?
        /// Whether a forecast was made, with whatever answer.
        package internal(set) var isPlanAsked = false

        /// - Parameter band: nil for what anybody may ask for: less than others, but not more.
        package init(
            id: String, owner: Int = 0, sequence: Int, priority: Int, band: Int? = nil,
            state: JobState = .queued, hold: HoldReason? = nil, attempt: Int = 0, lost: Int = 0,
            transientFailures: Int = 0, notBefore: Int? = nil, waitingSince: Int = 0,
            isComputed: Bool = false, isRemote: Bool = false
        ) {
            precondition(!state.isFinal, "a finished job is not in the queue")
            precondition((state == .held) == (hold != nil), "held and a reason go together")
            self.id = id
            self.owner = owner
            self.sequence = sequence
            self.priority = priority
            self.band = band ?? min(0, priority)
            self.state = state
            self.hold = hold
            self.attempt = attempt
            self.lost = lost
            self.transientFailures = transientFailures
            self.notBefore = notBefore
            self.waitingSince = waitingSince
            self.isComputed = isComputed
            self.isRemote = isRemote
        }

        /// Has or had a worker that is not yet gone.
        var isActive: Bool { state == .running || state == .cancelling }
        /// Seconds that the present worker holds a slot. What waits in the queue of a cluster holds
        /// none, and what runs there holds none of these.
        func slotSeconds(now: Int) -> Double {
            guard !isRemote, let startedAt else { return 0 }
            return Double(max(0, now - startedAt)) / 1_000
        }
        /// May be started now, as far as the job itself is concerned.
        var isReady: Bool { state == .queued && notBefore == nil }
    }
}
