// A worker on another machine: request and outcome are files in a folder that it shares with the
// daemon, and nobody listens to it.

import ArgumentParser
import DurableIO
import Foundation
import Jobs
import Runner
import Synchronization
import SystemPackage

struct NodeUnit {
    private let request: FilePath
    private let outcome: FilePath

    init(_ request: String, _ outcome: String) {
        self.request = FilePath(request)
        self.outcome = FilePath(outcome)
    }

    func run() throws {
        let stop = StopSignal()
        // As every worker: stages ask whether their inputs are whole.
        LostPages.install(.substitute, status: ExitStatus.refused.rawValue)
        let bytes = try SmallFile.read(request, bytesMax: WorkerRequest.bytesMax)
        guard let work = try? JSONDecoder().decode(WorkerRequest.self, from: Data(bytes)),
            let part = work.unit
        else {
            throw Failure(.usage, "`\(request)` is no request of a unit of work")
        }
        let progress = NodeProgress(folder: FilePath(work.jobDirectory))
        let worker = Worker(
            work, emit: { progress.emit($0) }, stop: { try stop.check() })
        switch try worker.runUnit(part, to: outcome) {
        case .succeeded: break
        case .failed: throw ExitCode(ExitStatus.jobFailed.rawValue)
        case .stopped: throw ExitCode(StopSignal.status.rawValue)
        }
    }
}

/// Progress in a file that grows: the daemon reads it now and then.
private final class NodeProgress: Sendable {
    private let file: FilePath
    private let last = Mutex<ContinuousClock.Instant?>(nil)
    /// Between two lines that only say how far a stage is, and two signs of life.
    private static let interval = Duration.seconds(30)
    private static let bytesMax = 1_048_576

    init(folder: FilePath) { file = folder.appending(WorkerRequest.progressFileName) }

    /// Called on two threads.
    func emit(_ line: ProgressLine) {
        last.withLock { last in
            switch line {
            case .progress, .heartbeat:
                let now = ContinuousClock.now
                if let before = last, now - before < Self.interval { return }
                last = now
            case .stageStarted, .stageFinished, .warning, .note, .finished, .failed: break
            }
            append(line)
        }
    }

    private func append(_ line: ProgressLine) {
        guard let data = try? line.encoded() else { return }
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW
        guard let descriptor = try? Syscalls.open(file, flags, mode: 0o640) else { return }
        defer { try? Syscalls.close(descriptor, file) }
        // What nobody could read whole any more is not written.
        guard let status = try? Syscalls.stat(descriptor, file), status.byteCount < Self.bytesMax
        else { return }
        let bytes = Array(data) + [UInt8(ascii: "\n")]
        try? unsafe Syscalls.write(descriptor, file, bytes.span.bytes)
    }
}
