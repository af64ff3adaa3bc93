// `layerfold worker`: one job for the daemon. The request comes on standard input, progress goes
// to standard output, the outcome into a file that is written last.

import DurableIO
import Failures
import Foundation
package import Jobs
import Locations
import Publication
import Store
package import SystemPackage

package struct Worker {
    let request: WorkerRequest
    let emit: @Sendable (ProgressLine) -> Void
    private let stop: () throws -> Void
    private let upkeep = ScratchUpkeep()

    /// Stages that find their folders gone are run again, but not for ever: somebody keeps at it.
    private static let triesMax = 3

    /// - Parameter emit: is called on the job's thread, and on one that tells that this process
    ///   lives.
    package init(
        _ request: WorkerRequest, emit: @escaping @Sendable (ProgressLine) -> Void,
        stop: @escaping () throws -> Void
    ) {
        self.request = request
        self.emit = emit
        self.stop = stop
    }

    /// - Throws: `JobStopped`, or what keeps the outcome from being written.
    package func run() throws -> WorkerOutcome.Result {
        let start = ContinuousClock.now
        let pulse = Pulse()
        let heart = heart(pulse)
        defer { heart.stop() }
        var failure: WorkerOutcome.Failure?
        do {
            try runJob(pulse)
        } catch let stopped as JobStopped {
            throw stopped
        } catch {
            failure = WorkerOutcome.Failure(error)
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let peak = ResidentMemory.peakBytes()
        let outcome: WorkerOutcome
        if let failure {
            outcome = .failed(
                job: request.job, attempt: request.attempt, failure, seconds: seconds,
                peakBytes: peak)
            emit(.failed(failureClass: failure.failureClass, message: failure.message))
        } else {
            outcome = .succeeded(
                job: request.job, attempt: request.attempt, seconds: seconds, peakBytes: peak)
            emit(.finished(outcome: .succeeded))
        }
        let text = String(decoding: try JobJSON.encodePretty(outcome), as: UTF8.self)
        try DurableText.write(
            text, to: FilePath(request.jobDirectory).appending(WorkerOutcome.fileName))
        return outcome.result
    }

    func heart(_ pulse: Pulse) -> Heart {
        Heart(pulse) { [upkeep, emit] line in
            upkeep.beat()
            emit(line)
        }
    }

    /// What a job of the daemon would take. Nothing is written but what planning keeps.
    package static func forecast(
        _ request: ForecastRequest, stop: @escaping () throws -> Void
    ) throws -> JobForecast {
        let state = FilePath(request.stateDirectory)
        try LentEyes(request).take()
        return try JobRunner(
            request.description,
            setting: JobSetting(
                store: try ContentStore(state: state),
                models: ModelLocator(roots: request.modelRoots.map { FilePath($0) }),
                data: .below(request.dataRoots.map { FilePath($0) }),
                results: FilePath(request.resultsDirectory), state: state),
            progress: ProgressReporter(listener: { _ in }, stop: stop)
        ).forecast()
    }

    /// Runs the job; again, with folders made anew, where somebody removed them meanwhile.
    func runJob(_ pulse: Pulse) throws {
        let state = FilePath(request.stateDirectory)
        let results = FilePath(request.resultsDirectory)
        try LentEyes(request).take()
        for number in 1...Self.triesMax {
            try FreshFolder.make(results)
            let store = try ContentStore(state: state)
            upkeep.follow(store)
            do {
                return try runJob(store, state, results, pulse)
            } catch let stopped as JobStopped {
                throw stopped
            } catch {
                var gone = ContentStore.missingFolders(state: state)
                if (try? Syscalls.stat(results)) ?? nil == nil { gone.append("`\(results)`") }
                guard !gone.isEmpty else { throw error }
                let vanished = FoldersVanished(paths: gone)
                guard number < Self.triesMax else { throw vanished }
                emit(.warning(message: "\(vanished); made anew, and the job begins again"))
            }
        }
    }

    private func runJob(
        _ store: ContentStore, _ state: FilePath, _ results: FilePath, _ pulse: Pulse
    ) throws {
        let progress = ProgressReporter(listener: emit, stop: stop, pulse: pulse)
        let log = RunLog(folder: results)
        let scope = request.unit?.scope ?? .whole
        let runner = JobRunner(
            request.description,
            setting: JobSetting(
                store: store,
                models: ModelLocator(roots: request.modelRoots.map { FilePath($0) }),
                data: .below(request.dataRoots.map { FilePath($0) }), results: results,
                state: state,
                plan: FilePath(request.jobDirectory).appending(WorkerRequest.planFileName),
                takesTurns: request.unit == nil),
            progress: progress, scope: scope)
        guard scope == .whole else { return try runner.fillCache() }
        runner.remarks = remarks()
        let report = try runner.run()
        try log.write(report)
        // The largest files were hashed while they were written.
        try Publication.leave(report.writtenFiles, in: results)
    }
}

/// Folders that the job had made or found were gone when it failed.
struct FoldersVanished: ClassifiedFailure, CustomStringConvertible {
    let paths: [String]
    /// Whoever cleans there will have done with it.
    var failureClass: FailureClass { .transient }
    var description: String {
        "somebody removed \(paths.joined(separator: " and ")) while the job ran (find out who "
            + "cleans there)"
    }
}

/// A folder that exists and is empty, whatever an earlier attempt left.
package enum FreshFolder {
    package static func make(_ path: FilePath) throws {
        let manager = FileManager.default
        if manager.fileExists(atPath: path.string) {
            try manager.removeItem(atPath: path.string)
        }
        try Syscalls.makeFolders(path)
    }
}
