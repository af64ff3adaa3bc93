// What workers at the cluster say, and how a job of theirs ended.

import Cluster
import Failures
import Foundation
import Jobs
import SystemPackage

extension ClusterDriver {
    private static let pieceBytesMax = 262_144

    /// Tells what the progress file of a unit's present try has that was not told.
    func hear(_ token: UnitToken, of name: String) {
        guard let job = jobs[name], let lines = job.lines else { return }
        let unit = token.unit
        let start = job.offsets[token] ?? 0
        guard
            let chunk = try? FileChunk.read(
                tryFolders(job, token).progress, from: .offset(start), bytesMax: Self.pieceBytesMax)
        else { return }
        // A line that is being written is read when it is whole.
        guard let end = chunk.bytes.lastIndex(of: UInt8(ascii: "\n")) else { return }
        jobs[name]?.offsets[token] = start + end + 1
        for line in chunk.bytes[...end].split(separator: UInt8(ascii: "\n")) {
            guard let said = try? ProgressLine(line: Data(line)) else { continue }
            switch said {
            case .progress(var progress):
                progress.detail = [unit, progress.detail].compactMap(\.self).joined(separator: ": ")
                lines.yield(.progress(progress))
            case .stageStarted, .stageFinished: lines.yield(said)
            case .warning(let message): lines.yield(.warning(message: "\(unit): \(message)"))
            // The job's own are the daemon's to say.
            case .note, .finished, .failed, .heartbeat: break
            }
        }
    }

    /// Of all tries that left one.
    func outcomes(of job: Running) -> [UnitOutcome] {
        job.plan.units.flatMap {
            job.folders.outcomes($0.name, job.plan.attempt, besides: []).map(\.outcome)
        }
    }

    /// As a worker of the daemon's own would have written it; nil for a job that was stopped.
    /// - Parameter outcomes: of its units.
    func outcome(
        of job: Running, _ end: ClusterEnd, _ outcomes: [UnitOutcome]
    ) -> WorkerOutcome? {
        let (name, attempt) = (job.request.job, job.request.attempt)
        let seconds = outcomes.reduce(0) { $0 + $1.seconds }
        let peak = outcomes.map(\.peakBytes).max() ?? 0
        switch end {
        case .succeeded:
            return .succeeded(job: name, attempt: attempt, seconds: seconds, peakBytes: peak)
        case .failed(let failure):
            let unit = failure.unit.unit
            let tail = lastWords(of: unit, job)
            var log = BoundedLog(job.folders.job.log)
            log.append(Array("unit \(unit):\n\(tail)\n".utf8))
            return .failed(
                job: name, attempt: attempt, failure.failure(lines: tail), seconds: seconds,
                peakBytes: peak)
        case .cancelled: return nil
        }
    }

    /// The end of what the unit's last worker said: by number, which grows in length.
    private func lastWords(of unit: String, _ job: Running) -> String {
        let tokens = job.folders.tries(unit)
        guard let last = tokens.max(by: { ($0.utf8.count, $0) < ($1.utf8.count, $1) }) else {
            return ""
        }
        return job.folders.logTail(
            job.folders.tried(
                last, unit: unit, partial: FilePath(job.request.resultsDirectory)))
    }
}

extension UnitResult {
    init(_ outcome: UnitOutcome) {
        self =
            switch outcome.result {
            case .succeeded: .succeeded
            case .stopped: .stopped(seconds: outcome.seconds)
            case .failed where outcome.otherProgram != nil: .otherProgram(Self.words(outcome))
            case .failed: .failed(Self.words(outcome))
            }
    }

    private static func words(_ outcome: UnitOutcome) -> FailureWords {
        FailureWords(
            outcome.failure ?? .init(failureClass: .bug, message: "it failed without a word"))
    }
}
