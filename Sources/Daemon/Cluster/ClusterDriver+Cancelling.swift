// Jobs that nobody wants any more: what is in the queue of them is taken out of it.

import Cluster
import Failures
import Jobs
import Logging

extension ClusterDriver {
    /// Takes what is in the queue of a job out of it, however long that takes: settings may be
    /// without the cluster, or the folder may not be read just now. Nothing is done for one that
    /// somebody runs.
    ///
    /// When this returns, nothing of the job is in the queue, or the daemon ends; then the mark
    /// says the next one what to do.
    func takeOut(
        _ request: WorkerRequest, _ lines: AsyncStream<ProgressLine>.Continuation? = nil
    ) async {
        while let task = clearing[request.job] { await task.value }
        guard jobs[request.job] == nil else { return }
        let task = Task { await self.clear(request, lines) }
        clearing[request.job] = task
        await task.value
    }

    private func clear(
        _ request: WorkerRequest, _ lines: AsyncStream<ProgressLine>.Continuation?
    ) async {
        defer { clearing[request.job] = nil }
        let folders = UnitFolders(request)
        var isTold = false
        while !isStopped, jobs[request.job] == nil, folders.mayBeOut {
            // Before anything that may fail: see `cancel`.
            mark(folders, tells: !isTold)
            guard let failure = begin(request, nil, lines, isWanted: false) else {
                _ = await finished(request.job)
                return
            }
            if !isTold {
                logger.warning(
                    "a job cannot be taken out of the queue of the cluster now",
                    metadata: ["job": "\(request.job)", "reason": "\(failure)"])
                lines?.yield(
                    .note(
                        message: "it cannot be taken out of the queue of the cluster now, and is "
                            + "tried again: \(failure)"))
            }
            isTold = true
            await pause()
        }
    }

    /// On disk first: no later daemon takes what was cancelled for work under way.
    func cancel(job name: String) {
        guard let job = jobs[name] else { return }
        mark(job.folders)
        process(.cancelled(job: name))
    }

    private func mark(_ folders: UnitFolders, tells: Bool = true) {
        guard !folders.isCancelled else { return }
        do { try folders.markCancelled() } catch {
            guard tells else { return }
            logger.warning(
                "that a job at the cluster is cancelled is not on record",
                metadata: ["path": "\(folders.path)", "reason": "\(FaultText.describe(error))"])
        }
    }

    /// Returns when it is time for another try, or the daemon ends; who comes meanwhile waits for
    /// the same.
    private func pause() async {
        guard !isStopped else { return }
        if let pauseTask { return await pauseTask.value }
        let clock = configuration.clock
        let delay = Duration.milliseconds(state.limits.pollMilliseconds)
        let task = Task {
            try? await clock.sleep(delay)
            self.pauseTask = nil
        }
        pauseTask = task
        await task.value
    }
}
