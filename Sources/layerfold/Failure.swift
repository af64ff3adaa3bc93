// How verbs end: one line on standard error and an exit code that scripts can rely on.

import ArgumentParser
import Failures
import Foundation

/// Exit codes of every verb.
enum ExitStatus: Int32 {
    case jobFailed = 1
    case usage = 2
    case notFound = 3
    case refused = 4
    case unreachable = 5
    case integrity = 6
}

/// An end with a code and a message.
struct Failure: ClassifiedFailure {
    let status: ExitStatus
    let message: String

    var failureClass: FailureClass {
        switch status {
        case .usage, .notFound, .refused: .user
        case .unreachable, .integrity: .transient
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
            Terminal.error("layerfold: \(failure.message)")
            Foundation.exit(failure.status.rawValue)
        } catch let code as ExitCode {
            Foundation.exit(code.rawValue)
        } catch {
            let code = Layerfold.exitCode(for: error)
            if code.isSuccess || error is ValidationError || Layerfold.isUsage(error) {
                // Help, version and wrong arguments: argument-parser words them best.
                let text = Layerfold.fullMessage(for: error)
                code.isSuccess ? Terminal.line(text) : Terminal.error(text)
                Foundation.exit(code.isSuccess ? 0 : ExitStatus.usage.rawValue)
            }
            Terminal.error("layerfold: \(error)")
            Foundation.exit(ExitStatus.jobFailed.rawValue)
        }
    }
}

extension Layerfold {
    /// Whether the error is about the arguments themselves.
    static func isUsage(_ error: any Error) -> Bool {
        exitCode(for: error) == ExitCode.validationFailure
    }
}
