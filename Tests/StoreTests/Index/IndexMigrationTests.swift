// An older index becomes the present one, or stays the older one; a copy of it is kept.

import DurableIO
import Glibc
import SystemPackage
import Testing

@testable import Store

@Suite(.enabled(if: hasSQLite, "the sqlite3 tool is not installed"))
struct IndexMigrationTests {
    private static let later = IndexSchemaSteps.current.adding([
        "ALTER TABLE jobs ADD COLUMN later TEXT NOT NULL DEFAULT 'x'",
        "CREATE TABLE much(number INTEGER) STRICT",
    ])

    /// An index of this program's schema with a job in it.
    private func make(_ state: TemporaryState) throws -> FilePath {
        let path = StoreLayout(state: state.path).index
        do { _ = try IndexDatabase(path: path) }
        try sqlite(
            path,
            """
            INSERT INTO jobs(id, seq, name, uid, manifest_sha256, state, submitted_at)
              VALUES('j1', 7, 'demo', 1000, 'ab', 'queued', 1);
            """)
        return path
    }

    private func names(_ path: FilePath) throws -> [String] {
        try DirectoryScan.entries(of: path.removingLastComponent()).map(\.name.string)
    }

    /// Fails unless the file is sound, has the version, and the job.
    private func expect(_ path: FilePath, version: Int, _ comment: Comment = "") throws {
        // A violated CHECK is an error, and the tool's exit status.
        try sqlite(
            path,
            """
            CREATE TEMP TABLE t(ok CHECK(ok));
            INSERT INTO t SELECT user_version = \(version) FROM pragma_user_version;
            INSERT INTO t SELECT COUNT(*) = 1 FROM jobs WHERE id = 'j1';
            INSERT INTO t SELECT integrity_check = 'ok' FROM pragma_integrity_check;
            INSERT INTO t SELECT COUNT(*) = \(version > IndexSchema.version ? 1 : 0)
              FROM pragma_table_info('jobs') WHERE name = 'later';
            """)
    }

    @Test("rows survive, the copy is what was there before, and the header alone tells the version")
    func migrates() throws {
        let state = try TemporaryState(in: "/tmp")
        let path = try make(state)
        let known = IndexSchema.version
        do { #expect(try IndexDatabase(path: path, schema: Self.later).opening == .existing) }
        // Big-endian at offset 60 (SQLite's file format, 1.3).
        let header = try contents(path)[60..<64].reduce(0) { $0 << 8 | Int($1) }
        #expect(header == known + 2)
        try expect(path, version: known + 2)
        let copy = IndexMigration.backup(path, version: known)
        try expect(copy, version: known)
        #expect(try Syscalls.stat(copy)?.permissions == 0o600)
        // This program refuses it, and changes nothing.
        let before = try contents(path)
        #expect(throws: StoreError.self) { try IndexDatabase(path: path) }
        #expect(try contents(path) == before)
        // A new index needs no copy.
        let fresh = try TemporaryState(in: "/tmp")
        let other = StoreLayout(state: fresh.path).index
        do { #expect(try IndexDatabase(path: other, schema: Self.later).opening == .created) }
        #expect(try !names(other).contains { $0.contains("schema") })
    }

    @Test("a step that fails leaves the old schema, whole")
    func failing() throws {
        let state = try TemporaryState(in: "/tmp")
        let path = try make(state)
        let wrong = Self.later.adding(["INSERT INTO nothing VALUES(1)"])
        let error = #expect(throws: StoreError.self) {
            try IndexDatabase(path: path, schema: wrong)
        }
        #expect(error?.description.contains("nothing") == true)
        try expect(path, version: IndexSchema.version)
        do { #expect(try IndexDatabase(path: path, schema: Self.later).opening == .existing) }
        try expect(path, version: IndexSchema.version + 2)
    }

    @Test("a death at any kernel call of ours leaves the old index or the new one")
    func deaths() throws {
        let state = try TemporaryState(in: "/tmp")
        var number = 1
        while true {
            let path = try make(state)
            let plan = FaultPlan(.death, atCall: number)
            FaultPlan.$current.withValue(plan) {
                do {
                    _ = try IndexDatabase(path: path, schema: Self.later)
                } catch {
                    #expect(error is StoreError, "call \(number)")
                }
            }
            // The next start brings it to its end.
            do { _ = try IndexDatabase(path: path, schema: Self.later) }
            try expect(path, version: IndexSchema.version + 2, "call \(number)")
            try expect(
                IndexMigration.backup(path, version: IndexSchema.version),
                version: IndexSchema.version, "call \(number)")
            #expect(try !names(path).contains { $0.hasSuffix("partial") }, "call \(number)")
            if !plan.hasFired { break }
            number += 1
            for name in try names(path) {
                try Syscalls.unlink(path.removingLastComponent().appending(name))
            }
        }
        #expect(number > 10)
    }

    @Test("copies are kept of the last schemas only")
    func bounded() throws {
        let state = try TemporaryState(in: "/tmp")
        let path = try make(state)
        var schema = IndexSchemaSteps.current
        let first = schema.version
        for number in 0..<6 {
            schema = schema.adding(["CREATE TABLE extra\(number)(x INTEGER) STRICT"])
            do { _ = try IndexDatabase(path: path, schema: schema) }
        }
        let kept = try IndexMigration.backups(path).map(\.version)
        #expect(kept == Array((first + 3)...(first + 5)))
    }

    @Test("a process that is killed in the middle leaves the old index")
    func killed() throws {
        let state = try TemporaryState(in: "/tmp")
        let path = try make(state)
        let child = try ChildProcess.ofThisProgram(
            filter: "childMigration", environment: ["\(Self.variable)=\(state.path)"])
        // The log grows only while the last step runs, which is never done.
        let log = FilePath("\(path)-wal")
        while try Syscalls.stat(log)?.byteCount ?? 0 < 1 << 20 { sched_yield() }
        child.kill()
        _ = child.wait()
        do { #expect(try IndexDatabase(path: path).opening == .existing) }
        try expect(path, version: IndexSchema.version)
    }

    private static let variable = "LAYERFOLD_TEST_MIGRATION_STATE"

    @Test("the child that is killed", .enabled(if: environmentValue(variable) != nil, "a child"))
    func childMigration() throws {
        let state = FilePath(try #require(environmentValue(Self.variable)))
        let endless = Self.later.adding([
            """
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1e12)
            INSERT INTO much SELECT i FROM n
            """
        ])
        _ = try IndexDatabase(path: StoreLayout(state: state).index, schema: endless)
    }
}
