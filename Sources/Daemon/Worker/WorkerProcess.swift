// One attempt of one job, or its forecast, as a child process in a process group of its own:
// request in, lines or a document out, log to a file, and a teardown that always ends with a kill.

import DurableIO
import Failures
import Foundation
package import Jobs
import Subprocess
import Synchronization
package import SystemPackage

/// Starts workers.
package struct WorkerLauncher: Sendable {
    package let executable: FilePath
    /// Default: `worker`, the verb of `layerfold`.
    package let arguments: [String]
    /// Between SIGTERM and SIGKILL.
    package let grace: Duration

    package init(executable: FilePath, arguments: [String] = ["worker"], grace: Duration) {
        self.executable = executable
        self.arguments = arguments
        self.grace = grace
    }

    /// Runs one attempt to its end.
    ///
    /// The request is written only after `onStart` has returned, so that a worker which does
    /// anything is on record. The pipe to its standard input stays open until it ends: when the
    /// daemon dies, the worker reads the end of its input and stops.
    /// - Parameters:
    ///   - supervisor: hears every line, and asks the worker to stop when it shows no work.
    ///   - onStart: is told the process; when it throws, the worker is stopped.
    ///   - onLine: is told every line of standard output that is a progress line.
    @concurrent
    package func run(
        _ request: WorkerRequest, log: FilePath, stop: StopSwitch,
        supervisor: Supervisor,
        onStart: @escaping @Sendable (ProcessIdentity) async throws -> Void,
        onLine: @escaping @Sendable (ProgressLine) async -> Void
    ) async -> WorkerEnding {
        await supervisor.watch(stop, onStart: onStart, onLine: onLine) { onStart, onLine in
            await start(
                request, stop: stop, onStart: onStart,
                output: { await Self.readLines($0, onLine) },
                errors: { await Self.copyLog($0, to: log) })
        }
    }

    /// Runs a process that answers with one document, and may be stopped at any time.
    ///
    /// - Returns: how it ended, and the beginnings of what it wrote.
    @concurrent
    package func ask(
        _ request: some Encodable & Sendable, stop: StopSwitch, bytesMax: Int
    ) async -> (exit: WorkerExit, output: [UInt8], errors: [UInt8]) {
        let (output, errors) = (Beginning(bytesMax), Beginning(Self.errorBytesMax))
        let ending = await start(
            request, stop: stop, onStart: { _ in },
            output: { await Self.collect($0, output) }, errors: { await Self.collect($0, errors) })
        return (ending.exit, output.bytes, errors.bytes)
    }

    private static let errorBytesMax = 4_096

    private func start(
        _ request: some Encodable & Sendable, stop: StopSwitch,
        onStart: @Sendable (ProcessIdentity) async throws -> Void,
        output: @escaping @Sendable (SubprocessOutputSequence) async -> Void,
        errors: @escaping @Sendable (SubprocessOutputSequence) async -> Void
    ) async -> WorkerEnding {
        let reaper = Reaper()
        do {
            let line = try Array(JobJSON.encode(request)) + [UInt8(ascii: "\n")]
            var options = PlatformOptions()
            options.processGroupID = 0
            options.teardownSequence = [step]
            let result = try await Subprocess.run(
                .path(executable), arguments: Arguments(arguments),
                environment: Self.environment, platformOptions: options,
                input: .inputWriter, output: .sequence, error: .sequence
            ) { execution in
                let process = Int(execution.processIdentifier.value)
                let identity = ProcessIdentity(of: process)
                if let identity {
                    identity.preferForMemoryKill()
                    try await onStart(identity)
                }
                await withTaskGroup { group in
                    group.addTask {
                        // A worker that died already cannot take it; its exit says more.
                        _ = try? await execution.standardInputWriter.write(line)
                    }
                    group.addTask { await errors(execution.standardError) }
                    let stopping = Task {
                        await stop.wait()
                        if !Task.isCancelled { await execution.teardown(using: [step]) }
                    }
                    await output(execution.standardOutput)
                    await group.waitForAll()
                    stopping.cancel()
                    await stopping.value
                }
                reaper.arm(identity, after: grace)
            }
            reaper.disarm()
            let exit: WorkerExit =
                switch result.terminationStatus {
                case .exited(let code): .exited(code: Int(code))
                case .signaled(let signal): .signaled(Int(signal))
                }
            return WorkerEnding(exit, wasReaped: reaper.hasKilled)
        } catch {
            reaper.disarm()
            return WorkerEnding(.notStarted(FaultText.describe(error)))
        }
    }

    /// The daemon's own, without what the service manager says to the daemon.
    private static let environment = Environment.inherit.updating([
        "NOTIFY_SOCKET": nil, "WATCHDOG_PID": nil, "WATCHDOG_USEC": nil, "LISTEN_FDS": nil,
        "LISTEN_PID": nil,
    ])

    private var step: TeardownStep {
        .gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: grace)
    }

    private static func readLines(
        _ output: SubprocessOutputSequence, _ onLine: @Sendable (ProgressLine) async -> Void
    ) async {
        var splitter = LineSplitter(bytesMax: ProgressLine.bytesMax)
        do {
            for try await buffer in output {
                for line in splitter.append(Self.bytes(of: buffer)) {
                    // Anything else on standard output is noise of a library.
                    if let progress = try? ProgressLine(line: Data(line)) { await onLine(progress) }
                }
            }
        } catch {
            // The pipe broke: the exit status tells the rest.
        }
    }

    private static func copyLog(_ output: SubprocessOutputSequence, to path: FilePath) async {
        var log = BoundedLog(path)
        do {
            for try await buffer in output { log.append(Self.bytes(of: buffer)) }
        } catch {
            // As above.
        }
    }

    private static func collect(
        _ output: SubprocessOutputSequence, _ beginning: Beginning
    ) async {
        do {
            for try await buffer in output { beginning.append(Self.bytes(of: buffer)) }
        } catch {
            // As above.
        }
    }

    private static func bytes(of buffer: SubprocessOutputSequence.Buffer) -> [UInt8] {
        unsafe buffer.withUnsafeBytes { unsafe Array($0) }
    }
}

