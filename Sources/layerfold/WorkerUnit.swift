// What a worker does besides its work where it has a unit of its own: it greets the daemon, keeps
// its log itself, and goes on when the daemon is gone.

import DurableIO
import Foundation
import Jobs
import Synchronization
import SystemPackage

/// False once the daemon has hung up.
private let isHeard = Atomic<Bool>(true)

struct WorkerUnit {
    private let progress: ProgressFile
    private let beat: BeatFile

    /// Two log files of this size, about: it is looked at now and then, not at every line.
    private static let logBytesMax = 4_194_304
    private static let logInterval = 0.5
    /// As much as the daemon keeps.
    private static let progressBytesMax = 1_048_576

    /// Says who is here. Standard input and output are the connection to the daemon.
    static func greet() throws {
        say(try WorkerGreeting(process: Int(getpid())).encoded())
    }

    /// Begins to work in the folder of its job, where the daemon finds it, and takes standard error
    /// into the job's log.
    init(_ request: WorkerRequest) {
        let folder = FilePath(request.jobDirectory)
        progress = ProgressFile(path: folder.appending(WorkerRequest.progressFileName))
        _ = FileManager.default.changeCurrentDirectoryPath(folder.string)
        beat = BeatFile(folder.appending(WorkerRequest.heartbeatFileName))
        let log = folder.appending(WorkerRequest.logFileName)
        guard Self.redirect(to: log) else { return }
        Thread.detachNewThread {
            while true {
                Thread.sleep(forTimeInterval: Self.logInterval)
                Self.rotate(log)
            }
        }
    }

    /// Tells the daemon; where it is gone, its successor, which reads stages and signs of life in
    /// files.
    func emit(_ line: ProgressLine) {
        guard let data = try? line.encoded() else { return }
        if Self.say(data) { return }
        switch line {
        case .progress: return
        case .heartbeat: return beat.write(data)
        case .stageStarted, .stageFinished, .warning, .note, .finished, .failed: break
        }
        // Notes without an end would fill the disk; how the job ended is said all the same.
        progress.append(data, bytesMax: line.isLast ? nil : Self.progressBytesMax)
    }

    @discardableResult
    private static func say(_ line: Data) -> Bool {
        guard isHeard.load(ordering: .relaxed) else { return false }
        if Descriptors.write(Array(line) + [UInt8(ascii: "\n")], to: STDOUT_FILENO) == 0 {
            return true
        }
        isHeard.store(false, ordering: .relaxed)
        return false
    }

    // MARK: Log

    /// Without a log of its own, what is written goes to the journal.
    private static func redirect(to log: FilePath) -> Bool {
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW
        guard let file = try? Syscalls.open(log, flags, mode: 0o640) else { return false }
        defer { try? Syscalls.close(file, log) }
        return dup2(file.rawValue, STDERR_FILENO) >= 0
    }

    private static func rotate(_ log: FilePath) {
        guard let status = try? Syscalls.stat(FileDescriptor(rawValue: STDERR_FILENO), log),
            status.byteCount > logBytesMax
        else { return }
        try? Syscalls.rename(log, to: FilePath(log.string + ".1"))
        _ = redirect(to: log)
    }
}

extension ProgressLine {
    /// Whether it says how the job ended.
    fileprivate var isLast: Bool {
        switch self {
        case .finished, .failed: true
        case .stageStarted, .progress, .stageFinished, .warning, .note, .heartbeat: false
        }
    }
}
