// How verbs end: one line on standard error and an exit code that scripts can rely on.

import ArgumentParser
import DurableIO
import Failures
import Foundation
import Runner
import SystemPackage

/// Exit codes of every verb; docs/COMMANDS.md lists them.
enum ExitStatus: Int32 {
    case jobFailed = 1
    case usage = 2
    case notFound = 3
    case refused = 4
    case unreachable = 5
    case integrity = 6
    /// Standard output takes no more.
    case output = 7
    /// Ctrl-C.
    case interrupted = 130
    /// SIGTERM.
    case terminated = 143

    /// Of an error that no verb has a word for.
    init(of error: any Error) {
        if error is JobStopped {
            self = StopSignal.status
        } else if let error = error as? SystemCallError, error.isMissing {
            self = .notFound
        } else {
            self = FailureClass(of: error) == .user ? .refused : .jobFailed
        }
    }
}

/// An end with a code and a message.
struct Failure: ClassifiedFailure {
    let status: ExitStatus
    let message: String

    var failureClass: FailureClass {
        switch status {
        case .usage, .notFound, .refused: .user
        case .unreachable, .integrity, .output, .interrupted, .terminated: .transient
        case .jobFailed: .bug
        }
    }

    init(_ status: ExitStatus, _ message: String) {
        self.status = status
        self.message = message
    }

    /// Runs a verb; every error becomes a message and a code.
    static func exiting(_ body: () throws -> Void) {
        do {
            try body()
        } catch let failure as Failure {
            end(failure.status, failure.message)
        } catch let code as ExitCode {
            Foundation.exit(code.rawValue)
        } catch {
            let code = Layerfold.exitCode(for: error)
            if code.isSuccess || error is ValidationError || Layerfold.isUsage(error) {
                // Help, version and wrong arguments: argument-parser words them best.
                let text = Layerfold.fullMessage(for: error)
                if code.isSuccess {
                    Terminal.line(text)
                    Foundation.exit(0)
                }
                Terminal.error(VerbSpelling.advice(CommandLine.arguments) ?? text)
                Foundation.exit(ExitStatus.usage.rawValue)
            }
            end(ExitStatus(of: error), FaultText.describe(error))
        }
    }

    private static func end(_ status: ExitStatus, _ message: String) -> Never {
        Terminal.error("layerfold: \(message)")
        Foundation.exit(status.rawValue)
    }
}

extension Layerfold {
    /// Whether the error is about the arguments themselves.
    static func isUsage(_ error: any Error) -> Bool {
        exitCode(for: error) == ExitCode.validationFailure
    }
}
