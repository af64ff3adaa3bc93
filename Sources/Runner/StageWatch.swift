// What a stage cost: wall time, and the largest resident memory of the process while it ran.

import Glibc

package struct StageCost: Sendable {
    package var seconds: Double
    package var peakBytes: Int
}

/// Starts when made.
struct StageWatch {
    private let start = ContinuousClock.now

    init() { ResidentMemory.resetPeak() }

    func stop() -> StageCost {
        let elapsed = ContinuousClock.now - start
        return StageCost(
            seconds: Double(elapsed.components.seconds)
                + Double(elapsed.components.attoseconds) * 1e-18,
            peakBytes: ResidentMemory.peakBytes())
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

    private static func kilobytes(_ field: String) -> Int {
        guard let status = try? readSmallFile("/proc/self/status") else { return 0 }
        for line in status.split(separator: "\n") where line.hasPrefix(field) {
            return line.dropFirst(field.count).split(whereSeparator: \.isWhitespace).first.flatMap {
                Int($0)
            } ?? 0
        }
        return 0
    }
}