/// What a process wrote, up to a number of bytes; the rest is read and dropped.
private final class Beginning: Sendable {
    private let bytesMax: Int
    private let kept = Mutex<[UInt8]>([])

    init(_ bytesMax: Int) { self.bytesMax = bytesMax }

    var bytes: [UInt8] { kept.withLock { $0 } }

    func append(_ bytes: [UInt8]) {
        kept.withLock { $0 += bytes.prefix(bytesMax - $0.count) }
    }
}

/// Kills a worker that has closed its outputs and its input, but does not end.
private final class Reaper: Sendable {
    private let task = Mutex<Task<Void, Never>?>(nil)
    private let killed = Mutex(false)

    var hasKilled: Bool { killed.withLock { $0 } }

    func arm(_ identity: ProcessIdentity?, after delay: Duration) {
        let kill = Task {
            try? await Task.sleep(for: delay)
            guard !Task.isCancelled, let identity, identity.isAlive else { return }
            killed.withLock { $0 = true }
            identity.kill()
        }
        task.withLock { $0 = kill }
    }

    func disarm() {
        task.withLock { $0?.cancel() }
    }
}

/// Asks a running worker to stop; any number of times, before or after it has started.
package final class StopSwitch: Sendable {
    private let stream: AsyncStream<Never>
    private let continuation: AsyncStream<Never>.Continuation
    private let isOn = Mutex(false)

    package init() {
        (stream, continuation) = AsyncStream.makeStream()
    }

    package var isStopping: Bool { isOn.withLock { $0 } }

    package func stop() {
        isOn.withLock { $0 = true }
        continuation.finish()
    }

    /// Returns when somebody has called `stop`, or the task is cancelled.
    func wait() async {
        for await _ in stream {}
    }
}
