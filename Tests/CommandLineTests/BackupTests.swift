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

    @Test(
        "what is gone meanwhile need not be in a copy; a fault among thousands ends it",
        .enabled(if: hasSQLite, "the Debian package sqlite3 is missing"),
        arguments: [
            ("error writing '/copy/jobs/1': No space left on device", 1, false),
            ("cannot create regular file '/copy/jobs/1': No such file or directory", 1, false),
            ("cannot stat 'jobs/1': No such file or directory", 1, true),
            // It was killed.
            ("cannot stat 'jobs/1': No such file or directory", 137, false),
        ])
    func faults(words: String, code: Int, isWhole: Bool) throws {
        let folder = try TemporaryFolder()
        try Self.makeState(folder)
        let programs = folder.url.appending(path: "bin")
        try FileManager.default.createDirectory(
            at: programs, withIntermediateDirectories: false)
        let standIn = programs.appending(path: "cp")
        // More than a pipe holds.
        let script = """
            #!/bin/bash
            case " $* " in *" jobs "* | *"/jobs "*) ;; *) exec /bin/cp "$@" ;; esac
            /bin/cp "$@"
            for ((i = 0; i < 2000; i++)); do echo "cp: \(words)" >&2; done
            exit \(code)

            """
        try Data(script.utf8).write(to: standIn)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: standIn.path)
        let outcome = try shell(
            """
            PATH='\(programs.path)':"$PATH" exec '\(Self.program)' '\(folder.path)/state' \
            '\(folder.path)/copy'
            """)
        #expect((outcome.status == 0) == isWhole, "\(outcome.errors)")
        #expect(Workshop.names(folder.path) == ["bin"] + (isWhole ? ["copy"] : []) + ["state"])
        if !isWhole {
            #expect(outcome.errors.contains("state/jobs` cannot be copied"), "\(outcome.errors)")
            #expect(outcome.errors.contains(code == 1 ? words : "\(code)"), "\(outcome.errors)")
            #expect(outcome.errors.utf8.count < 1000)
        }
    }

    @Test(
        "a target may end in a slash, and what another copy has begun beside it stays",
        .enabled(if: hasSQLite, "the Debian package sqlite3 is missing"))
    func slash() throws {
        let folder = try TemporaryFolder()
        try Self.makeState(folder)
        let other = folder.url.appending(path: "copy.partial")
        try FileManager.default.createDirectory(at: other, withIntermediateDirectories: false)
        let outcome = try run(Self.program, [folder.path + "/state/", folder.path + "/copy//"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(Workshop.names(folder.path) == ["copy", "copy.partial", "state"])
        let kept = folder.url.appending(path: "copy/jobs/job")
        #expect(try String(contentsOf: kept, encoding: .utf8) == "kept\n")
    }

    private static let program = Places.root.appending(path: "packaging/backup").path

    /// A state with an index and a file of a job.
    private static func makeState(_ folder: TemporaryFolder) throws {
        let made = try shell(
            "mkdir -p '\(folder.path)/state/db' '\(folder.path)/state/jobs'"
                + " && sqlite3 '\(folder.path)/state/db/index.sqlite' 'create table t(a)'"
                + " && echo kept >'\(folder.path)/state/jobs/job'")
        try #require(made.status == 0, "\(made.errors)")
    }
}
