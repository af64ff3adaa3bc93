// How an attempt ended: by its outcome if it left one, else by how its process did. Pure.

import Failures
import Glibc
package import Jobs

package enum AttemptEnd: Sendable, Equatable {
    case succeeded
    case failed(WorkerOutcome.Failure)
    /// No outcome, and nobody knows why: somebody killed the worker. The text is for people.
    case lost(String)
    /// No outcome, and it is known why: the worker crashed, was killed for memory, or had to be.
    /// Tried once more, then the job fails with this.
    case died(WorkerOutcome.Failure)
    /// No outcome, because the daemon stopped the worker or died itself: nobody's fault.
    case interrupted
    /// It never began, since nobody can tell now what its owner may read, which is no fault of the
    /// job: it begins when somebody can, and counts as no failure. The text is for people.
    case postponed(String)
}

extension AttemptEnd {
    /// - Parameters:
    ///   - outcome: of this very attempt; counts whatever became of the process.
    ///   - ending: nil where the daemon was away when the process ended.
    ///   - isStopping: somebody asked for the end: a person, or the daemon for what it heard.
    ///   - logTail: the end of the worker's log; asked only where it is needed.
    package init(
        outcome: WorkerOutcome?, _ ending: WorkerEnding?, isStopping: Bool,
        logTail: () -> String = { "" }
    ) {
        if let outcome {
            self = outcome.failure.map { .failed($0) } ?? .succeeded
            return
        }
        if let overdue = ending?.overdue {
            self = .died(overdue.failure)
            return
        }
        guard let ending, !isStopping else {
            self = .interrupted
            return
        }
        func words(_ how: String) -> String {
            let tail = logTail()
            return tail.isEmpty ? how : "\(how); its log ends with:\n\(tail)"
        }
        switch ending.exit {
        case .notStarted(let reason):
            self = .failed(
                .init(
                    failureClass: .transient,
                    message: "the worker could not be started: \(reason); check the setting "
                        + "`worker`"))
        case .exited(let code):
            self = .lost(words("the worker exited with code \(code) and left no outcome"))
        case .outOfMemory(let text) where ending.memoryKill == nil:
            self = .died(.init(failureClass: .resource, message: text))
        case .outOfMemory:
            self = .died(Self.memoryFailure(ending))
        case .vanished where ending.memoryKill != nil:
            self = .died(Self.memoryFailure(ending))
        case .vanished(let how):
            self = .lost(words("\(how), and left no outcome"))
        case .signaled(Int(SIGKILL)) where ending.memoryKill != nil:
            self = .died(Self.memoryFailure(ending))
        case .signaled(Int(SIGKILL)) where ending.wasReaped:
            self = .lost(words("the worker closed its outputs, did not end, and was killed"))
        case .signaled(Int(SIGBUS)):
            self = .failed(
                .init(
                    failureClass: .transient,
                    message: words(
                        "the worker was killed by signal \(SIGBUS): a file that it had mapped "
                            + "was cut short, or its disk did not give the bytes (see "
                            + "`journalctl -k`)")))
        case .signaled(let signal) where Self.crashSignals.contains(signal):
            self = .died(
                .init(
                    failureClass: .bug,
                    message: words(
                        "the worker crashed (it was killed by signal \(signal)); please report "
                            + "this")))
        case .signaled(let signal):
            self = .lost(words("somebody killed the worker, by signal \(signal)"))
        }
    }

    /// What a process brings upon itself.
    private static let crashSignals: Set<Int> = Set(
        [SIGSEGV, SIGILL, SIGABRT, SIGFPE, SIGTRAP, SIGSYS].map { Int($0) })

    private static func memoryFailure(_ ending: WorkerEnding) -> WorkerOutcome.Failure {
        let word = ending.memoryKill.map { "`\($0.file)`: oom_kill \($0.before) -> \($0.after)" }
        let held = ending.peakBytes.map { "; it held \($0 >> 20) MiB" } ?? ""
        return .init(
            failureClass: .resource,
            message: "the kernel killed the worker for memory (\(word ?? ""))\(held): give fewer "
                + "or shorter calibration samples (`samples`, `max_tokens`) or another method, "
                + "give the server more memory (MemoryMax=), or keep other programs from it; "
                + "stages that are done are kept")
    }

    /// For journals and metrics.
    package var word: String {
        switch self {
        case .succeeded: "succeeded"
        case .failed: "failed"
        case .lost: "lost"
        case .died: "died"
        case .interrupted: "interrupted"
        case .postponed: "postponed"
        }
    }

    /// Why, in one line without what the worker itself wrote: that may hold anything.
    package var reason: String? {
        let text: String
        switch self {
        case .succeeded: return nil
        case .interrupted: return "the daemon stopped it, or ended itself"
        case .failed(let failure), .died(let failure): text = failure.message
        case .lost(let message), .postponed(let message): text = message
        }
        return OneLine.text(String(text.prefix { !$0.isNewline }), bytesMax: 500)
    }
}
