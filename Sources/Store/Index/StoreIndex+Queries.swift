// What `layerfold store stat` and `ls` show.

import GRDB

extension StoreIndex {
    /// Totals of the store.
    package struct Statistics: Equatable, Sendable {
        package let objectCount: Int
        /// Bytes unpacked and on disk.
        package let rawBytes: Int
        package let diskBytes: Int
        package let actionCount: Int
        package let pinCount: Int
        /// By name.
        package let stages: [Stage]

        /// Totals of one stage. An object that two steps share counts for both.
        package struct Stage: Equatable, Sendable {
            package let name: String
            package let actionCount: Int
            package let rawBytes: Int
            package let diskBytes: Int
        }
    }

    /// One object, for a listing.
    package struct ObjectRow: Equatable, Sendable {
        package let digest: Digest
        package let rawBytes: Int
        package let diskBytes: Int
        package let filter: ObjectFilter
        /// Milliseconds since 1970 UTC.
        package let lastUsed: Int64
        /// The steps that made it, as "stage role", sorted.
        package let origins: [String]
    }

    package func statistics() throws -> Statistics {
        try database.read { db in
            let objects = try Row.fetchOne(
                db,
                sql: """
                    SELECT COUNT(*), IFNULL(SUM(raw_bytes), 0), IFNULL(SUM(disk_bytes), 0)
                    FROM objects
                    """)
            let stages = try Row.fetchAll(
                db,
                sql: """
                    SELECT a.stage, COUNT(DISTINCT a.key), IFNULL(SUM(o.raw_bytes), 0),
                      IFNULL(SUM(o.disk_bytes), 0)
                    FROM actions a
                    LEFT JOIN action_outputs p ON p.key = a.key
                    LEFT JOIN objects o ON o.sha256 = p.sha256
                    GROUP BY a.stage ORDER BY a.stage
                    """)
            return Statistics(
                objectCount: objects?[0] ?? 0, rawBytes: objects?[1] ?? 0,
                diskBytes: objects?[2] ?? 0,
                actionCount: try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM actions") ?? 0,
                pinCount: try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM pins") ?? 0,
                stages: stages.map { row in
                    Statistics.Stage(
                        name: row[0], actionCount: row[1], rawBytes: row[2], diskBytes: row[3])
                })
        }
    }

    /// Objects, the last used first.
    package func list(limit: Int = 1000) throws -> [ObjectRow] {
        try database.read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT sha256, raw_bytes, disk_bytes, filter, last_used FROM objects
                    ORDER BY last_used DESC, sha256 LIMIT ?
                    """, arguments: [limit])
            return try rows.compactMap { row in
                guard let digest = Digest(hex: row[0] as String),
                    let filter = ObjectFilter(rawValue: row[3])
                else { return nil }
                let origins = try String.fetchAll(
                    db,
                    sql: """
                        SELECT DISTINCT a.stage || ' ' || p.role FROM action_outputs p
                        JOIN actions a ON a.key = p.key WHERE p.sha256 = ? ORDER BY 1
                        """, arguments: [digest.hex])
                return ObjectRow(
                    digest: digest, rawBytes: row[1], diskBytes: row[2], filter: filter,
                    lastUsed: row[4], origins: origins)
            }
        }
    }
}
