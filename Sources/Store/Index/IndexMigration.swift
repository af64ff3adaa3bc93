// Bringing an older index up to date: a copy first, then all steps in one transaction, so that a
// crash leaves the old index or the new one, and a way back.

import DurableIO
import GRDB
import Glibc
import SystemPackage

/// The steps from an empty file to a schema.
package struct IndexSchemaSteps: Sendable {
    let steps: [@Sendable (Database) throws -> Void]

    /// This program's.
    package static let current = IndexSchemaSteps(steps: IndexSchema.migrations)

    init(steps: [@Sendable (Database) throws -> Void]) { self.steps = steps }

    package var version: Int { steps.count }

    /// The same with more steps behind them, as a later program has.
    package func adding(_ sql: [String]) -> IndexSchemaSteps {
        IndexSchemaSteps(
            steps: steps + sql.map { text in { db in try db.execute(sql: text) } })
    }
}

enum IndexMigration {
    /// Copies of indexes from before a migration that are kept, the newest schemas.
    static let backupsMax = 3

    /// Brings the file to the version of `schema`; one that has it is left alone.
    /// - Throws: `StoreError.indexNewer` before anything is changed; what SQLite or the kernel
    ///   refused. Then the file has its old version.
    static func run(
        _ queue: DatabaseQueue, _ path: FilePath, to schema: IndexSchemaSteps
    ) throws {
        let found = try queue.read { db in try version(db) }
        guard found <= schema.version else {
            throw StoreError.indexNewer(path: path, found: found, known: schema.version)
        }
        if found == schema.version { return }
        if found > 0 { try backUp(queue, path, version: found) }
        try queue.write { db in
            for step in schema.steps[found...] { try step(db) }
            try db.execute(sql: "PRAGMA user_version = \(schema.version)")
        }
        // Then the version stands in the file's own header, where a program that knows nothing of
        // the log can read it.
        try queue.inDatabase { db in
            _ = try Row.fetchOne(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)")
        }
        if found > 0 { try removeOldBackups(path) }
    }

    static func version(_ db: Database) throws -> Int {
        try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
    }

    /// `<path>.schema-N`, the index as the last program of schema N left it.
    static func backup(_ path: FilePath, version: Int) -> FilePath {
        FilePath("\(path)\(backupMark)\(version)")
    }

    private static let backupMark = ".schema-"

    /// Makes a copy that is whole and durable before it has its name.
    private static func backUp(_ queue: DatabaseQueue, _ path: FilePath, version: Int) throws {
        let partial = FilePath("\(path)\(backupMark)partial")
        if try Syscalls.stat(partial) != nil { try Syscalls.unlink(partial) }
        try queue.inDatabase { db in
            try db.execute(sql: "VACUUM INTO ?", arguments: [partial.string])
        }
        let descriptor = try Syscalls.open(partial, O_RDONLY)
        do {
            defer { try? Syscalls.close(descriptor, partial) }
            try Syscalls.chmod(descriptor, partial, 0o600)
            try Syscalls.fsync(descriptor, partial)
        }
        try Syscalls.rename(partial, to: backup(path, version: version))
        try Syscalls.syncFolder(path.removingLastComponent())
    }

    /// The copies beside an index by their schema, oldest first.
    static func backups(_ path: FilePath) throws(SystemCallError) -> [(version: Int, FilePath)] {
        guard let name = path.lastComponent?.string else { return [] }
        let folder = path.removingLastComponent()
        return try DirectoryScan.entries(of: folder).compactMap { entry in
            let text = entry.name.string
            guard text.hasPrefix(name + backupMark),
                let version = Int(text.dropFirst((name + backupMark).utf8.count))
            else { return nil }
            return (version, folder.appending(entry.name))
        }.sorted { $0.version < $1.version }
    }

    private static func removeOldBackups(_ path: FilePath) throws(SystemCallError) {
        for (_, file) in try backups(path).dropLast(backupsMax) { try Syscalls.unlink(file) }
    }
}
