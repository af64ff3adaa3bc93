// Output that goes nowhere: a quiet end with a code, and no job that dies of it.

import Foundation
import TestSupport
import Testing

@Suite("output that cannot be written")
struct OutputFaultTests {
    private static let program = Places.programs.appending(path: "layerfold").path

    /// Runs a verb within a line of shell; `$V` stands for it.
    private func run(_ line: String, _ verb: String) throws -> Outcome {
        try shell("V=\"'\(Self.program)' \(verb)\"; " + line)
    }

    @Test(
        "results that cannot be written end a verb with code 7",
        arguments: ["methods", "methods --json", "--help", "--version", "tasks", "doctor --json"])
    func results(verb: String) throws {
        let full = try run("eval \"$V\" >/dev/full", verb)
        #expect(full.status == 7)
        #expect(
            full.errors == "layerfold: standard output cannot be written: No space left on device\n"
        )
        let closed = try run("eval \"$V\" >&-", verb)
        #expect(closed.status == 7)
        #expect(
            closed.errors == "layerfold: standard output cannot be written: Bad file descriptor\n")
    }

    @Test("a reader that left is no fault, whether its signal is ignored or not")
    func reader() throws {
        for ignored in ["", "trap '' PIPE; "] {
            let (process, pipe, errors) = (Process(), Pipe(), Pipe())
            process.executableURL = URL(filePath: "/bin/sh")
            process.arguments = ["-c", ignored + "exec '\(Self.program)' methods --json"]
            process.standardOutput = pipe
            process.standardError = errors
            // Nobody reads before a byte is written.
            try pipe.fileHandleForReading.close()
            try process.run()
            try pipe.fileHandleForWriting.close()
            process.waitUntilExit()
            #expect(process.terminationReason == .exit && process.terminationStatus == 7)
            try errors.fileHandleForWriting.close()
            #expect(try errors.fileHandleForReading.readToEnd()?.isEmpty ?? true)
        }
    }

    @Test(
        "a job does not need anybody who reads its progress",
        arguments: ["2>/dev/full", "2>&-", "2>&1 >/dev/null | true", "--json 2>/dev/full"])
    func progress(redirection: String) throws {
        let (folder, job) = try Workshop.make()
        let state = "--state '\(folder.path)/state' --output '\(folder.path)/out'"
        _ = try run("eval \"$V\" \(redirection)", "run '\(job)' \(state)")
        #expect(Workshop.names(folder.path + "/out/tiny-1").contains("DONE"))
    }

    @Test("a job's result is kept though its path cannot be printed")
    func path() throws {
        let (folder, job) = try Workshop.make()
        let state = "--state '\(folder.path)/state' --output '\(folder.path)/out'"
        let outcome = try run("eval \"$V\" >/dev/full", "run '\(job)' \(state)")
        #expect(outcome.status == 7)
        #expect(Workshop.names(folder.path + "/out/tiny-1").contains("DONE"))
    }

    @Test("files that are opened do not get the number of a closed output")
    func closedDescriptors() throws {
        let (folder, job) = try Workshop.make()
        let state = "--state '\(folder.path)/state' --output '\(folder.path)/out'"
        let outcome = try run("eval \"$V\" <&- >&- 2>&-", "run '\(job)' \(state)")
        #expect(outcome.status == 7)
        #expect(try layerfold("store", "verify", "--state", folder.path + "/state").status == 0)
    }
}
