// What people see of the queue.

import Catalogue
import Failures
import Glibc
package import Jobs
import Store
import SystemPackage

extension JobQueue {
    /// How many jobs will start before each queued one.
    func startPlaces() -> [String: Int] {
        if let places { return places }
        let order = state.order(now: configuration.clock.uptime())
        let places = Dictionary(uniqueKeysWithValues: order.enumerated().map { ($1, $0) })
        self.places = places
        return places
    }

    /// Names of models that are remembered; as many as the longest list, several times.
    private static let modelsMax = 10_000

    /// Before a list: what was remembered for earlier ones does not grow without end.
    func forgetModels() {
        if models.count > Self.modelsMax { models = [:] }
    }

    /// The model as the manifest has it. The record of a finished job is asked only where its row
    /// does not say.
    private func model(of row: JobRow) -> String? {
        let id = row.id
        if let record = live[id]?.record { return record.description.model }
        if let model = row.model { return model.isEmpty ? nil : model }
        if let model = models[id] { return model }
        let model = try? JobFolder(folders.job(id)).model()
        models.updateValue(model, forKey: id)
        return model
    }

    package func detail(_ id: String) throws -> JobDetail {
        let row = try existing(id)
        let folder = JobFolder(folders.job(id))
        let record = try live[id]?.record ?? folder.record()
        let results = record.flatMap { Publisher.folder(of: $0, in: folders.results) }
        var detail = JobDetail(
            summary: try summary(of: row, ahead: startPlaces()[id]),
            record: record,
            attempts: try index.attempts(of: id).map(Self.attempt),
            jobDirectory: folder.path.string,
            resultsDirectory: results?.string)
        detail.note = try? folder.note()
        return detail
    }

    /// What the present attempt has said; nil where that stands in its file alone.
    func progressInMemory(of id: String) -> [ProgressLine]? { progress[id]?.lines }

    package func progress(of id: String) throws -> JobProgress {
        let row = try existing(id)
        let history =
            progress[id]?.lines
            ?? ProgressHistory.lines(in: JobFolder(folders.job(id)).progress)
        return JobProgress(
            id: id, state: try row.knownState(),
            last: progress[id]?.last ?? history.last, history: history)
    }

    /// - Parameter user: whose jobs alone are told of, besides their numbers; nil for all.
    package func status(seenBy user: Int? = nil) throws -> ServerStatus {
        let counts = try index.jobCounts()
        let problems = problems
        var status = ServerStatus(
            version: Product.version, process: Int(getpid()),
            startedAtMilliseconds: startedAt, stateDirectory: folders.state.string,
            inbox: folders.inbox.string,
            modelRoots: configuration.modelRoots.map(\.string),
            dataRoots: configuration.dataRoots.map(\.string),
            jobs: Dictionary(
                uniqueKeysWithValues: JobState.allCases.map {
                    ($0.rawValue, counts[$0.rawValue] ?? 0)
                }),
            running: state.running.first { id in
                user == nil || live[id]?.record.owner == user
            }, isStopping: state.isDraining,
            degraded: problems.isEmpty ? nil : problems.joined(separator: "; "))
        status.problems = problems
        status.retention = retentionNotice
        if let user { status.retention?.announced.removeAll { $0.owner != user } }
        return status
    }

    /// What keeps the daemon from its work, the index first.
    private var problems: [String] { [degraded].compactMap(\.self) + health.problems }

    /// One line for `systemctl status`, which everybody on the machine may ask for: on a private
    /// server without names.
    package func statusLine() -> String {
        let queued = state.queuedCount
        let work =
            if let running = state.running.first {
                "running \(configuration.isPrivate ? "a job" : name(of: running)), "
                    + "\(queued) queued"
            } else {
                "\(queued) queued"
            }
        guard let problem = problems.first else { return work }
        let others = problems.count > 1 ? " (and \(problems.count - 1) more)" : ""
        return "degraded: \(problem)\(others); \(work)"
    }

    private func name(of running: String) -> String {
        live[running]?.record.description.name ?? running
    }

    func summary(of row: JobRow, ahead: Int?) throws -> JobSummary {
        var summary = JobSummary(
            id: row.id, name: row.name, state: try row.knownState(),
            attempts: row.attempts, submittedAtMilliseconds: row.submittedAt)
        summary.owner = row.owner
        summary.model = model(of: row)
        summary.priority = row.priority ?? live[row.id]?.record.description.priority
        summary.held = try row.knownHold()
        summary.ahead = ahead
        summary.startedAtMilliseconds = row.startedAt
        summary.finishedAtMilliseconds = row.finishedAt
        summary.notBeforeMilliseconds = row.notBefore
        if let failureClass = try row.knownFailureClass() {
            summary.failure = .init(failureClass: failureClass, message: row.reason ?? "")
        } else {
            summary.reason = row.reason
        }
        if case .progress(let line) = progress[row.id]?.last { summary.progress = line }
        return summary
    }

    private static func attempt(_ row: AttemptRow) throws -> JobDetail.Attempt {
        var attempt = JobDetail.Attempt(
            id: row.id, state: try row.knownState(), startedAtMilliseconds: row.startedAt)
        attempt.finishedAtMilliseconds = row.finishedAt
        attempt.process = row.process
        attempt.exitCode = row.exitCode
        attempt.exitSignal = row.exitSignal
        return attempt
    }
}
