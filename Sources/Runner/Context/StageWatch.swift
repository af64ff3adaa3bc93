// What a stage cost: wall time, and the largest memory of the process while it ran.

import Foundation
import Glibc
import Synchronization

package struct StageCost: Sendable {
    package var seconds: Double
    /// Of all threads: what the work costs where others use the machine as well.
    package var processorSeconds: Double
    /// Resident pages, those of mapped files among them: the page cache's, which the kernel takes
    /// back where it needs them.
    package var peakBytes: Int
    /// Of those the anonymous ones (heap and stacks): what a machine must have.
    package var anonymousPeakBytes: Int
}

/// Starts when made.
struct StageWatch {
    private let start = ContinuousClock.now
    private let processorStart = ProcessorTime.ofProcess()
    private let anonymous = AnonymousPeak()

    init() { ResidentMemory.resetPeak() }

    func stop() -> StageCost {
        let elapsed = ContinuousClock.now - start
        return StageCost(
            seconds: Double(elapsed.components.seconds)
                + Double(elapsed.components.attoseconds) * 1e-18,
            processorSeconds: ProcessorTime.ofProcess() - processorStart,
            peakBytes: ResidentMemory.peakBytes(), anonymousPeakBytes: anonymous.read())
    }
}

/// The most anonymous memory since it was made. The kernel keeps no mark of it, so a thread looks
/// every few milliseconds; what comes and goes between two looks is missed.
private final class AnonymousPeak {
    private final class Samples: Sendable {
        private let state = Mutex((peak: 0, isWanted: true))

        /// False where nobody waits for more.
        func take() -> Bool {
            let now = ResidentMemory.anonymousBytes()
            return state.withLock {
                $0.peak = max($0.peak, now)
                return $0.isWanted
            }
        }

        var peak: Int { state.withLock { $0.peak } }
        func end() { state.withLock { $0.isWanted = false } }
    }

    private static let intervalSeconds = 0.005
    private let samples = Samples()

    init() {
        let samples = samples
        Thread.detachNewThread {
            while ProcessorTime.watching({ samples.take() }) {
                Thread.sleep(forTimeInterval: AnonymousPeak.intervalSeconds)
            }
        }
    }

    deinit { samples.end() }

    func read() -> Int {
        _ = samples.take()
        return samples.peak
    }
}

/// The kernel's account of this process (proc(5)): resident pages, mapped files among them.
package enum ResidentMemory {
    /// Sets the high-water mark to what is resident now. Where the kernel refuses (a sandbox),
    /// the mark simply goes on: peaks then are those of the process so far.
    static func resetPeak() {
        let file = unsafe open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        _ = unsafe Glibc.write(file, "5", 1)
        close(file)
    }

    /// The high-water mark in bytes; 0 where /proc does not tell.
    package static func peakBytes() -> Int { kilobytes("VmHWM:") * 1024 }

    /// Anonymous pages resident now, in bytes; 0 where /proc does not tell.
    package static func anonymousBytes() -> Int {
        // statm counts pages: size, resident, shared (of files), ...
        guard let text = kernelText("/proc/self/statm") else { return 0 }
        let counts = text.split(whereSeparator: \.isWhitespace).prefix(3).compactMap { Int($0) }
        guard counts.count == 3 else { return 0 }
        return max(0, counts[1] - counts[2]) * sysconf(Int32(_SC_PAGESIZE))
    }

    private static func kilobytes(_ field: String) -> Int {
        guard let status = kernelText("/proc/self/status") else { return 0 }
        for line in status.split(separator: "\n") where line.hasPrefix(field) {
            return line.dropFirst(field.count).split(whereSeparator: \.isWhitespace).first.flatMap {
                Int($0)
            } ?? 0
        }
        return 0
    }
}
