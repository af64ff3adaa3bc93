// The process that tries inputs, and the one that watches it die.

import Foundation
import SystemPackage

/// Tries one input after the other until its time is over. The number of the input at hand lies
/// in a file before it is tried: so much is left of a process that traps.
struct Worker {
    let entry: Entry
    let seed: UInt64
    let seconds: Double

    func run(counter: String) throws {
        let file = try FileDescriptor.open(FilePath(counter), .writeOnly)
        defer { try? file.close() }
        let start = ContinuousClock.now
        let end = start + .seconds(seconds)
        var tried: UInt64 = 0
        var accepted = 0
        while ContinuousClock.now < end {
            let number = (0..<8).map { UInt8(truncatingIfNeeded: tried >> (8 * $0)) }
            try file.writeAll(toAbsoluteOffset: 0, number)
            if entry.accepts(entry.corpus.input(seed: seed, number: tried)) { accepted += 1 }
            tried += 1
        }
        let rate = Double(tried) / ((ContinuousClock.now - start) / .seconds(1))
        print(
            "\(entry.name): seed \(seed), \(tried) inputs, \(Int(rate)) a second, "
                + "\(accepted) accepted")
    }
}

/// Runs a worker and looks at how it ends.
struct Watch {
    /// A worker that is so late hangs in an input.
    static let patienceSeconds = 30.0

    let seed: UInt64
    let seconds: Double
    let output: URL

    /// False where an input made a trap or a hang; it lies in the output folder then.
    func survives(_ entry: Entry) throws -> Bool {
        let counter = FileManager.default.temporaryDirectory
            .appending(path: "layerfold-fuzz-\(UUID().uuidString)")
        try Data(count: 8).write(to: counter)
        defer { try? FileManager.default.removeItem(at: counter) }
        let process = Process()
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = [
            entry.name, "--seed", "\(seed)", "--seconds", "\(seconds)", "--counter", counter.path,
        ]
        try process.run()
        let patience = ContinuousClock.now + .seconds(seconds + Self.patienceSeconds)
        while process.isRunning, ContinuousClock.now < patience {
            Thread.sleep(forTimeInterval: 0.05)
        }
        let hangs = process.isRunning
        if hangs { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
        if !hangs, process.terminationReason == .exit, process.terminationStatus == 0 {
            return true
        }
        let number = try Data(contentsOf: counter).reversed().reduce(UInt64(0)) {
            $0 << 8 | UInt64($1)
        }
        let input = output.appending(path: "fuzz-\(entry.name)-\(seed)-\(number)")
        try Data(entry.corpus.input(seed: seed, number: number)).write(to: input)
        print(
            "\(entry.name): input \(number) \(hangs ? "hangs" : "traps"): \(input.path); again: "
                + "layerfold-fuzz \(entry.name) --seed \(seed) --number \(number)")
        return false
    }
}
