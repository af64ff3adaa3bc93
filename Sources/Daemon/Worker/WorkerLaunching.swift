// The two ways to run an attempt: as a child of the daemon, or in a unit of its own.

package import Jobs
import Synchronization
package import SystemPackage

/// Runs one attempt to its end. `WorkerLauncher.run` says what each part is for.
package protocol WorkerLaunching: Sendable {
    @concurrent
    func run(
        _ request: WorkerRequest, log: FilePath, stop: StopSwitch,
        supervisor: Supervisor,
        onStart: @escaping @Sendable (ProcessIdentity) async throws -> Void,
        onLine: @escaping @Sendable (ProgressLine) async -> Void
    ) async -> WorkerEnding
}

extension WorkerLauncher: WorkerLaunching {}

extension Supervisor {
    /// Watches a worker from its start to its end, and adds what was seen to how it ended.
    /// - Parameters:
    ///   - listen: as of `begin`.
    ///   - body: runs the worker; is given what is to be called when it has started, and for each
    ///     of its lines.
    func watch(
        _ stop: StopSwitch,
        onStart: @escaping @Sendable (ProcessIdentity) async throws -> Void,
        onLine: @escaping @Sendable (ProgressLine) async -> Void,
        listening listen: (@Sendable () async -> Void)? = nil,
        _ body: (
            _ onStart: @escaping @Sendable (ProcessIdentity) async throws -> Void,
            _ onLine: @escaping @Sendable (ProgressLine) async -> Void
        ) async -> WorkerEnding
    ) async -> WorkerEnding {
        let before = MemoryBefore()
        var ending = await body(
            { worker in
                try await onStart(worker)
                before.kills.withLock { $0 = MemoryKills(of: worker.process) }
                self.begin(stop, listening: listen)
            }, { await self.hear($0, then: onLine) })
        end()
        ending.overdue = overdue
        ending.memoryKill = before.kills.withLock { $0 }?.killSince()
        ending.peakBytes = lastBeat?.peakBytes
        return ending
    }

    private final class MemoryBefore: Sendable {
        let kills = Mutex<MemoryKills?>(nil)
    }
}

extension DaemonConfiguration {
    /// How attempts are run at present.
    /// - Parameter onAbsence: is told why a unit could not be had, and nil when one was.
    package func launcher(
        onAbsence: @escaping @Sendable (String?) -> Void
    ) -> any WorkerLaunching {
        let child = WorkerLauncher(executable: worker, arguments: workerArguments, grace: grace)
        guard let workerSocket else { return child }
        return UnitLauncher(
            socket: workerSocket, grace: grace, fallback: child, onAbsence: onAbsence)
    }
}
