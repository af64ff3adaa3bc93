// When a worker has been patient with us long enough: a decision over what was heard of it, and
// nothing else. No clock, no process: time comes in as ticks, so that a daemon that was itself
// stopped, or a machine that slept, never holds that against the worker.

package import Jobs

/// What was heard of one attempt's worker so far.
package struct Supervision: Sendable, Equatable {
    /// Processor seconds, and bytes, that are work rather than noise.
    private static let processorNoise = 1.0
    private static let transferNoise = 1 << 20

    private let limits: SupervisionLimits
    private var sinceHeard = 0.0
    /// Since a step, or since it took more of processor or disk than noise.
    private var sinceActive = 0.0
    private var sinceMoved = 0.0
    /// Since it said how the job ended.
    private var sinceFinished: Double?
    /// The last beat that counted as activity.
    private var mark: Heartbeat?
    package private(set) var last: Heartbeat?

    package init(_ limits: SupervisionLimits = SupervisionLimits()) {
        self.limits = limits
    }

    package mutating func hear(_ line: ProgressLine) {
        sinceHeard = 0
        switch line {
        case .heartbeat(let beat): hear(beat)
        case .finished, .failed: sinceFinished = sinceFinished ?? 0
        case .stageStarted, .progress, .stageFinished, .warning, .note: move()
        }
    }

    private mutating func hear(_ beat: Heartbeat) {
        defer { last = beat }
        guard let mark else {
            mark = beat
            return
        }
        if beat.moves != last?.moves || beat.stage != last?.stage {
            move()
        } else if beat.processorSeconds - mark.processorSeconds < Self.processorNoise,
            beat.transferredBytes - mark.transferredBytes < Self.transferNoise
        {
            return
        }
        sinceActive = 0
        self.mark = beat
    }

    private mutating func move() {
        sinceMoved = 0
        sinceActive = 0
    }

    /// Time has passed.
    /// - Parameter seconds: since the last tick, at most a tick, however long the caller was
    ///   away: what was said meanwhile has still to be heard.
    /// - Returns: Why the worker must end; nil where it may go on.
    package mutating func tick(_ seconds: Double) -> Overdue? {
        let seconds = min(max(0, seconds), limits.tick)
        sinceHeard += seconds
        sinceActive += seconds
        sinceMoved += seconds
        if let finished = sinceFinished {
            sinceFinished = finished + seconds
            return finished + seconds >= limits.farewell
                ? Overdue(.lingering, stage: nil, seconds: finished + seconds) : nil
        }
        if sinceHeard >= limits.silence { return overdue(.silent, sinceHeard) }
        if sinceActive >= limits.stillness { return overdue(.still, sinceActive) }
        if sinceMoved >= limits.motion(planned: last?.plannedSeconds) {
            return overdue(.stuck, sinceMoved)
        }
        return nil
    }

    private func overdue(_ kind: Overdue.Kind, _ seconds: Double) -> Overdue {
        Overdue(kind, stage: last?.stage, plannedSeconds: last?.plannedSeconds, seconds: seconds)
    }
}
