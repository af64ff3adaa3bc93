// Time that stands still until a test moves it.

import Daemon
import Synchronization

final class ManualClock: Sendable {
    private struct Sleeper {
        let end: Int
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct Contents {
        var now = 1_700_000_000_000
        /// How far the wall clock was put forward.
        var jump = 0
        var next = 0
        var sleepers: [Int: Sleeper] = [:]
    }

    private let contents = Mutex(Contents())

    /// What the wall clock shows.
    var now: Int { contents.withLock { $0.now + $0.jump } }

    private var uptime: Int { contents.withLock { $0.now } }

    var daemonClock: DaemonClock {
        DaemonClock(
            now: { self.now }, uptime: { self.uptime }, sleep: { try await self.sleep($0) })
    }

    /// Puts the wall clock forward or back; no time passes.
    func jump(milliseconds: Int) {
        contents.withLock { $0.jump += milliseconds }
    }

    /// Moves time and wakes who has slept enough.
    func advance(milliseconds: Int) {
        let woken = contents.withLock { contents in
            contents.now += milliseconds
            let due = contents.sleepers.filter { $0.value.end <= contents.now }
            for number in due.keys { contents.sleepers[number] = nil }
            return due.values.map(\.continuation)
        }
        woken.forEach { $0.resume() }
    }

    private func sleep(_ duration: Duration) async throws {
        let (seconds, attoseconds) = duration.components
        let milliseconds = Int(seconds) * 1_000 + Int(attoseconds / 1_000_000_000_000_000)
        let number = contents.withLock { contents in
            contents.next += 1
            return contents.next
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isCancelled = contents.withLock { contents in
                    if Task.isCancelled { return true }
                    let end = contents.now + milliseconds
                    contents.sleepers[number] = Sleeper(end: end, continuation: continuation)
                    return false
                }
                if isCancelled { continuation.resume(throwing: CancellationError()) }
            }
        } onCancel: {
            let sleeper = contents.withLock { $0.sleepers.removeValue(forKey: number) }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }
}
