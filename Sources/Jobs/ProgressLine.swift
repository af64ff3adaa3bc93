// What a worker tells the daemon while it runs: JSON lines on its standard output.

package import Failures
package import Foundation

/// One line. How an attempt ended is the outcome file's to say; lines are for people, and show that
/// the worker lives (`Heartbeat`). A lost or broken line costs nothing.
package enum ProgressLine: Sendable, Equatable {
    /// Longest line that is looked at; longer ones are dropped.
    package static let bytesMax = 65_536

    package enum CacheUse: String, Sendable, Codable {
        case hit, miss
    }

    package struct Progress: Sendable, Equatable, Codable {
        package var stage: String
        package var done: Int
        package var total: Int
        /// What is counted: `layers`, `tokens`, `tensors`.
        package var unit: String
        /// Units per second, where known.
        package var rate: Double?
        package var secondsLeft: Double?
        /// Of the whole job, where it was planned.
        package var jobSecondsLeft: Double?
        package var detail: String?

        package init(
            stage: String, done: Int, total: Int, unit: String, rate: Double? = nil,
            secondsLeft: Double? = nil, jobSecondsLeft: Double? = nil, detail: String? = nil
        ) {
            self.stage = stage
            self.done = done
            self.total = total
            self.unit = unit
            self.rate = rate
            self.secondsLeft = secondsLeft
            self.jobSecondsLeft = jobSecondsLeft
            self.detail = detail
        }

        private enum CodingKeys: String, CodingKey {
            case stage, done, total, unit, rate, detail
            case secondsLeft = "seconds_left"
            case jobSecondsLeft = "job_seconds_left"
        }
    }

    case stageStarted(stage: String)
    case progress(Progress)
    case stageFinished(stage: String, cache: CacheUse, seconds: Double, peakBytes: Int)
    case warning(message: String)
    case note(message: String)
    case finished(outcome: WorkerOutcome.Result)
    case failed(failureClass: FailureClass, message: String)
    case heartbeat(Heartbeat)

    /// The line without its newline.
    package func encoded() throws -> Data {
        try JobJSON.encode(self)
    }

    /// - Throws: `DecodingError` for anything that is not a progress line.
    package init(line: Data) throws {
        self = try JSONDecoder().decode(ProgressLine.self, from: line)
    }
}

extension ProgressLine: Codable {
    private enum Kind: String, Codable {
        case stageStarted = "stage-started"
        case progress
        case stageFinished = "stage-finished"
        case warning, note, finished, failed, heartbeat
    }

    private enum CodingKeys: String, CodingKey {
        case kind, stage, cache, seconds, message, outcome
        case peakBytes = "peak_bytes"
        case failureClass = "class"
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        switch try container.decode(Kind.self, forKey: .kind) {
        case .stageStarted:
            self = .stageStarted(stage: try container.decode(String.self, forKey: .stage))
        case .progress:
            self = .progress(try Progress(from: decoder))
        case .stageFinished:
            self = .stageFinished(
                stage: try container.decode(String.self, forKey: .stage),
                cache: try container.decode(CacheUse.self, forKey: .cache),
                seconds: try container.decode(Double.self, forKey: .seconds),
                peakBytes: try container.decode(Int.self, forKey: .peakBytes))
        case .warning:
            self = .warning(message: try container.decode(String.self, forKey: .message))
        case .note:
            self = .note(message: try container.decode(String.self, forKey: .message))
        case .finished:
            self = .finished(
                outcome: try container.decode(WorkerOutcome.Result.self, forKey: .outcome))
        case .failed:
            self = .failed(
                failureClass: try container.decode(FailureClass.self, forKey: .failureClass),
                message: try container.decode(String.self, forKey: .message))
        case .heartbeat:
            self = .heartbeat(try Heartbeat(from: decoder))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .stageStarted(let stage):
            try container.encode(Kind.stageStarted, forKey: .kind)
            try container.encode(stage, forKey: .stage)
        case .progress(let progress):
            try container.encode(Kind.progress, forKey: .kind)
            try progress.encode(to: encoder)
        case .stageFinished(let stage, let cache, let seconds, let peakBytes):
            try container.encode(Kind.stageFinished, forKey: .kind)
            try container.encode(stage, forKey: .stage)
            try container.encode(cache, forKey: .cache)
            try container.encode(seconds, forKey: .seconds)
            try container.encode(peakBytes, forKey: .peakBytes)
        case .warning(let message):
            try container.encode(Kind.warning, forKey: .kind)
            try container.encode(message, forKey: .message)
        case .note(let message):
            try container.encode(Kind.note, forKey: .kind)
            try container.encode(message, forKey: .message)
        case .finished(let outcome):
            try container.encode(Kind.finished, forKey: .kind)
            try container.encode(outcome, forKey: .outcome)
        case .failed(let failureClass, let message):
            try container.encode(Kind.failed, forKey: .kind)
            try container.encode(failureClass, forKey: .failureClass)
            try container.encode(message, forKey: .message)
        case .heartbeat(let beat):
            try container.encode(Kind.heartbeat, forKey: .kind)
            try beat.encode(to: encoder)
        }
    }
}
