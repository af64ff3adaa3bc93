// The two ways to run an attempt: as a child of the daemon, or in a unit of its own.

package import Jobs
package import SystemPackage

/// Runs one attempt to its end. `WorkerLauncher.run` says what each part is for.
package protocol WorkerLaunching: Sendable {
    @concurrent
    func run(
        _ request: WorkerRequest, log: FilePath, stop: StopSwitch,
        supervisor: Supervisor,
        onStart: @Sendable (ProcessIdentity) async throws -> Void,
        onLine: @escaping @Sendable (ProgressLine) async -> Void
    ) async -> WorkerEnding
}

extension WorkerLauncher: WorkerLaunching {}

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
