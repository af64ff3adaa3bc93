// Whether the work moves: what the job's thread leaves for the thread that tells of it.

import Glibc
package import Jobs
import Synchronization

/// Counts what the stages say, and reads what the process has done so far.
package final class Pulse: Sendable {
    private struct Contents {
        var moves = 0
        var stage: String?
        var plannedSeconds: Double?
        var kept = 0
    }

    private let contents = Mutex(Contents())

    package init() {}

    /// A stage has made a step, or looked whether to stop.
    func move() { contents.withLock { $0.moves += 1 } }

    /// - Parameter plannedSeconds: nil where nobody has planned the stage.
    func begin(stage: String, plannedSeconds: Double?) {
        contents.withLock {
            $0.moves += 1
            $0.stage = stage
            $0.plannedSeconds = plannedSeconds
        }
    }

    func end() {
        contents.withLock {
            $0.moves += 1
            ($0.stage, $0.plannedSeconds) = (nil, nil)
        }
    }

    /// Something is in the cache that was not.
    func keep() { contents.withLock { $0.kept += 1 } }

    /// Of what was kept so far.
    var kept: Int { contents.withLock { $0.kept } }

    package func beat() -> Heartbeat {
        let now = contents.withLock { $0 }
        return Heartbeat(
            moves: now.moves,
            processorSeconds: max(0, ProcessorTime.ofProcess() - ProcessorTime.ofWatchers),
            transferredBytes: Transfer.bytes(), peakBytes: ResidentMemory.peakBytes(),
            stage: now.stage, plannedSeconds: now.plannedSeconds, kept: now.kept)
    }
}

/// Processor time, user and system, in seconds.
enum ProcessorTime {
    private static let watchers = Mutex(0.0)

    /// Of all threads of the process so far.
    static func ofProcess() -> Double { read(CLOCK_PROCESS_CPUTIME_ID) }

    /// Of threads that only look how the work goes: they go on where it hangs.
    static var ofWatchers: Double { watchers.withLock { $0 } }

    /// Runs on a watcher's own thread and counts what it takes.
    static func watching<Value>(_ body: () throws -> Value) rethrows -> Value {
        let start = read(CLOCK_THREAD_CPUTIME_ID)
        defer {
            let taken = read(CLOCK_THREAD_CPUTIME_ID) - start
            watchers.withLock { $0 += taken }
        }
        return try body()
    }

    private static func read(_ clock: clockid_t) -> Double {
        var time = timespec()
        guard unsafe clock_gettime(clock, &time) == 0 else { return 0 }
        return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
    }
}

/// What the process moved from and to disks (proc(5)); files of the kernel do not count.
enum Transfer {
    /// 0 where /proc does not tell.
    static func bytes() -> Int { kernelText("/proc/self/io").map(bytes) ?? 0 }

    static func bytes(of account: String) -> Int {
        account.split(separator: "\n").reduce(0) { sum, line in
            let words = line.split(separator: " ")
            guard words.count == 2, words[0] == "read_bytes:" || words[0] == "write_bytes:" else {
                return sum
            }
            return sum + (Int(words[1]) ?? 0)
        }
    }
}
