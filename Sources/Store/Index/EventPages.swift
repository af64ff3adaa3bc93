// Events of a kind, the newest first.

import GRDB

extension IndexDatabase {
    /// How far back is looked: a kind that is rare must not cost a look at everything.
    private static let reach = 100_000

    /// The newest events of a type among the last hundred thousand of all, each with its number.
    package func newestEvents(
        ofType type: String, countMax: Int
    ) throws(StoreError) -> [(sequence: Int, event: EventRow)] {
        try read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT * FROM events
                    WHERE seq > (SELECT ifnull(max(seq), 0) FROM events) - ? AND type = ?
                    ORDER BY seq DESC LIMIT ?
                    """, arguments: [Self.reach, type, countMax]
            ).map { row in
                let event = EventRow(
                    at: row["at"], job: row["job_id"], type: row["type"], data: row["data"])
                return (row["seq"], event)
            }
        }
    }
}
