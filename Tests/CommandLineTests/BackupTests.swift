// Copies of a state folder, made while the daemon runs and while it does not, and brought back.

import Foundation
import TestSupport
import Testing

@Suite("backup", .serialized)
struct BackupTests {
    private static let hasSQLite = FileManager.default.isExecutableFile(atPath: "/usr/bin/sqlite3")

    @Test(
        "a copy of a running daemon's state and one of a stopped one's have jobs, results and store",
        .enabled(if: hasSQLite, "the Debian package sqlite3 is missing"))
    func restores() throws {
        let outcome = try run(
            Places.root.appending(path: "packaging/backup-check").path, [Places.programs.path])
        #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
        for copy in ["running", "stopped"] {
            #expect(
                outcome.output.contains(
                    "ok \(copy): jobs, results, index, tokens, wishes and store"))
        }
    }

    @Test(
        "what is no state folder, or is there already, is refused and stays as it is",
        .enabled(if: hasSQLite, "the Debian package sqlite3 is missing"))
    func refuses() throws {
        let folder = try TemporaryFolder()
        let program = Places.root.appending(path: "packaging/backup").path
        let none = try run(program, [folder.path, folder.path + "/copy"])
        #expect(none.status == 1)
        #expect(none.errors.contains("is no state folder of a daemon"))
        #expect(Workshop.names(folder.path) == [])
        let index = folder.url.appending(path: "state/db/index.sqlite")
        try FileManager.default.createDirectory(
            at: index.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data().write(to: index)
        let taken = folder.url.appending(path: "copy")
        try Data("mine".utf8).write(to: taken)
        let again = try run(program, [folder.path + "/state", taken.path])
        #expect(again.status == 1)
        #expect(again.errors.contains("is there already"))
        #expect(try String(contentsOf: taken, encoding: .utf8) == "mine")
    }

    @Test(
        "a copy that is not whole fails, and leaves nothing behind",
        .enabled(if: hasSQLite, "the Debian package sqlite3 is missing"))
    func fails() throws {
        let folder = try TemporaryFolder()
        let made = try shell(
            "mkdir -p \(folder.path)/state/db \(folder.path)/state/results"
                + " && sqlite3 \(folder.path)/state/db/index.sqlite 'create table t(a)'"
                + " && yes | head -c 100000 >\(folder.path)/state/results/large")
        #expect(made.status == 0, "\(made.errors)")
        // No file may grow beyond 64 KiB, as on a disk that is full.
        let outcome = try run(
            "/usr/bin/env",
            [
                "bash", "-c", "trap '' XFSZ; ulimit -f 64; exec \"$@\"", "sh",
                Places.root.appending(path: "packaging/backup").path, folder.path + "/state",
                folder.path + "/copy",
            ])
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("state/results` cannot be copied"), "\(outcome.errors)")
        #expect(Workshop.names(folder.path) == ["state"])
    }
}
