// The SQLite file behind the index: one connection that writes, opened with care, replaced when it
// is damaged. Everything about objects and actions in it can be rebuilt from the store's files.

import DurableIO
package import Failures
package import GRDB
import Glibc
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
    /// Nil for a file that no other process knows of.
    private let lock: FileLock?

    /// Opens the index for writing and makes it if there is none.
    ///
    /// Takes `<path>.lock`, so that a second process is refused; checks the whole file
    /// (`quick_check`); moves a damaged one aside; brings an older schema up to date, and keeps a
    /// copy of it.
    /// - Parameter schema: This program's by default.
    /// - Throws: `StoreError`: in use, newer schema (nothing was written then), on a network file
    ///   system, or what the kernel or SQLite said.
    package convenience init(
        path: FilePath, schema: IndexSchemaSteps = .current
    ) throws(StoreError) {
        try self.init(path: path, lock: try Self.acquireLock(path), schema: schema)
    }

    /// Opens an index to look at, while another process may own and write it.
    ///
    /// Nothing is locked, checked, made or brought up to date; `write` fails.
    /// - Throws: `StoreError.indexNewer` for any other schema than this program's.
    package init(reading path: FilePath) throws(StoreError) {
        self.path = path
        lock = nil
        opening = .existing
        do {
            var configuration = Self.configuration()
            configuration.readonly = true
            queue = try DatabaseQueue(path: path.string, configuration: configuration)
            let found = try queue.read { db in try IndexMigration.version(db) }
            guard found == IndexSchema.version else {
                throw StoreError.indexNewer(path: path, found: found, known: IndexSchema.version)
            }
        } catch let error as StoreError {
            throw error
        } catch {
            throw .index(path, error)
        }
    }

    /// Opens a file that is locked, or that is this call's own.
    init(
        path: FilePath, lock: consuming FileLock?, schema: IndexSchemaSteps = .current
    ) throws(StoreError) {
        self.path = path
        self.lock = lock
        do {
            let isNew = try Syscalls.stat(path) == nil
            (queue, opening) = try Self.openOrReplace(path, isNew: isNew, schema)
        } catch let error as StoreError {
            throw error
        } catch let error as SystemCallError {
            throw .system(error)
        } catch {
            throw .index(path, error)
        }
    }

    /// Takes the right to write the index at `path`, whose folder is made if need be.
    ///
    /// Not on a file system that another machine may write: locks and shared memory of SQLite's
    /// write-ahead log do not reach there.
    ///
    /// Tries for two seconds: a process that is being started holds its parent's locks until it
    /// runs its own program, though the parent has let them go.
    static func acquireLock(_ path: FilePath) throws(StoreError) -> FileLock {
        if let kind = FileSystemKind.networkName(at: path.removingLastComponent()) {
            throw .indexOnNetwork(path: path, kind: kind)
        }
        let lockPath = FilePath(path.string + ".lock")
        let folder = path.removingLastComponent()
        do throws(SystemCallError) {
            try Syscalls.makeFolders(folder, mode: 0o700)
            for _ in 0..<100 {
                if let lock = try FileLock.acquire(lockPath) { return lock }
                usleep(20_000)
            }
        } catch {
            throw .system(error)
        }
        throw .indexInUse(path: path, process: FileLock.holder(of: lockPath))
    }

    /// Runs `body` in a read-only look at the file.
    func read<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
        do {
            return try queue.read(body)
        } catch let error as StoreError {
            throw error
        } catch {
            throw .index(path, error)
        }
    }

    /// Runs `body` in one transaction, durable when this returns, undone when it throws.
    func write<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
        do {
            return try queue.write(body)
        } catch let error as StoreError {
            throw error
        } catch {
            throw .index(path, error)
        }
    }
}

// MARK: - Opening

