// Watches one worker while it runs, and asks it to stop when `Supervision` says so.

import Jobs
import Synchronization

/// Of one attempt. What follows its `stop` (SIGTERM, grace, SIGKILL) is the launcher's.
package final class Supervisor: Sendable {
    private struct Contents {
        var supervision: Supervision
        /// Lines that were read and are being told of: while somebody takes long over that, the
        /// worker's next words wait in the pipe.
        var isTelling = false
        var overdue: Overdue?
        var task: Task<Void, Never>?
    }

    private let limits: SupervisionLimits
    private let clock: DaemonClock
    private let contents: Mutex<Contents>

    package init(_ limits: SupervisionLimits, _ clock: DaemonClock) {
        self.limits = limits
        self.clock = clock
        contents = Mutex(Contents(supervision: Supervision(limits)))
    }

    /// Why the worker was asked to end; nil where it was not, or not for this.
    package var overdue: Overdue? { contents.withLock { $0.overdue } }

    /// The last sign of life.
    var lastBeat: Heartbeat? { contents.withLock { $0.supervision.last } }

    /// Begins to watch, until `end`.
    /// - Parameter listen: hears, before each look, what there is to be heard; nil where lines come
    ///   by themselves. As long as it takes, no time counts.
    func begin(_ stop: StopSwitch, listening listen: (@Sendable () async -> Void)? = nil) {
        let tick = limits.tick
        let task = Task {
            while !Task.isCancelled {
                do { try await clock.sleep(.seconds(tick)) } catch { return }
                // Somebody else has asked it to end: the reason is theirs.
                if stop.isStopping { return }
                await listen?()
                if look(tick) { return stop.stop() }
            }
        }
        contents.withLock { $0.task = task }
    }

    func end() { contents.withLock { $0.task }?.cancel() }

    /// Takes a line in, then tells of it.
    func hear(
        _ line: ProgressLine, then tell: @Sendable (ProgressLine) async -> Void
    ) async {
        contents.withLock {
            $0.supervision.hear(line)
            $0.isTelling = true
        }
        await tell(line)
        contents.withLock { $0.isTelling = false }
    }

    private func look(_ seconds: Double) -> Bool {
        contents.withLock {
            guard !$0.isTelling else { return false }
            $0.overdue = $0.supervision.tick(seconds)
            return $0.overdue != nil
        }
    }
}
