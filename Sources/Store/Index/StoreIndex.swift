// Brings the index up to the files, and answers from it what files answer slowly.

import DurableIO
import GRDB
import JSON
import SystemPackage

/// The rows about objects, actions and pins. The files are the truth: rows follow them.
package struct StoreIndex: Sendable {
    let store: ContentStore
    let database: IndexDatabase

    package init(store: ContentStore, database: IndexDatabase) {
        self.store = store
        self.database = database
    }

    /// What an import changed.
    package struct Import: Equatable, Sendable {
        package internal(set) var objectsAdded = 0
        package internal(set) var objectsRemoved = 0
        package internal(set) var actionsAdded = 0
        package internal(set) var actionsRemoved = 0
        /// Actions whose file is damaged or names a missing object; they are left out.
        package internal(set) var actionsUnsound: [Digest] = []

        /// Whether nothing had to be done.
        package var isEmpty: Bool { self == Import() }
    }

    /// What new files hold.
    private struct News {
        var footers: [Digest: ObjectFooter] = [:]
        var records: [Digest: ActionRecord] = [:]
    }

    /// Makes the rows follow the files: lists names, reads only files that are new.
    ///
    /// One transaction: a reader sees the old rows or the new ones. Files are read before it, so
    /// that others who write the index wait for its rows only.
    package func importActions() throws -> Import {
        // Actions first: an action that is listed has its objects already.
        let actions = try timed(store.actionKeys()) { store.layout.action($0) }
        let objects = try timed(store.objectDigests()) { store.layout.object($0) }
        let pins = try store.pins()
        let news = try news(of: actions.map(\.digest), objects.map(\.digest))
        return try database.write { db in
            var report = Import()
            // An object's row can go only after the rows that refer to it.
            try removeActions(db, except: actions, &report)
            try followObjects(db, objects, news, &report)
            try addActions(db, actions, news, &report)
            try db.execute(sql: "DELETE FROM pins")
            for pin in pins {
                try db.execute(
                    sql: "INSERT INTO pins(sha256, owner, reason) VALUES(?, ?, ?)",
                    arguments: [pin.digest.hex, pin.owner, pin.reason])
            }
            return report
        }
    }

    private func news(of actions: [Digest], _ objects: [Digest]) throws -> News {
        let (knownActions, knownObjects) = try database.read { db in
            (
                try String.fetchSet(db, sql: "SELECT key FROM actions"),
                try String.fetchSet(db, sql: "SELECT sha256 FROM objects")
            )
        }
        var news = News()
        for digest in objects where !knownObjects.contains(digest.hex) {
            news.footers[digest] = try store.info(of: digest)
        }
        for key in actions where !knownActions.contains(key.hex) {
            news.records[key] = try store.soundAction(key)
        }
        return news
    }

    /// The files with their times of last use in milliseconds; those gone meanwhile are left out.
    private func timed(
        _ digests: [Digest], _ path: (Digest) -> FilePath
    ) throws -> [(digest: Digest, used: Int64)] {
        try digests.compactMap { digest in
            let status = try Syscalls.stat(path(digest))
            return status.map { (digest, $0.modifiedNanoseconds / 1_000_000) }
        }
    }

    private func removeActions(
        _ db: Database, except files: [(digest: Digest, used: Int64)], _ report: inout Import
    ) throws {
        let wanted = Set(files.map(\.digest.hex))
        for key in try String.fetchAll(db, sql: "SELECT key FROM actions ORDER BY key")
        where !wanted.contains(key) {
            try db.execute(sql: "DELETE FROM actions WHERE key = ?", arguments: [key])
            report.actionsRemoved += 1
        }
    }

    private func followObjects(
        _ db: Database, _ files: [(digest: Digest, used: Int64)], _ news: News,
        _ report: inout Import
    ) throws {
        let used = Dictionary(uniqueKeysWithValues: files.map { ($0.digest.hex, $0.used) })
        var known: Set<String> = []
        for row in try Row.fetchAll(db, sql: "SELECT sha256, last_used FROM objects") {
            let name: String = row[0]
            if let time = used[name] {
                known.insert(name)
                if time != row[1] { try setUsed(db, "objects", "sha256", name, time) }
            } else {
                // An action that promises it is dangling, and with it goes its row.
                try db.execute(
                    sql: """
                        DELETE FROM actions WHERE key IN
                          (SELECT key FROM action_outputs WHERE sha256 = ?)
                        """, arguments: [name])
                try db.execute(sql: "DELETE FROM objects WHERE sha256 = ?", arguments: [name])
                report.objectsRemoved += 1
            }
        }
        for (digest, time) in files where !known.contains(digest.hex) {
            // A row that was there before may be gone by now.
            guard let footer = try news.footers[digest] ?? store.info(of: digest) else {
                continue
            }
            try db.execute(
                sql: """
                    INSERT INTO objects(sha256, raw_bytes, disk_bytes, filter, last_used)
                    VALUES(?, ?, ?, ?, ?)
                    """,
                arguments: [
                    digest.hex, footer.rawBytes, footer.fileBytes, Int(footer.filter.rawValue),
                    time,
                ])
            report.objectsAdded += 1
        }
    }

    private func setUsed(
        _ db: Database, _ table: String, _ column: String, _ name: String, _ time: Int64
    ) throws {
        try db.execute(
            sql: "UPDATE \(table) SET last_used = ? WHERE \(column) = ?", arguments: [time, name])
    }

    private func addActions(
        _ db: Database, _ files: [(digest: Digest, used: Int64)], _ news: News,
        _ report: inout Import
    ) throws {
        let sizes = try Row.fetchAll(db, sql: "SELECT sha256, raw_bytes FROM objects")
            .reduce(into: [String: Int]()) { sizes, row in sizes[row[0]] = row[1] }
        let times = try Row.fetchAll(db, sql: "SELECT key, last_used FROM actions")
            .reduce(into: [String: Int64]()) { times, row in times[row[0]] = row[1] }
        for (key, time) in files {
            if let row = times[key.hex] {
                if row != time { try setUsed(db, "actions", "key", key.hex, time) }
                continue
            }
            guard let record = try news.records[key] ?? store.soundAction(key),
                record.outputs.allSatisfy({ sizes[$0.digest.hex] == $0.byteCount })
            else {
                report.actionsUnsound.append(key)
                continue
            }
            try insert(db, record, used: time)
            report.actionsAdded += 1
        }
    }

    private func insert(_ db: Database, _ record: ActionRecord, used: Int64) throws {
        let key = record.key
        try db.execute(
            sql: """
                INSERT INTO actions(key, stage, stage_version, recipe, meta, last_used)
                VALUES(?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                key.digest.hex, key.stage, key.stageVersion, key.json.text, record.meta.text, used,
            ])
        for output in record.outputs {
            try db.execute(
                sql: "INSERT INTO action_outputs(key, role, sha256, bytes) VALUES(?, ?, ?, ?)",
                arguments: [key.digest.hex, output.role, output.digest.hex, output.byteCount])
        }
    }
}
