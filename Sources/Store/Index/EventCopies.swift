// Acts of people, for a copy beside the index, and from there.

import GRDB

/// An event with its number.
package typealias NumberedEvent = (sequence: Int, event: EventRow)

extension IndexDatabase {
    /// The oldest acts of people behind a number.
    package func acts(
        after sequence: Int, countMax: Int
    ) throws(StoreError) -> [NumberedEvent] {
        try read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT * FROM events
                    WHERE seq > ? AND json_extract(data, '$.by') IS NOT NULL
                    ORDER BY seq LIMIT ?
                    """, arguments: [sequence, countMax]
            ).map { row in
                let event = EventRow(
                    at: row["at"], job: row["job_id"], type: row["type"], data: row["data"])
                return (row["seq"], event)
            }
        }
    }

    /// The number of the newest event; 0 where there was none.
    package func lastEventSequence() throws(StoreError) -> Int {
        try read { db in try Self.lastEventSequence(db) }
    }

    private static func lastEventSequence(_ db: Database) throws -> Int {
        try Int.fetchOne(db, sql: "SELECT ifnull(max(seq), 0) FROM events") ?? 0
    }

    /// Puts events back under their numbers, all or none: those that are newer than all others.
    /// - Returns: How many.
    package func restore(_ events: [NumberedEvent]) throws(StoreError) -> Int {
        guard !events.isEmpty else { return 0 }
        return try write { db in
            let last = try Self.lastEventSequence(db)
            let missing = events.filter { $0.sequence > last }
            for (sequence, event) in missing {
                try db.execute(
                    sql: "INSERT INTO events(seq, at, job_id, type, data) VALUES (?, ?, ?, ?, ?)",
                    arguments: [sequence, event.at, event.job, event.type, event.data])
            }
            return missing.count
        }
    }
}
