// The SQLite file behind the index: one connection that writes, opened with care, replaced when it
// is damaged. Everything about objects and actions in it can be rebuilt from the store's files.

import DurableIO
import GRDB
package import SystemPackage

/// An open index. One process owns it; the rules for SQLite are in docs/STORE_FORMAT.md.
///
/// Extensions in this module add the tables' operations, on top of `read` and `write`.
package final class IndexDatabase: Sendable {
    /// What was found when the file was opened.
    package enum Opening: Equatable, Sendable {
        case existing
        case created
        /// The file was damaged; it lies under this name now and an empty one took its place.
        case replaced(damaged: FilePath, reason: String)
    }

    package let path: FilePath
    package let opening: Opening
    private let queue: DatabaseQueue
    private let lock: FileLock

    /// Opens the index for writing and makes it if there is none.
    ///
    /// Takes `<path>.lock`, so that a second process is refused; checks the whole file
    /// (`quick_check`); moves a damaged one aside; brings an older schema up to date.
    /// - Throws: `StoreError`: in use, newer schema, or what the kernel or SQLite said.
    package init(path: FilePath) throws(StoreError) {
        self.path = path
        do {
            try Syscalls.makeFolders(path.removingLastComponent(), mode: 0o700)
            let lockPath = FilePath(path.string + ".lock")
            guard let lock = try FileLock.acquire(lockPath) else {
                throw StoreError.indexInUse(path: path, process: FileLock.holder(of: lockPath))
            }
            self.lock = lock
            let isNew = try Syscalls.stat(path) == nil
            (queue, opening) = try Self.openOrReplace(path, isNew: isNew)
        } catch let error as StoreError {
            throw error
        } catch let error as SystemCallError {
            throw .system(error)
        } catch {
            throw .index(path: path, reason: "\(error)")
        }
    }

    /// Runs `body` in a read-only look at the file.
    func read<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
        do {
            return try queue.read(body)
        } catch let error as StoreError {
            throw error
        } catch {
            throw .index(path: path, reason: "\(error)")
        }
    }

    /// Runs `body` in one transaction, durable when this returns, undone when it throws.
    func write<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
        do {
            return try queue.write(body)
        } catch let error as StoreError {
            throw error
        } catch {
            throw .index(path: path, reason: "\(error)")
        }
    }
}

// MARK: - Opening

extension IndexDatabase {
    private static func openOrReplace(
        _ path: FilePath, isNew: Bool
    ) throws -> (DatabaseQueue, Opening) {
        let reason: String
        do {
            return (try openChecked(path), isNew ? .created : .existing)
        } catch let error as DatabaseError where error.isDamage {
            reason = error.message ?? "\(error)"
        } catch let damage as PageDamage {
            reason = damage.reason
        }
        let damaged = try moveAside(path)
        return (try openChecked(path), .replaced(damaged: damaged, reason: reason))
    }

    /// Opens, checks and migrates; throws `PageDamage` or a `DatabaseError` that says so.
    static func openChecked(_ path: FilePath) throws -> DatabaseQueue {
        let queue = try DatabaseQueue(path: path.string, configuration: configuration())
        let findings = try queue.read { db in
            try String.fetchAll(db, sql: "PRAGMA quick_check(5)")
        }
        guard findings == ["ok"] else { throw PageDamage(reason: findings.joined(separator: "; ")) }
        let found = try queue.read { db in try userVersion(db) }
        guard found <= IndexSchema.version else {
            throw StoreError.indexNewer(path: path, found: found, known: IndexSchema.version)
        }
        // GRDB lowers this to NORMAL when it turns WAL on; an accepted job must survive a power cut.
        try queue.inDatabase { db in try db.execute(sql: "PRAGMA synchronous = FULL") }
        for (index, migrate) in IndexSchema.migrations.enumerated() where index >= found {
            try queue.write { db in
                try migrate(db)
                try db.execute(sql: "PRAGMA user_version = \(index + 1)")
            }
        }
        return queue
    }

    private static func userVersion(_ db: Database) throws -> Int {
        try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
    }

    private static func configuration() -> Configuration {
        var configuration = Configuration()
        configuration.label = "index"
        configuration.foreignKeysEnabled = true
        configuration.journalMode = .wal
        // Only a backup tool or a curious `sqlite3` shell can be in the way: wait for it.
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { db in
            try db.execute(
                sql: """
                    PRAGMA trusted_schema = OFF;
                    PRAGMA mmap_size = 0;
                    PRAGMA journal_size_limit = 67108864;
                    PRAGMA wal_autocheckpoint = 1000;
                    """)
        }
        return configuration
    }

    /// Renames the file with its WAL and shared memory to the first free `.damaged-N`.
    ///
    /// The main file goes first: SQLite deletes a WAL that it finds beside no database.
    private static func moveAside(_ path: FilePath) throws -> FilePath {
        var number = 1
        while try Syscalls.stat(FilePath("\(path).damaged-\(number)")) != nil { number += 1 }
        let target = "\(path).damaged-\(number)"
        for suffix in ["", "-wal", "-shm"] {
            let source = FilePath("\(path)\(suffix)")
            guard try Syscalls.stat(source) != nil else { continue }
            try Syscalls.rename(source, to: FilePath(target + suffix))
        }
        try Syscalls.syncFolder(path.removingLastComponent())
        return FilePath(target)
    }
}

/// The file opens but its pages contradict each other.
private struct PageDamage: Error {
    let reason: String
}

extension DatabaseError {
    /// Whether the file itself is broken, rather than the disk full or the file locked.
    fileprivate var isDamage: Bool {
        resultCode == .SQLITE_CORRUPT || resultCode == .SQLITE_NOTADB
    }
}
