// What `GET /v1/events` tells, one JSON object on a line for each event. docs/SERVER.md shows the
// stream around it.

package import Failures

/// Something that happened on the server. What it was about before, and what else there is, the
/// other routes tell: events say that there is something new, and the most wanted of it.
package enum ServerEvent: Sendable, Equatable {
    case job(Job)
    case progress(Progress)
    case attempt(Attempt)
    case worker(Worker)
    case server(Server)
    case collection(Collection)
    case rejected(Rejected)
    /// What the client asked for is gone: it has to look at everything again. Later events follow.
    case reset

    package enum Kind: String, Sendable, Codable, CaseIterable {
        case job, progress, attempt, worker, server, collection, rejected, reset
    }

    package var kind: Kind {
        switch self {
        case .job: .job
        case .progress: .progress
        case .attempt: .attempt
        case .worker: .worker
        case .server: .server
        case .collection: .collection
        case .rejected: .rejected
        case .reset: .reset
        }
    }

    /// A job came, moved, got another place, or was removed.
    package struct Job: Sendable, Equatable, Codable {
        package var job: String
        package var name: String
        /// User number.
        package var owner: Int
        package var state: JobState
        package var attempts: Int
        /// Jobs that will start before this one; nil unless it is queued, and where very many are.
        package var position: Int?
        package var held: HoldReason?
        /// In words, why it is held, waits after a failure, or has failed.
        package var reason: String?
        package var failureClass: FailureClass?
        /// True where there is nothing left of the job; it was in `state` before.
        package var isRemoved: Bool?

        package init(job: String, name: String, owner: Int, state: JobState, attempts: Int) {
            self.job = job
            self.name = name
            self.owner = owner
            self.state = state
            self.attempts = attempts
        }

        private enum CodingKeys: String, CodingKey {
            case job, name, owner, state, attempts, position, held, reason
            case failureClass = "class"
            case isRemoved = "removed"
        }
    }

    /// How far the stage of a running job is: the last that was heard in a second.
    package struct Progress: Sendable, Equatable, Codable {
        package var job: String
        package var stage: String
        /// 0 to 1.
        package var share: Double
        package var unit: String?
        /// Units per second.
        package var rate: Double?
        package var secondsLeft: Double?
        package var jobSecondsLeft: Double?
        /// Where the stage has ended: whether it was in the cache.
        package var cache: ProgressLine.CacheUse?

        package init(job: String, stage: String, share: Double) {
            self.job = job
            self.stage = stage
            self.share = share
        }

        private enum CodingKeys: String, CodingKey {
            case job, stage, share, unit, rate, cache
            case secondsLeft = "seconds_left"
            case jobSecondsLeft = "job_seconds_left"
        }
    }

    /// An attempt began or ended.
    package struct Attempt: Sendable, Equatable, Codable {
        package var job: String
        package var attempt: String
        package var state: AttemptState

        package init(job: String, attempt: String, state: AttemptState) {
            self.job = job
            self.attempt = attempt
            self.state = state
        }
    }

    /// The process of an attempt began or ended.
    package struct Worker: Sendable, Equatable, Codable {
        package var job: String
        package var isRunning: Bool
        package var process: Int?
        package var exitCode: Int?
        package var exitSignal: Int?

        package init(job: String, isRunning: Bool) {
            self.job = job
            self.isRunning = isRunning
        }

        private enum CodingKeys: String, CodingKey {
            case job, process
            case isRunning = "running"
            case exitCode = "exit_code"
            case exitSignal = "exit_signal"
        }
    }

    /// How the server itself is, whenever that has changed.
    package struct Server: Sendable, Equatable, Codable {
        /// What keeps it from its work, each with its cure.
        package var problems: [String]
        /// Jobs that are held.
        package var held: Int
        package var isStopping: Bool
        /// Whether there is less room than jobs need that the disk refused.
        package var isDiskFull: Bool
        package var diskFreeBytes: Int?

        package init(
            problems: [String] = [], held: Int = 0, isStopping: Bool = false,
            isDiskFull: Bool = false, diskFreeBytes: Int? = nil
        ) {
            self.problems = problems
            self.held = held
            self.isStopping = isStopping
            self.isDiskFull = isDiskFull
            self.diskFreeBytes = diskFreeBytes
        }

        private enum CodingKeys: String, CodingKey {
            case problems, held
            case isStopping = "stopping"
            case isDiskFull = "disk_full"
            case diskFreeBytes = "disk_free_bytes"
        }
    }

    /// The store was collected.
    package struct Collection: Sendable, Equatable, Codable {
        /// Removed.
        package var actions: Int
        package var objects: Int
        package var freedBytes: Int
        package var keptBytes: Int
        /// Whether what must stay alone is more than the limit.
        package var isOverLimit: Bool

        package init(
            actions: Int, objects: Int, freedBytes: Int, keptBytes: Int, isOverLimit: Bool
        ) {
            self.actions = actions
            self.objects = objects
            self.freedBytes = freedBytes
            self.keptBytes = keptBytes
            self.isOverLimit = isOverLimit
        }

        private enum CodingKeys: String, CodingKey {
            case actions, objects
            case freedBytes = "freed_bytes"
            case keptBytes = "kept_bytes"
            case isOverLimit = "over_limit"
        }
    }

    /// A file of the inbox was rejected.
    package struct Rejected: Sendable, Equatable, Codable {
        package var file: String
        /// User number; nil where it is not known who put the file there.
        package var owner: Int?
        /// A word such as `manifest`.
        package var reason: String
        package var problem: String

        package init(file: String, owner: Int?, reason: String, problem: String) {
            self.file = file
            self.owner = owner
            self.reason = reason
            self.problem = problem
        }
    }
}

/// An event as it is sent.
package struct TimedEvent: Sendable, Equatable {
    /// Milliseconds since 1970 UTC.
    package var atMilliseconds: Int
    package var event: ServerEvent

    package init(atMilliseconds: Int, event: ServerEvent) {
        self.atMilliseconds = atMilliseconds
        self.event = event
    }
}

extension TimedEvent: Codable {
    private enum CodingKeys: String, CodingKey {
        case kind
        case atMilliseconds = "at_ms"
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        atMilliseconds = try container.decode(Int.self, forKey: .atMilliseconds)
        event =
            switch try container.decode(ServerEvent.Kind.self, forKey: .kind) {
            case .job: .job(try .init(from: decoder))
            case .progress: .progress(try .init(from: decoder))
            case .attempt: .attempt(try .init(from: decoder))
            case .worker: .worker(try .init(from: decoder))
            case .server: .server(try .init(from: decoder))
            case .collection: .collection(try .init(from: decoder))
            case .rejected: .rejected(try .init(from: decoder))
            case .reset: .reset
            }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(atMilliseconds, forKey: .atMilliseconds)
        try container.encode(event.kind, forKey: .kind)
        switch event {
        case .job(let part): try part.encode(to: encoder)
        case .progress(let part): try part.encode(to: encoder)
        case .attempt(let part): try part.encode(to: encoder)
        case .worker(let part): try part.encode(to: encoder)
        case .server(let part): try part.encode(to: encoder)
        case .collection(let part): try part.encode(to: encoder)
        case .rejected(let part): try part.encode(to: encoder)
        case .reset: break
        }
    }
}
