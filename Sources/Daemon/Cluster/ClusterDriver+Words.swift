// What workers at the cluster say, and how a job of theirs ended.

import Cluster
import Failures
import Foundation
import Jobs

extension ClusterDriver {
    private static let pieceBytesMax = 262_144

    /// Tells what a unit's progress file has that was not told.
    func hear(_ unit: String, of name: String) {
        guard let job = jobs[name], let lines = job.lines else { return }
        let start = job.offsets[unit] ?? 0
        guard
            let chunk = try? FileChunk.read(
                job.folders.progress(unit), from: .offset(start), bytesMax: Self.pieceBytesMax)
        else { return }
        // A line that is being written is read when it is whole.
        guard let end = chunk.bytes.lastIndex(of: UInt8(ascii: "\n")) else { return }
        jobs[name]?.offsets[unit] = start + end + 1
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

    /// As a worker of the daemon's own would have written it; nil for a job that was stopped.
    func outcome(of job: Running, _ end: ClusterEnd) -> WorkerOutcome? {
        let (name, attempt) = (job.request.job, job.request.attempt)
        let outcomes = job.plan.units.flatMap { job.folders.outcomes($0.name, besides: []) }
            .map { $0.1 }
        let seconds = outcomes.reduce(0) { $0 + $1.seconds }
        let peak = outcomes.map(\.peakBytes).max() ?? 0
        switch end {
        case .succeeded:
            return .succeeded(job: name, attempt: attempt, seconds: seconds, peakBytes: peak)
        case .failed(let failure):
            let unit = failure.unit.unit
            let tail = job.folders.logTail(unit)
            var log = BoundedLog(job.folders.job.log)
            log.append(Array("unit \(unit):\n\(tail)\n".utf8))
            return .failed(
                job: name, attempt: attempt, failure.failure(lines: tail), seconds: seconds,
                peakBytes: peak)
        case .cancelled: return nil
        }
    }
}

extension UnitResult {
    init(_ outcome: UnitOutcome) {
        self =
            switch outcome.result {
            case .succeeded: .succeeded
            case .stopped: .stopped
            case .failed:
                .failed(
                    FailureWords(
                        outcome.failure
                            ?? .init(failureClass: .bug, message: "it failed without a word")))
            }
    }
}
