// Makes the index anew from the files. What the files do not hold, the rows of jobs, is taken over
// from the old index as long as that one can be read.

import DurableIO
import Failures
import GRDB
import Glibc
package import SystemPackage

/// What a rebuild did.
package struct IndexRebuildReport: Equatable, Sendable {
    package let imported: StoreIndex.Import
    /// Rows of jobs taken over; nil if there was no readable index.
    package let jobsKept: Int?
    /// Where an unreadable index lies now.
    package let damaged: FilePath?
}

extension StoreIndex {
    /// The tables whose truth is the index itself, parents before children.
    private static let keptTables = ["jobs", "attempts", "events", "usage", "meta"]

    /// Rebuilds `<state>/db/index.sqlite` while nobody has it open.
    ///
    /// Works with no index, an empty one, or garbage. The new file is complete and durable before
    /// it takes the name; interrupted anywhere, the old index or the new one is there.
    /// - Throws: `StoreError.indexInUse` if a process has it open; `.indexNewer` if a newer
    ///   program wrote it.
    package static func rebuild(_ store: ContentStore) throws -> IndexRebuildReport {
        try store.translating { try rebuildFile(store) }
    }

    private static func rebuildFile(_ store: ContentStore) throws -> IndexRebuildReport {
        let path = store.layout.index
        let lock = try IndexDatabase.acquireLock(path)
        var (isReadable, damaged) = try settle(path)
        let fresh = FilePath("\(path).rebuild")
        var filled: (imported: Import, jobsKept: Int?)
        do {
            filled = try fill(fresh, store, from: isReadable ? path : nil)
        } catch StoreError.index(_, _, .bug, _) where isReadable {
            // Rows that no longer fit their tables: a file can be sound and its content not.
            (isReadable, damaged) = (false, try IndexDatabase.moveAside(path))
            filled = try fill(fresh, store, from: nil)
        }
        let (imported, jobsKept) = filled
        let descriptor = try Syscalls.open(fresh, O_RDONLY)
        defer { try? Syscalls.close(descriptor, fresh) }
        try Syscalls.fsync(descriptor, fresh)
        try Syscalls.rename(fresh, to: path)
        try Syscalls.syncFolder(path.removingLastComponent())
        extendLifetime(lock)
        return IndexRebuildReport(imported: imported, jobsKept: jobsKept, damaged: damaged)
    }

    /// Brings an old index to rest, all of it in one file, or moves it aside. Either way no WAL is
    /// left that a new file of the same name would inherit.
    private static func settle(
        _ path: FilePath
    ) throws -> (isReadable: Bool, damaged: FilePath?) {
        guard try Syscalls.stat(path) != nil else {
            let strays = try files(of: path)
            return (false, strays.isEmpty ? nil : try IndexDatabase.moveAside(path))
        }
        do {
            try IndexDatabase.settle(path)
            return (true, nil)
        } catch is IndexDamage {
            return (false, try IndexDatabase.moveAside(path))
        } catch let error as DatabaseError where error.failureClass == .bug {
            // Its schema is not what its version says.
            return (false, try IndexDatabase.moveAside(path))
        }
    }

    /// Those of a database's three files that exist.
    private static func files(of path: FilePath) throws(SystemCallError) -> [FilePath] {
        var files: [FilePath] = []
        for suffix in ["", "-wal", "-shm"] {
            let file = FilePath("\(path)\(suffix)")
            if try Syscalls.stat(file) != nil { files.append(file) }
        }
        return files
    }

    private static func fill(
        _ fresh: FilePath, _ store: ContentStore, from old: FilePath?
    ) throws -> (imported: Import, jobsKept: Int?) {
        for leftover in try files(of: fresh) { try Syscalls.unlink(leftover) }
        let database = try IndexDatabase(path: fresh, lock: nil)
        if let old { try database.takeOver(keptTables, from: old) }
        let imported = try StoreIndex(store: store, database: database).importActions()
        let jobs = try database.read { db in
            try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM jobs") ?? 0
        }
        try database.close()
        return (imported, old == nil ? nil : jobs)
    }
}
