// What people see of the queue.

import Catalogue
import Failures
import Glibc
package import Jobs
import Store
import SystemPackage

extension JobQueue {
    /// The newest jobs, oldest first.
    /// - Parameter states: only jobs in one of these; empty for all.
    package func list(countMax: Int = 1_000, states: [JobState] = []) throws -> JobList {
        let places = Dictionary(
            uniqueKeysWithValues: state.order.enumerated().map { ($1, $0) })
        let words = states.isEmpty ? nil : states.map(\.rawValue)
        let rows = try index.newestJobs(countMax: countMax, in: words)
        if models.count > Self.modelsMax { models = [:] }
        return JobList(jobs: try rows.map { try summary(of: $0, ahead: places[$0.id]) })
    }

    /// Names of models that are remembered; as many as the longest list, several times.
    private static let modelsMax = 10_000

    /// The model as the manifest has it; of a finished job its record is asked once.
    private func model(of id: String) -> String? {
        if let record = live[id]?.record { return record.description.model }
        if let model = models[id] { return model }
        let model = JobFolder(folders.job(id)).model()
        models.updateValue(model, forKey: id)
        return model
    }

    package func detail(_ id: String) throws -> JobDetail {
        let row = try existing(id)
        let folder = JobFolder(folders.job(id))
        let record = try live[id]?.record ?? folder.record()
        let isPublished = record.map { Publisher.isPublished($0, in: folders.results) } ?? false
        return JobDetail(
            summary: try summary(of: row, ahead: state.order.firstIndex(of: id)),
            record: record,
            attempts: try index.attempts(of: id).map(Self.attempt),
            jobDirectory: folder.path.string,
            resultsDirectory: isPublished
                ? record.map { folders.results.appending($0.resultsName).string } : nil)
    }

    package func progress(of id: String) throws -> JobProgress {
        let row = try existing(id)
        let history =
            progress[id]?.lines
            ?? ProgressHistory.lines(in: JobFolder(folders.job(id)).progress)
        return JobProgress(
            id: id, state: try row.knownState(),
            last: progress[id]?.last ?? history.last, history: history)
    }

    package func status() throws -> ServerStatus {
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
            running: state.running.first, isStopping: state.isDraining,
            degraded: problems.isEmpty ? nil : problems.joined(separator: "; "))
        status.problems = problems
        return status
    }

    /// What keeps the daemon from its work, the index first.
    private var problems: [String] { [degraded].compactMap(\.self) + health.problems }

    /// One line for `systemctl status`.
    package func statusLine() -> String {
        let queued = state.queuedCount
        let work =
            if let running = state.running.first {
                "running \(live[running]?.record.description.name ?? running), \(queued) queued"
            } else {
                "\(queued) queued"
            }
        guard let problem = problems.first else { return work }
        let others = problems.count > 1 ? " (and \(problems.count - 1) more)" : ""
        return "degraded: \(problem)\(others); \(work)"
    }

    private func summary(of row: JobRow, ahead: Int?) throws -> JobSummary {
        var summary = JobSummary(
            id: row.id, name: row.name, state: try row.knownState(),
            attempts: row.attempts, submittedAtMilliseconds: row.submittedAt)
        summary.model = model(of: row.id)
        summary.priority = live[row.id]?.record.description.priority
        summary.ahead = ahead
        summary.startedAtMilliseconds = row.startedAt
        summary.finishedAtMilliseconds = row.finishedAt
        summary.notBeforeMilliseconds = row.notBefore
        if let failureClass = try row.knownFailureClass() {
            summary.failure = .init(failureClass: failureClass, message: row.reason ?? "")
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
