// Time as the daemon sees it, so that tests can hand in their own.

import Glibc

package struct DaemonClock: Sendable {
    /// Milliseconds since 1970 UTC: for files, rows and delays that outlive the process.
    package var now: @Sendable () -> Int
    /// Waits; throws when the task is cancelled.
    package var sleep: @Sendable (Duration) async throws -> Void

    package init(
        now: @escaping @Sendable () -> Int,
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.now = now
        self.sleep = sleep
    }

    package static let system = DaemonClock(
        now: {
            var time = timespec()
            unsafe clock_gettime(CLOCK_REALTIME, &time)
            return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
        },
        sleep: { try await Task.sleep(for: $0) })
}
