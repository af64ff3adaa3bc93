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

    /// Takes over the worker of an earlier daemon. Its stages are in the job's progress file, which
    /// it writes itself when nobody listens to it; its heartbeats went to the connection that
    /// broke, so nobody supervises it any more.
    func adopt(_ entry: QueueState.Entry, _ attempt: AttemptRow, _ worker: ProcessIdentity) {
        logger.notice(
            "taking over the worker of an earlier daemon",
            metadata: ["job": "\(entry.id)", "process": "\(worker.process)"])
        let stop = StopSwitch()
        live[entry.id]?.attempt = attempt
        live[entry.id]?.stop = stop
        live[entry.id]?.backend = .unit
        let grace = configuration.grace
        let before = MemoryKills(of: worker.process)
        Task {
            await worker.waitForEnd(stop: stop, grace: grace)
            workerEnded(
                entry.id, attempt: entry.attempt,
                WorkerEnding(
                    .vanished("the worker, which an earlier daemon had started, ended"),
                    memoryKill: before.killSince()))
        }
    }
}
