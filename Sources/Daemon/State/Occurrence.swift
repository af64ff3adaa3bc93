// What happens in the daemon, for those who only look on: the stream of events, the metrics. Who
// does something says so here once, and knows nobody who hears it.

package import Failures
package import Jobs

/// One thing that has happened, and is on record where it is to be.
package enum Occurrence: Sendable, Equatable {
    case submitted(by: Submission)
    /// A job is new, stands elsewhere, or has another place.
    case moved(JobMove)
    /// There is nothing left of a job; it was in this state.
    case removed(JobMove)
    case attemptBegan(AttemptMove)
    case attemptEnded(AttemptMove)
    case workerBegan(WorkerMove)
    case workerEnded(WorkerMove)
    /// A worker said so.
    case said(job: String, owner: Int, ProgressLine)
    /// What is wrong in one respect; empty where it is mended.
    case problems(topic: Health.Topic, [String])
    /// So many jobs are held.
    case held(Int)
    case stopping
    case disk(freeBytes: Int, isFull: Bool)
    case collected(Collection)
    case collectionFailed(seconds: Double)
    case rejected(ServerEvent.Rejected)
    /// The inbox was looked through.
    case looked(files: Int, seconds: Double)
    /// The kernel had more to tell of the inbox than it kept.
    case overflowed
    /// The index took what was decided.
    case committed(seconds: Double)

    /// By which way a job came.
    package enum Submission: String, Sendable, CaseIterable {
        case inbox, socket
    }

    package struct JobMove: Sendable, Equatable {
        package var id: String
        package var name: String
        package var owner: Int
        package var state: JobState
        package var attempts = 0
        /// Jobs that will start before it, where that was worked out.
        package var position: Int?
        package var held: HoldReason?
        package var reason: String?
        package var failureClass: FailureClass?
        // Milliseconds since 1970 UTC.
        package var submittedAt = 0
        package var startedAt: Int?
        package var finishedAt: Int?
        /// Whether it is in another state than before.
        package var isNewState = true

        package init(id: String, name: String, owner: Int, state: JobState) {
            self.id = id
            self.name = name
            self.owner = owner
            self.state = state
        }
    }

    package struct AttemptMove: Sendable, Equatable {
        package var id: String
        package var job: String
        package var owner: Int
        package var state: AttemptState
        package var backend: Backend
        /// Whether the kernel killed its worker for memory.
        package var isOutOfMemory = false

        package init(
            id: String, job: String, owner: Int, state: AttemptState, backend: Backend
        ) {
            self.id = id
            self.job = job
            self.owner = owner
            self.state = state
            self.backend = backend
        }
    }

    /// How workers are run.
    package enum Backend: String, Sendable, CaseIterable {
        case child, unit
    }

    package struct WorkerMove: Sendable, Equatable {
        package var job: String
        package var owner: Int
        package var process: Int?
        package var exitCode: Int?
        package var exitSignal: Int?

        package init(job: String, owner: Int, process: Int?) {
            self.job = job
            self.owner = owner
            self.process = process
        }
    }

    package struct Collection: Sendable, Equatable {
        package var actions: Int
        package var objects: Int
        package var freedBytes: Int
        package var keptBytes: Int
        /// Beyond which it begins; nil where nothing limits the store.
        package var limitBytes: Int?
        package var isOverLimit: Bool
        package var seconds: Double

        package init(
            actions: Int, objects: Int, freedBytes: Int, keptBytes: Int, limitBytes: Int?,
            isOverLimit: Bool, seconds: Double
        ) {
            self.actions = actions
            self.objects = objects
            self.freedBytes = freedBytes
            self.keptBytes = keptBytes
            self.limitBytes = limitBytes
            self.isOverLimit = isOverLimit
            self.seconds = seconds
        }
    }
}

/// Who looks on. Is called by whoever does something, on their thread: it neither waits nor fails.
package protocol Witness: Sendable {
    func hear(_ occurrence: Occurrence)
}

/// Several of them, or none.
package struct Witnesses: Witness {
    private let all: [any Witness]

    package init(_ all: [any Witness] = []) { self.all = all }

    package func hear(_ occurrence: Occurrence) {
        for witness in all { witness.hear(occurrence) }
    }
}

/// How long something takes, for those who look on.
package struct Stopwatch {
    private let start = ContinuousClock.now

    package init() {}

    package var seconds: Double { start.duration(to: .now) / .seconds(1) }
}
