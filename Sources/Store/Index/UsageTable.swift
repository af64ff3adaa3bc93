// How long each user has held workers. Like the rows of jobs, these are the index's own; where they
// are lost, the attempts say nearly as much.

import GRDB

/// One row of `usage`. Times are milliseconds since 1970 UTC.
package struct UsageRow: Equatable, Sendable {
    package var owner: Int
    /// Slot seconds, older ones counting less, as of `asOf`.
    package var seconds: Double
    package var asOf: Int

    package init(owner: Int, seconds: Double, asOf: Int) {
        self.owner = owner
        self.seconds = seconds
        self.asOf = asOf
    }
}

extension IndexDatabase {
    package func usage() throws(StoreError) -> [UsageRow] {
        try read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM usage ORDER BY uid").map {
                UsageRow(owner: $0["uid"], seconds: $0["seconds"], asOf: $0["as_of"])
            }
        }
    }

    /// What each attempt that has ended has used, as of its end.
    package func usageOfAttempts() throws(StoreError) -> [UsageRow] {
        try read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT jobs.uid AS uid, attempts.finished_at AS as_of,
                      (attempts.finished_at - attempts.started_at) / 1000.0 AS seconds
                    FROM attempts JOIN jobs ON jobs.id = attempts.job_id
                    WHERE attempts.finished_at > attempts.started_at ORDER BY attempts.id
                    """
            ).map { UsageRow(owner: $0["uid"], seconds: $0["seconds"], asOf: $0["as_of"]) }
        }
    }
}

extension UsageRow {
    func upsert(_ db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO usage(uid, seconds, as_of) VALUES (?, ?, ?)
                ON CONFLICT(uid) DO UPDATE SET seconds = excluded.seconds, as_of = excluded.as_of
                """, arguments: [owner, seconds, asOf])
    }
}
