// The queue's workers: one attempt from its start to the reading of its outcome.

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
        live[id]?.exit = nil
        progress[id] = ProgressHistory(file: folder.progress)
        let request = WorkerRequest(
            job: id, attempt: attemptID, stateDirectory: folders.state.string,
            jobDirectory: folder.path.string,
            modelRoots: configuration.modelRoots.map(\.string),
            dataRoots: configuration.dataRoots.map(\.string),
            resultsDirectory: folders.results.appending(job.record.partialResultsName).string,
            description: job.record.description)
        let launcher = configuration.launcher { [health, logger] absence in
            for text in health.set("worker socket", [absence].compactMap(\.self)) {
                logger.warning("something is wrong", metadata: ["reason": "\(text)"])
            }
        }
        Task {
            let exit: WorkerExit
            do {
                try folder.removeOutcome()
                exit = await launcher.run(
                    request, log: folder.log, stop: stop,
                    onStart: { try await self.workerStarted(id, attempt: attempt, $0) },
                    onLine: { await self.workerSaid($0, id, attempt: attempt) })
            } catch {
                exit = .notStarted(FaultText.describe(error))
            }
            workerEnded(id, attempt: attempt, exit)
        }
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
    }

    private func workerSaid(_ line: ProgressLine, _ id: String, attempt: Int) {
        guard live[id]?.row.attempts == attempt else { return }
        progress[id]?.append(line)
    }

    func workerEnded(_ id: String, attempt: Int, _ exit: WorkerExit) {
        guard let job = live[id], job.row.attempts == attempt else { return }
        live[id]?.exit = exit
        let isStopping = job.stop?.isStopping ?? false
        let end = Self.end(
            of: job.attempt?.id, job: id, exit, isStopping: isStopping,
            folder: JobFolder(folders.job(id)))
        process(.ended(id: id, attempt: attempt, end))
    }

    /// How an attempt ended: by its outcome file if there is one, else by how its process did.
    static func end(
        of attempt: String?, job: String, _ exit: WorkerExit?, isStopping: Bool, folder: JobFolder
    ) -> AttemptEnd {
        if let outcome = folder.outcome(), outcome.job == job, outcome.attempt == attempt {
            return outcome.failure.map { .failed($0) } ?? .succeeded
        }
        if isStopping { return .interrupted }
        let how: String
        switch exit {
        case .exited(let code): how = "the worker exited with code \(code) and left no outcome"
        case .signaled(let signal): how = "the worker was killed by signal \(signal)"
        case .notStarted(let reason):
            let message =
                "the worker could not be started: \(reason); check the setting `worker`"
            return .failed(.init(failureClass: .transient, message: message))
        case .outOfMemory(let text):
            return .failed(.init(failureClass: .resource, message: text))
        case .vanished(let text): how = "\(text), and left no outcome"
        case nil: return .interrupted
        }
        let tail = folder.logTail()
        return .lost(tail.isEmpty ? how : "\(how); its log ends with:\n\(tail)")
    }
}
