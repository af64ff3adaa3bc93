// A worker that an earlier daemon started: nobody has a connection to it any more, so what it says
// is read from the files that it leaves, and its end is seen by its process alone.

package import Jobs

package struct AdoptedWorker: Sendable {
    private let worker: ProcessIdentity
    private let folder: JobFolder
    private let grace: Duration

    /// - Parameters:
    ///   - folder: of its job.
    ///   - grace: between SIGTERM and SIGKILL.
    package init(_ worker: ProcessIdentity, in folder: JobFolder, grace: Duration) {
        self.worker = worker
        self.folder = folder
        self.grace = grace
    }

    /// Follows it to its end, supervised as every worker.
    /// - Parameter onLine: is told every line that it leaves from now on, and of its beats those
    ///   that are found when somebody looks.
    package func follow(
        stop: StopSwitch, supervisor: Supervisor,
        onLine: @escaping @Sendable (ProgressLine) async -> Void
    ) async -> WorkerEnding {
        let trace = WorkerTrace(of: worker, in: folder)
        // What is there by now is no news for anybody, but may say that it has finished.
        for line in await trace.look().said { await supervisor.hear(line) { _ in } }
        return await supervisor.watch(
            stop, onStart: { _ in }, onLine: onLine,
            listening: {
                let seen = await trace.look()
                for line in seen.said { await supervisor.hear(line, then: onLine) }
                // Nobody said this.
                if let effort = seen.effort {
                    await supervisor.hear(.heartbeat(effort)) { _ in }
                }
            }
        ) { onStart, _ in
            // It began long ago, and there is nothing here that fails.
            try? await onStart(worker)
            await worker.waitForEnd(stop: stop, grace: grace)
            return WorkerEnding(
                .vanished("the worker, which an earlier daemon had started, ended"))
        }
    }
}
