// The queue's workers: one attempt from its start to the reading of its outcome.

import DurableIO
import Failures
import Jobs
import Logging
import Store
import SystemPackage

extension JobQueue {
    func startWorker(_ id: String, attempt: Int) {
        guard let job = live[id], let attemptID = job.attempt?.id else { return }
        let folder = JobFolder(folders.job(id))
        let stop = StopSwitch()
        live[id]?.stop = stop
        live[id]?.ending = nil
        live[id]?.backend = .child
        live[id]?.heardAt = nil
        progress[id] = ProgressHistory(file: folder.progress)
        try? Syscalls.unlink(folder.heartbeat)
        let request = request(job.record, attempt: attemptID)
        let isRemote = state.entries[id]?.isRemote ?? false
        let launcher = configuration.launcher { [health, logger] absence in
            for text in health.set(.workerSocket, [absence].compactMap(\.self)) {
                logger.warning("something is wrong", metadata: ["reason": "\(text)"])
            }
        }
        let supervisor = Supervisor(configuration.supervision, configuration.clock)
        Task {
            let ending: WorkerEnding
            do {
                try folder.removeOutcome()
                var request = request
                request.submitter = try await submitters.find(job.record.owner)
                let onLine: @Sendable (ProgressLine) async -> Void = {
                    await self.workerSaid($0, id, attempt: attempt)
                }
                if isRemote {
                    ending = await runRemotely(request, stop: stop, onLine: onLine)
                    return workerEnded(id, attempt: attempt, ending)
                }
                ending = await launcher.run(
                    request, log: folder.log, stop: stop, supervisor: supervisor,
                    onStart: { try await self.workerStarted(id, attempt: attempt, $0) },
                    onLine: onLine)
            } catch let error as Submitters.Unknown {
                return workerPostponed(id, attempt: attempt, error.description)
            } catch {
                ending = WorkerEnding(.notStarted(FaultText.describe(error)))
            }
            workerEnded(id, attempt: attempt, ending)
        }
    }

    /// The directory of people is away, for as long as it likes: no try of the job is used up.
    private func workerPostponed(_ id: String, attempt: Int, _ reason: String) {
        guard let job = live[id], job.row.attempts == attempt else { return }
        if isTakenOut(id) { return }
        let end = AttemptEnd.postponed(reason)
        logger.notice(
            "attempt ended",
            metadata: [
                "job": "\(id)", "attempt": "\(job.attempt?.id ?? "none")", "end": "\(end.word)",
                "reason": "\(end.reason ?? "")",
            ])
        process(.ended(id: id, attempt: attempt, end))
    }

    private func workerStarted(
        _ id: String, attempt: Int, _ process: ProcessIdentity
    ) throws {
        guard let job = live[id], job.row.attempts == attempt, var row = job.attempt else { return }
        row.process = process.process
        row.processStart = process.start
        row.boot = process.boot
        try index.commit([.init(attempt: row)])
        live[id]?.attempt = row
        live[id]?.backend = process.outlivesDaemon ? .unit : .child
        live[id]?.heardAt = configuration.clock.uptime()
        witness.hear(
            .workerBegan(.init(job: id, owner: job.record.owner, process: process.process)))
    }

    func workerSaid(_ line: ProgressLine, _ id: String, attempt: Int) {
        guard let job = live[id], job.row.attempts == attempt else { return }
        live[id]?.heardAt = configuration.clock.uptime()
        // Signs of life are the supervisor's.
        if case .heartbeat = line { return }
        progress[id]?.append(line)
        witness.hear(.said(job: id, owner: job.record.owner, line))
    }

    func workerEnded(_ id: String, attempt: Int, _ ending: WorkerEnding) {
        guard let job = live[id], job.row.attempts == attempt else { return }
        live[id]?.ending = ending
        live[id]?.heardAt = nil
        tellEnd(of: job, ending)
        if case .notStarted = ending.exit, isTakenOut(id) { return }
        let end = end(
            of: job.attempt?.id, job: id, ending, isStopping: job.stop?.isStopping ?? false)
        process(.ended(id: id, attempt: attempt, end, seconds: ending.unitSeconds))
    }

    /// What an attempt left; of that very attempt.
    func outcome(of attempt: String?, job: String) -> WorkerOutcome? {
        JobFolder(folders.job(job)).outcome().flatMap {
            $0.job == job && $0.attempt == attempt ? $0 : nil
        }
    }

    /// How an attempt ended. Only an outcome of that very attempt counts.
    /// - Parameter ending: nil where the daemon was away when the worker ended.
    func end(
        of attempt: String?, job: String, _ ending: WorkerEnding?, isStopping: Bool
    ) -> AttemptEnd {
        let folder = JobFolder(folders.job(job))
        let outcome = outcome(of: attempt, job: job)
        let end = AttemptEnd(
            outcome: outcome, ending, isStopping: isStopping, logTail: { folder.logTail() })
        var metadata: Logger.Metadata = [
            "job": "\(job)", "attempt": "\(attempt ?? "none")", "end": "\(end.word)",
        ]
        if let reason = end.reason { metadata["reason"] = "\(reason)" }
        if let outcome { metadata["seconds"] = "\(Int(outcome.seconds))" }
        logger.log(level: end == .succeeded ? .info : .notice, "attempt ended", metadata: metadata)
        return end
    }
}
