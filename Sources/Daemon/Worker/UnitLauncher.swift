// An attempt in a unit of its own: the service manager starts a worker for each connection to
// its socket, with its own sandbox and limits. The daemon may end; the worker goes on.

package import DurableIO
import Failures
import Foundation
package import Jobs
import Synchronization
package import SystemPackage

package struct UnitLauncher: WorkerLaunching {
    private let socket: FilePath
    private let grace: Duration
    private let fallback: any WorkerLaunching
    private let onAbsence: @Sendable (String?) -> Void
    /// A worker greets as soon as its libraries are loaded.
    private let greetingTime: Duration

    /// - Parameters:
    ///   - grace: between SIGTERM and SIGKILL.
    ///   - fallback: runs the attempt where nobody listens at the socket.
    ///   - onAbsence: is told why that was so; nil where it was not, or where the self-check tells.
    package init(
        socket: FilePath, grace: Duration, fallback: any WorkerLaunching,
        greetingTime: Duration = .seconds(60), onAbsence: @escaping @Sendable (String?) -> Void
    ) {
        self.socket = socket
        self.grace = grace
        self.fallback = fallback
        self.greetingTime = greetingTime
        self.onAbsence = onAbsence
    }

    /// As `WorkerLauncher.run`, supervision included; but the log is the worker's own business, and
    /// the end of the connection is the end of the attempt: the service manager keeps its side open
    /// until the unit is gone. A worker that is there after it is made to end.
    @concurrent
    package func run(
        _ request: WorkerRequest, log: FilePath, stop: StopSwitch,
        supervisor: Supervisor,
        onStart: @escaping @Sendable (ProcessIdentity) async throws -> Void,
        onLine: @escaping @Sendable (ProgressLine) async -> Void
    ) async -> WorkerEnding {
        let connection: UnitConnection
        do {
            connection = UnitConnection(try UnixSocket.connect(to: socket))
        } catch {
            onAbsence(Self.absence(error))
            return await fallback.run(
                request, log: log, stop: stop, supervisor: supervisor, onStart: onStart,
                onLine: onLine)
        }
        onAbsence(nil)
        return await supervisor.watch(stop, onStart: onStart, onLine: onLine) { onStart, onLine in
            WorkerEnding(await run(request, on: connection, stop, onStart, onLine))
        }
    }

    /// - Returns: nil for what the self-check sees at the socket, and tells of, by itself.
    package static func absence(_ error: UnixSocket.Failure) -> String? {
        switch error.errno {
        case .noSuchFileOrDirectory, .notDirectory, .permissionDenied: nil
        default:
            "no worker in a unit of its own: \(error); the worker is a child of the daemon "
                + "instead (systemctl status layerfold-worker.socket)"
        }
    }

    /// The process of the attempt, once it has greeted.
    private final class Present: Sendable {
        let worker = Mutex<ProcessIdentity?>(nil)
    }

    private func run(
        _ request: WorkerRequest, on connection: UnitConnection, _ stop: StopSwitch,
        _ onStart: @Sendable (ProcessIdentity) async throws -> Void,
        _ onLine: @Sendable (ProgressLine) async -> Void
    ) async -> WorkerExit {
        let alarm = Task { [greetingTime] in
            do { try await Task.sleep(for: greetingTime) } catch { return }
            connection.close()
        }
        let present = Present()
        let stopping = Task { [grace] in
            await stop.wait()
            if Task.isCancelled { return }
            // Who has no request yet ends when there is none to come.
            guard let worker = present.worker.withLock({ $0 }) else { return connection.close() }
            await worker.stop(grace: grace)
        }
        defer { stopping.cancel() }
        var lines = connection.lines.makeAsyncIterator()
        var greeting: WorkerGreeting?
        // What comes before is noise of a library.
        while greeting == nil, let line = await lines.next() {
            greeting = try? WorkerGreeting(line: Data(line))
        }
        alarm.cancel()
        guard let worker = greeting.flatMap({ ProcessIdentity(of: $0.process) }) else {
            // Who greets after all finds nobody, and ends.
            connection.close()
            return .notStarted(
                "`\(socket)` gave a connection, but no worker; journalctl -u "
                    + "'layerfold-worker@*' says why (is MaxConnections= of the socket too small?)")
        }
        present.worker.withLock { $0 = worker }
        do {
            try await onStart(worker)
            connection.send(try Array(JobJSON.encode(request)) + [UInt8(ascii: "\n")])
        } catch {
            // Without a request it ends at once.
            connection.close()
            return .notStarted(FaultText.describe(error))
        }
        var exit: WorkerExit?
        while let line = await lines.next() {
            if let end = UnitEnd(line) {
                exit = end.exit
            } else if let progress = try? ProgressLine(line: Data(line)) {
                await onLine(progress)
            }
        }
        if let exit { return exit }
        // It may have hung up and go on: nobody else may write in the job's folder meanwhile.
        await worker.end(within: grace)
        return .vanished("the unit of the worker ended without a word")
    }
}
