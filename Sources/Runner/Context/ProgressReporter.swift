// Progress of a job: events from the stages become progress lines with rate and time left, at
// most a few a second.

package import Jobs
import Model

/// Hears the stages of one job, one after the other, and tells the listener.
package final class ProgressReporter: WorkObserver {
    /// Lines of one stage are at least this far apart, the last one excepted.
    private static let interval = Duration.milliseconds(200)

    private let listener: (ProgressLine) -> Void
    private let stop: () throws -> Void
    /// Hears of every step, also of those that make no line.
    private let pulse: Pulse
    private var stage = ""
    private var started = ContinuousClock.now
    private var lastLine = ContinuousClock.now
    /// Rates are those of the present phase: a stage that runs layers, then the output head, counts
    /// other units in each.
    private var unit = ""
    private var lastEvent = ContinuousClock.now
    /// When the present stage began, whatever it counts.
    private var stageStarted = ContinuousClock.now
    /// nil where nobody has planned the job.
    private var timeLeft: TimeLeft?
    /// Warnings of the whole job, in order, each once.
    package private(set) var warnings: [String] = []

    /// - Parameters:
    ///   - listener: takes each line; called on the job's thread.
    ///   - stop: throws when the job shall end early.
    package init(
        listener: @escaping (ProgressLine) -> Void, stop: @escaping () throws -> Void,
        pulse: Pulse = Pulse()
    ) {
        self.listener = listener
        self.stop = stop
        self.pulse = pulse
    }

    package func checkpoint() throws {
        pulse.move()
        try stop()
    }

    package func progress(done: Int, total: Int, unit: String, detail: String) {
        pulse.move()
        let now = ContinuousClock.now
        if unit != self.unit {
            self.unit = unit
            started = lastEvent
        }
        lastEvent = now
        guard now - lastLine >= Self.interval || done == total else { return }
        lastLine = now
        let seconds = (now - started) / .seconds(1)
        let rate = seconds > 0 && done > 0 ? Double(done) / seconds : nil
        let left = rate.map { Double(total - done) / $0 }
        listener(
            .progress(
                ProgressLine.Progress(
                    stage: stage, done: done, total: total, unit: unit, rate: rate,
                    secondsLeft: left,
                    jobSecondsLeft: timeLeft?.seconds(
                        in: stage, elapsed: (now - stageStarted) / .seconds(1), own: left),
                    detail: detail)))
    }

    /// The job will take as long as that.
    func expect(_ timeLeft: TimeLeft) { self.timeLeft = timeLeft }

    /// What was computed is in the cache: whoever comes next goes on behind it.
    func kept() { pulse.keep() }

    package func warn(_ message: String) {
        guard !warnings.contains(message) else { return }
        warnings.append(message)
        listener(.warning(message: message))
    }

    package func note(_ message: String) { listener(.note(message: message)) }

    func restart() { warnings = [] }

    func begin(stage: String) {
        self.stage = stage
        started = ContinuousClock.now
        stageStarted = started
        lastEvent = started
        unit = ""
        pulse.begin(stage: stage, plannedSeconds: timeLeft?.planned(stage))
        listener(.stageStarted(stage: stage))
    }

    func end(stage: String, isHit: Bool, _ cost: StageCost) {
        timeLeft?.end(stage)
        pulse.end()
        listener(
            .stageFinished(
                stage: stage, cache: isHit ? .hit : .miss, seconds: cost.seconds,
                peakBytes: cost.peakBytes))
    }
}
