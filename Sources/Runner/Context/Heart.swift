// Tells of the pulse every few seconds, from a thread that no stage can hold up.

import Foundation
import Jobs
import Synchronization

/// Beats from its making to `stop`.
final class Heart {
    private let isWanted = Flag()

    private final class Flag: Sendable {
        private let value = Mutex(true)
        var isSet: Bool { value.withLock { $0 } }
        func clear() { value.withLock { $0 = false } }
    }

    /// - Parameter emit: is called on the heart's own thread; at once for the first time.
    init(
        _ pulse: Pulse, every seconds: Double = Heartbeat.intervalSeconds,
        emit: @escaping @Sendable (ProgressLine) -> Void
    ) {
        let isWanted = isWanted
        Thread.detachNewThread {
            while isWanted.isSet {
                ProcessorTime.watching { emit(.heartbeat(pulse.beat())) }
                Thread.sleep(forTimeInterval: seconds)
            }
        }
    }

    /// A beat that is on its way may still come.
    func stop() { isWanted.clear() }

    deinit { isWanted.clear() }
}
