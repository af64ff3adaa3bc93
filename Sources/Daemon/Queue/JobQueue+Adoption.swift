// Workers in units of their own outlive the daemon that started them. The next daemon takes them
// over: it waits for their end, and reads their outcome as if it had started them.

import Jobs
import Logging
import Store

extension AttemptRow {
    /// The process that the attempt runs in, where one is on record.
    var worker: ProcessIdentity? {
        guard let process, let processStart, let boot else { return nil }
        return ProcessIdentity(process: process, start: processStart, boot: boot)
    }
}

extension JobQueue {
    /// Those attempts whose worker lives, does not depend on a daemon, and has a job that still
    /// wants it; by job.
    /// - Parameter entries: of all jobs that are not finished, by the word of their folders.
    func adoptable(
        _ attempts: [AttemptRow], by entries: [QueueState.Entry]
    ) -> [String: AttemptRow] {
        let jobs = Set(entries.filter { $0.state == .running }.map(\.id))
        var adoptable: [String: AttemptRow] = [:]
        for attempt in attempts
        where jobs.contains(attempt.job) && attempt.worker?.outlivesDaemon == true {
            adoptable[attempt.job] = attempt
        }
        return adoptable
    }

    /// When the attempt began, by the clock that never jumps.
    func uptime(of attempt: AttemptRow) -> Int {
        let (wall, uptime) = (configuration.clock.now(), configuration.clock.uptime())
        return uptime - max(0, wall - attempt.startedAt)
    }

    /// Takes over the worker of an earlier daemon, with the limits that all workers have. What it
    /// says from now on lies in files of its job's folder.
    func adopt(_ entry: QueueState.Entry, _ attempt: AttemptRow, _ worker: ProcessIdentity) {
        logger.notice(
            "taking over the worker of an earlier daemon",
            metadata: ["job": "\(entry.id)", "process": "\(worker.process)"])
        let stop = StopSwitch()
        live[entry.id]?.attempt = attempt
        live[entry.id]?.stop = stop
        live[entry.id]?.backend = .unit
        live[entry.id]?.heardAt = configuration.clock.uptime()
        let adopted = AdoptedWorker(
            worker, in: JobFolder(folders.job(entry.id)), grace: configuration.grace)
        let supervisor = Supervisor(configuration.supervision, configuration.clock)
        Task {
            let ending = await adopted.follow(
                stop: stop, supervisor: supervisor,
                onLine: { await self.workerSaid($0, entry.id, attempt: entry.attempt) })
            workerEnded(entry.id, attempt: entry.attempt, ending)
        }
    }
}
