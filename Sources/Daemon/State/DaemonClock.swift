// Time as the daemon sees it, so that tests can hand in their own.

import Glibc

package struct DaemonClock: Sendable {
    /// Milliseconds since 1970 UTC: for what people read, and what outlives the machine's start.
    /// May jump either way at any time.
    package var now: @Sendable () -> Int
    /// Milliseconds of a clock that only goes on, sleep of the machine included: for everything
    /// that waits.
    package var uptime: @Sendable () -> Int
    /// Waits; throws when the task is cancelled.
    package var sleep: @Sendable (Duration) async throws -> Void

    /// - Parameter uptime: nil for a clock that never jumps, as in tests.
    package init(
        now: @escaping @Sendable () -> Int, uptime: (@Sendable () -> Int)? = nil,
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.now = now
        self.uptime = uptime ?? now
        self.sleep = sleep
    }

    package static let system = DaemonClock(
        now: { milliseconds(of: CLOCK_REALTIME) }, uptime: { milliseconds(of: CLOCK_BOOTTIME) },
        sleep: { try await Task.sleep(for: $0, clock: .continuous) })

    private static func milliseconds(of clock: clockid_t) -> Int {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }
}
