// What the daemon's API answers, shared with the command line. Times are milliseconds since 1970
// UTC. docs/JOB_FORMAT.md lists the routes.

package import Failures

/// A line of `layerfold ls`.
package struct JobSummary: Sendable, Equatable, Codable {
    package var id: String
    package var name: String
    package var state: JobState
    /// User number of who submitted it: the kernel's word.
    package var owner: Int?
    /// As written in the manifest; nil where its record is lost.
    package var model: String?
    package var priority: Int?
    /// Jobs that will start before this one; nil unless it is queued.
    package var ahead: Int?
    package var attempts: Int
    package var submittedAtMilliseconds: Int
    package var startedAtMilliseconds: Int?
    package var finishedAtMilliseconds: Int?
    /// A queued job that waits after a failure is not started before this time.
    package var notBeforeMilliseconds: Int?
    /// Why it is held; nil unless it is.
    package var held: HoldReason?
    /// In words, why it is held or waits after a failure.
    package var reason: String?
    package var failure: WorkerOutcome.Failure?
    /// The last progress line of the stage that runs.
    package var progress: ProgressLine.Progress?

    package init(
        id: String, name: String, state: JobState, attempts: Int, submittedAtMilliseconds: Int
    ) {
        self.id = id
        self.name = name
        self.state = state
        self.attempts = attempts
        self.submittedAtMilliseconds = submittedAtMilliseconds
    }

    private enum CodingKeys: String, CodingKey {
        case id, name, state, owner, model, priority, ahead, attempts, failure, progress
        case held, reason
        case submittedAtMilliseconds = "submitted_at_ms"
        case startedAtMilliseconds = "started_at_ms"
        case finishedAtMilliseconds = "finished_at_ms"
        case notBeforeMilliseconds = "not_before_ms"
    }
}

package struct JobList: Sendable, Equatable, Codable {
    package var jobs: [JobSummary]
    /// For `after` of the next question; nil where these were the last.
    package var next: String?

    package init(jobs: [JobSummary], next: String? = nil) {
        self.jobs = jobs
        self.next = next
    }
}

/// `layerfold show`.
package struct JobDetail: Sendable, Equatable, Codable {
    package struct Attempt: Sendable, Equatable, Codable {
        package var id: String
        package var state: AttemptState
        package var startedAtMilliseconds: Int
        package var finishedAtMilliseconds: Int?
        package var process: Int?
        package var exitCode: Int?
        package var exitSignal: Int?

        package init(id: String, state: AttemptState, startedAtMilliseconds: Int) {
            self.id = id
            self.state = state
            self.startedAtMilliseconds = startedAtMilliseconds
        }

        private enum CodingKeys: String, CodingKey {
            case id, state, process
            case startedAtMilliseconds = "started_at_ms"
            case finishedAtMilliseconds = "finished_at_ms"
            case exitCode = "exit_code"
            case exitSignal = "exit_signal"
        }
    }

    package var summary: JobSummary
    package var record: JobRecord?
    package var attempts: [Attempt]
    /// Folder of the job's files.
    package var jobDirectory: String
    /// Folder of the results; set once they are whole.
    package var resultsDirectory: String?
    /// What somebody wrote about it; nil where nobody did.
    package var note: JobNote?

    package init(
        summary: JobSummary, record: JobRecord?, attempts: [Attempt], jobDirectory: String,
        resultsDirectory: String?
    ) {
        self.summary = summary
        self.record = record
        self.attempts = attempts
        self.jobDirectory = jobDirectory
        self.resultsDirectory = resultsDirectory
    }

    private enum CodingKeys: String, CodingKey {
        case summary, record, attempts, note
        case jobDirectory = "job_dir"
        case resultsDirectory = "results_dir"
    }
}

/// The progress of a job: its stages so far, and the last line of the one that runs.
package struct JobProgress: Sendable, Equatable, Codable {
    package var id: String
    package var state: JobState
    package var last: ProgressLine?
    /// Every line of the present or last attempt but `progress` ones, oldest first.
    package var history: [ProgressLine]

    package init(id: String, state: JobState, last: ProgressLine?, history: [ProgressLine]) {
        self.id = id
        self.state = state
        self.last = last
        self.history = history
    }
}

/// `layerfold doctor` and the first line of `ls`.
package struct ServerStatus: Sendable, Equatable, Codable {
    package var version: String
    package var process: Int
    package var startedAtMilliseconds: Int
    package var stateDirectory: String
    package var inbox: String
    package var modelRoots: [String]
    package var dataRoots: [String]
    /// Number of jobs by state; every state is present.
    package var jobs: [String: Int]
    package var running: String?
    /// True while the daemon stops.
    package var isStopping: Bool
    /// Why the daemon cannot do its work at present, such as a full disk.
    package var degraded: String?
    /// What retention is about to remove; nil where it is off.
    package var retention: RetentionNotice?
    /// Each reason by itself, with its cure; nil from daemons before they were told apart.
    package var problems: [String]?

    package init(
        version: String, process: Int, startedAtMilliseconds: Int, stateDirectory: String,
        inbox: String, modelRoots: [String], dataRoots: [String], jobs: [String: Int],
        running: String?, isStopping: Bool, degraded: String?
    ) {
        self.version = version
        self.process = process
        self.startedAtMilliseconds = startedAtMilliseconds
        self.stateDirectory = stateDirectory
        self.inbox = inbox
        self.modelRoots = modelRoots
        self.dataRoots = dataRoots
        self.jobs = jobs
        self.running = running
        self.isStopping = isStopping
        self.degraded = degraded
    }

    private enum CodingKeys: String, CodingKey {
        case version, process, inbox, jobs, running, degraded, problems, retention
        case startedAtMilliseconds = "started_at_ms"
        case stateDirectory = "state_dir"
        case modelRoots = "model_roots"
        case dataRoots = "data_roots"
        case isStopping = "stopping"
    }
}

/// The answer to `POST /v1/jobs`, `cancel`, `retry`, `hold`, `release` and `priority`.
package struct JobReceipt: Sendable, Equatable, Codable {
    package var id: String
    package var state: JobState

    package init(id: String, state: JobState) {
        self.id = id
        self.state = state
    }
}

/// The body of every answer that is not 2xx.
package struct ErrorDocument: ClassifiedFailure, Sendable, Equatable, Codable {
    package enum Code: String, Sendable, Codable, CaseIterable {
        /// The manifest was refused; `manifestError` says where and why.
        case manifest
        case notFound = "not-found"
        /// It is somebody else's.
        case forbidden
        /// Nobody knows who asks: no token, or one that does not count.
        case unknownCaller = "unknown-caller"
        /// The job's state does not allow it.
        case refused
        case tooLarge = "too-large"
        /// The daemon cannot do it at present.
        case unavailable
    }

    package var code: Code
    package var message: String
    package var manifestError: ManifestError?

    package var failureClass: FailureClass {
        switch code {
        case .manifest, .notFound, .forbidden, .unknownCaller, .refused, .tooLarge: .user
        case .unavailable: .transient
        }
    }

    package init(code: Code, message: String, manifestError: ManifestError? = nil) {
        self.code = code
        self.message = message
        self.manifestError = manifestError
    }

    private enum CodingKeys: String, CodingKey {
        case code, message
        case manifestError = "manifest_error"
    }
}

extension ErrorDocument: CustomStringConvertible {
    package var description: String { message }
}
