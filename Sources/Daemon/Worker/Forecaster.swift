// What a job would take. A child process works it out, as the daemon links no numerics: few at
// once, in limited time, beside the queue, which knows nothing of it.

import Failures
package import Foundation
package import Jobs
import SystemPackage

package actor Forecaster {
    private let live: LiveConfiguration
    private var configuration: DaemonConfiguration { live.current }
    private var running = 0

    /// There is nothing to lose: it is killed soon after it was told to stop.
    private static let grace = Duration.seconds(2)
    private static let answerBytesMax = 16_777_216

    package init(_ settings: LiveConfiguration) {
        live = settings
    }

    private var launcher: WorkerLauncher {
        let configuration = configuration
        return WorkerLauncher(
            executable: configuration.worker,
            arguments: configuration.workerArguments + ["--plan"],
            grace: min(Self.grace, configuration.grace))
    }

    /// The JSON that `layerfold plan --json` prints.
    /// - Parameters:
    ///   - submitter: who must be allowed to read what the job names. Default: only the daemon's
    ///     user.
    ///   - isAhead: the queue asks, which has one at a time made and no second try: it is not
    ///     counted among those of people.
    /// - Throws: `ErrorDocument`.
    package func forecast(
        _ description: JobDescription, for submitter: Submitter? = nil, isAhead: Bool = false
    ) async throws -> Data {
        guard isAhead || running < configuration.forecastsMax else {
            throw ErrorDocument(
                code: .unavailable,
                message: "\(running) other plans are being worked out; ask again when they are")
        }
        let place = isAhead ? 0 : 1
        running += place
        defer { running -= place }
        let stop = StopSwitch()
        let limit = configuration.forecastTime
        let alarm = Task {
            try? await Task.sleep(for: limit)
            if !Task.isCancelled { stop.stop() }
        }
        defer { alarm.cancel() }
        let (exit, output, errors) = await launcher.ask(
            request(description, submitter), stop: stop, bytesMax: Self.answerBytesMax)
        if exit == .exited(code: 0) { return Data(output) }
        throw Self.failure(exit, output, errors, after: stop.isStopping ? limit : nil)
    }

    private func request(
        _ description: JobDescription, _ submitter: Submitter?
    ) -> ForecastRequest {
        ForecastRequest(
            stateDirectory: configuration.folders.state.string,
            modelRoots: configuration.modelRoots.map(\.string),
            dataRoots: configuration.dataRoots.map(\.string),
            resultsDirectory: configuration.folders.results.string,
            description: description.withoutNotify, submitter: submitter)
    }

    /// - Parameter limit: the time that was too short; nil where the process ended by itself.
    private static func failure(
        _ exit: WorkerExit, _ output: [UInt8], _ errors: [UInt8], after limit: Duration?
    ) -> ErrorDocument {
        if let limit {
            return ErrorDocument(
                code: .unavailable,
                message: "the plan took longer than \(limit.components.seconds) s: is the model's "
                    + "disk slow, or the machine busy?")
        }
        if let failure = try? JSONDecoder().decode(
            WorkerOutcome.Failure.self, from: Data(output))
        {
            return ErrorDocument(
                code: failure.failureClass == .user ? .refused : .unavailable,
                message: failure.message)
        }
        let how =
            switch exit {
            case .exited(let code): "exited with code \(code)"
            case .signaled(let signal): "was killed by signal \(signal)"
            case .notStarted(let reason): "could not be started: \(reason)"
            case .outOfMemory, .vanished: "is gone"
            }
        let words = String(decoding: errors, as: UTF8.self)
        return ErrorDocument(
            code: .unavailable,
            message: "the process that plans \(how)" + (words.isEmpty ? "" : "; it said:\n\(words)")
        )
    }
}
