// What passes between the daemon and `layerfold worker`: the request on standard input, the
// outcome in a file, a forecast on standard output. docs/JOB_FORMAT.md describes them for people.

package import Failures
import Glibc

/// One JSON line on the worker's standard input. The daemon then keeps the pipe open: when it
/// closes, the daemon is gone and the worker must stop, unless it has a unit of its own.
package struct WorkerRequest: Sendable, Equatable, Codable {
    package static let currentVersion = 1
    package static let bytesMax = 4_194_304

    package var version: Int
    package var job: String
    package var attempt: String
    package var stateDirectory: String
    /// `<state>/jobs/<id>`: the outcome goes here as `outcome.json`, logs to standard error.
    package var jobDirectory: String
    package var modelRoots: [String]
    package var dataRoots: [String]
    /// Where the results are written: `<state>/results/.<name>-<id>.partial`. The worker makes
    /// the folder, emptying what an earlier attempt left. It neither renames it nor writes DONE:
    /// the daemon does, once it has read the outcome.
    package var resultsDirectory: String
    package var description: JobDescription
    /// For whom the worker reads; nil where it reads for itself.
    package var submitter: Submitter?
    /// Set where the request is of a unit of work.
    package var unit: UnitPart?

    package init(
        job: String, attempt: String, stateDirectory: String, jobDirectory: String,
        modelRoots: [String], dataRoots: [String], resultsDirectory: String,
        description: JobDescription, submitter: Submitter? = nil, unit: UnitPart? = nil
    ) {
        self.submitter = submitter
        self.unit = unit
        version = Self.currentVersion
        self.job = job
        self.attempt = attempt
        self.stateDirectory = stateDirectory
        self.jobDirectory = jobDirectory
        self.modelRoots = modelRoots
        self.dataRoots = dataRoots
        self.resultsDirectory = resultsDirectory
        self.description = description
    }

    private enum CodingKeys: String, CodingKey {
        case version, job, attempt, description, submitter, unit
        case stateDirectory = "state_dir"
        case jobDirectory = "job_dir"
        case modelRoots = "model_roots"
        case dataRoots = "data_roots"
        case resultsDirectory = "results_dir"
    }
}

/// One JSON line on the standard input of `layerfold worker --plan`, which works out what a job
/// would take and runs nothing. It answers on standard output: with the forecast where it exits
/// with 0, else with a `WorkerOutcome.Failure`. As above, it stops when the pipe closes.
package struct ForecastRequest: Sendable, Equatable, Codable {
    package var version: Int
    package var stateDirectory: String
    package var modelRoots: [String]
    package var dataRoots: [String]
    /// Where results would be written; only looked at, for room.
    package var resultsDirectory: String
    package var description: JobDescription
    /// As of a `WorkerRequest`.
    package var submitter: Submitter?

    package init(
        stateDirectory: String, modelRoots: [String], dataRoots: [String],
        resultsDirectory: String, description: JobDescription, submitter: Submitter? = nil
    ) {
        self.submitter = submitter
        version = WorkerRequest.currentVersion
        self.stateDirectory = stateDirectory
        self.modelRoots = modelRoots
        self.dataRoots = dataRoots
        self.resultsDirectory = resultsDirectory
        self.description = description
    }

    private enum CodingKeys: String, CodingKey {
        case version, description, submitter
        case stateDirectory = "state_dir"
        case modelRoots = "model_roots"
        case dataRoots = "data_roots"
        case resultsDirectory = "results_dir"
    }
}

/// How an attempt ended, written durably (temp, fsync, rename, fsync of the folder) by the worker
/// as `jobs/<id>/outcome.json`, last of all. An attempt without an outcome is lost and tried
/// again. A worker that is told to stop (SIGTERM, standard input closed) writes none.
package struct WorkerOutcome: Sendable, Equatable, Codable {
    package static let currentVersion = 1
    package static let fileName = "outcome.json"
    package static let bytesMax = 1_048_576

    package enum Result: String, Sendable, Codable {
        case succeeded, failed
    }

    package struct Failure: Sendable, Equatable, Codable {
        package var failureClass: FailureClass
        /// What failed, on what, what was expected and found, and what to do.
        package var message: String
        /// Whether a full disk (or quota) is the reason, of those that `resource` has.
        package var isDiskFull: Bool

        package init(_ error: any Error) {
            self.init(
                failureClass: FailureClass(of: error), message: FaultText.describe(error),
                isDiskFull: DiskFailures.isDiskFull(error))
        }

        package init(failureClass: FailureClass, message: String, isDiskFull: Bool = false) {
            self.failureClass = failureClass
            self.message = message
            self.isDiskFull = isDiskFull
        }

        private enum CodingKeys: String, CodingKey {
            case failureClass = "class"
            case message
            case isDiskFull = "disk_full"
        }

        /// Workers of earlier versions do not say `disk_full`: theirs is read from their words.
        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            failureClass = try container.decode(FailureClass.self, forKey: .failureClass)
            message = try container.decode(String.self, forKey: .message)
            isDiskFull =
                try container.decodeIfPresent(Bool.self, forKey: .isDiskFull)
                ?? Self.soundsFull(failureClass, message)
        }

        /// Where a full disk is possible at all its being none is said as well: only a failure of
        /// an earlier version says nothing.
        package func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(failureClass, forKey: .failureClass)
            try container.encode(message, forKey: .message)
            if isDiskFull || failureClass == .resource {
                try container.encode(isDiskFull, forKey: .isDiskFull)
            }
        }

        /// The words are those that the kernel and SQLite have for it: earlier workers handed them
        /// on as they were.
        private static func soundsFull(_ failureClass: FailureClass, _ message: String) -> Bool {
            failureClass == .resource && wordsOfFullDisk.contains { message.contains($0) }
        }

        private static let wordsOfFullDisk = [
            POSIXErrorText.words(ENOSPC), POSIXErrorText.words(EDQUOT),
            "database or disk is full",
        ]
    }

    package var version: Int
    package var job: String
    package var attempt: String
    package var result: Result
    /// Set where and only where the result is `failed`.
    package var failure: Failure?
    package var seconds: Double
    package var peakBytes: Int

    package static func succeeded(
        job: String, attempt: String, seconds: Double, peakBytes: Int
    ) -> Self {
        Self(
            version: currentVersion, job: job, attempt: attempt, result: .succeeded, failure: nil,
            seconds: seconds, peakBytes: peakBytes)
    }

    package static func failed(
        job: String, attempt: String, _ failure: Failure, seconds: Double, peakBytes: Int
    ) -> Self {
        Self(
            version: currentVersion, job: job, attempt: attempt, result: .failed, failure: failure,
            seconds: seconds, peakBytes: peakBytes)
    }

    private enum CodingKeys: String, CodingKey {
        case version, job, attempt, result, failure, seconds
        case peakBytes = "peak_bytes"
    }
}