extension IndexDatabase {
    private static func openOrReplace(
        _ path: FilePath, isNew: Bool, _ schema: IndexSchemaSteps
    ) throws -> (DatabaseQueue, Opening) {
        do {
            return (try openChecked(path, schema), isNew ? .created : .existing)
        } catch let damage as IndexDamage {
            let damaged = try moveAside(path)
            let fresh = try openChecked(path, schema)
            return (fresh, .replaced(damaged: damaged, reason: damage.reason))
        }
    }

    /// Opens, checks and migrates.
    /// - Throws: `IndexDamage` if the file itself is broken.
    private static func openChecked(
        _ path: FilePath, _ schema: IndexSchemaSteps
    ) throws -> DatabaseQueue {
        // Before SQLite has it, which writes as soon as it opens a file.
        if let found = try IndexVersion.stored(at: path), found > schema.version {
            throw StoreError.indexNewer(path: path, found: found, known: schema.version)
        }
        do {
            let queue = try DatabaseQueue(path: path.string, configuration: configuration())
            let findings = try queue.read { db in
                try String.fetchAll(db, sql: "PRAGMA quick_check(5)")
            }
            guard findings == ["ok"] else {
                throw IndexDamage(reason: findings.joined(separator: "; "))
            }
            // GRDB lowers this to NORMAL when it turns WAL on; an accepted job must survive a
            // power cut.
            try queue.inDatabase { db in try db.execute(sql: "PRAGMA synchronous = FULL") }
            try IndexMigration.run(queue, path, to: schema)
            return queue
        } catch let error as DatabaseError where error.isDamage {
            throw IndexDamage(reason: error.message ?? "\(error)")
        }
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
    static func moveAside(_ path: FilePath) throws -> FilePath {
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

// MARK: - Coming to rest

extension IndexDatabase {
    /// Ends all use, everything in the one file and no WAL beside it.
    func close() throws(StoreError) {
        do {
            try Self.close(queue)
        } catch {
            throw .index(path, error)
        }
    }

    /// Brings a file that nobody has open to rest.
    /// - Throws: `IndexDamage` if the file itself is broken.
    static func settle(_ path: FilePath) throws {
        try close(try openChecked(path, .current))
    }

    private static func close(_ queue: DatabaseQueue) throws {
        try queue.inDatabase { db in
            _ = try String.fetchOne(db, sql: "PRAGMA journal_mode = DELETE")
        }
        try queue.close()
    }

    /// Copies all rows of some tables from another index of the same schema, which is at rest.
    func takeOver(_ tables: [String], from other: FilePath) throws(StoreError) {
        do {
            try queue.inDatabase { db in
                try db.execute(sql: "ATTACH DATABASE ? AS old", arguments: [other.string])
                try db.inTransaction {
                    for table in tables {
                        try db.execute(sql: "INSERT INTO main.\(table) SELECT * FROM old.\(table)")
                    }
                    // Numbers of deleted events are not given again.
                    try db.execute(
                        sql: """
                            DELETE FROM main.sqlite_sequence;
                            INSERT INTO main.sqlite_sequence SELECT * FROM old.sqlite_sequence;
                            """)
                    return .commit
                }
                try db.execute(sql: "DETACH DATABASE old")
            }
        } catch {
            throw .index(path, error)
        }
    }
}

/// The index file itself is broken, rather than the disk full or the file locked.
struct IndexDamage: ClassifiedFailure {
    /// The index is made anew from the files.
    var failureClass: FailureClass { .transient }

    let reason: String
}

extension DatabaseError: DiskFailure {
    package var isDiskFull: Bool { resultCode == .SQLITE_FULL }

    package var failureClass: FailureClass {
        switch resultCode {
        case .SQLITE_FULL, .SQLITE_NOMEM: .resource
        case .SQLITE_IOERR, .SQLITE_BUSY, .SQLITE_LOCKED: .transient
        default: .bug
        }
    }
}

extension DatabaseError {
    fileprivate var isDamage: Bool {
        resultCode == .SQLITE_CORRUPT || resultCode == .SQLITE_NOTADB
    }
}
