// How much the sweeps do that `Scripts/faults` runs, and what they tell it.

import Foundation

/// What Scripts/faults asks for by the environment; without it, sweeps are short.
package enum FaultRounds {
    private static let environment = ProcessInfo.processInfo.environment

    /// Whether a sweep leaves nothing out.
    package static let isFull = environment["LAYERFOLD_FAULTS"] == "full"

    /// Where random sweeps begin. Another seed is another part of the same sweep.
    package static let seed = environment["LAYERFOLD_FAULT_SEED"].flatMap { UInt64($0) } ?? 1

    /// Rounds of a random sweep.
    /// - Parameter short: where nobody asks.
    package static func count(_ short: Int) -> Int {
        environment["LAYERFOLD_FAULT_ROUNDS"].flatMap { Int($0) } ?? short
    }

    /// Tells the script what was done. Violations are failed tests.
    package static func tell(rounds: Int) { note("\(rounds)") }

    /// Adds a line to the file that the script reads; what is no number is printed.
    package static func note(_ text: String) {
        guard let path = environment["LAYERFOLD_FAULT_REPORT"] else { return }
        if !FileManager.default.fileExists(atPath: path) {
            _ = FileManager.default.createFile(atPath: path, contents: nil)
        }
        guard let file = FileHandle(forWritingAtPath: path) else { return }
        file.seekToEndOfFile()
        file.write(Data("\(text)\n".utf8))
        try? file.close()
    }

    /// A folder on a file system in memory where there is one: what a sweep shows of kernel calls
    /// does not depend on the disk.
    package static let memory =
        FileManager.default.isWritableFile(atPath: "/dev/shm")
        ? "/dev/shm" : "/tmp"
}
