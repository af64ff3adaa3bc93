// Who uses how much of the store: the objects of some steps, together.

import GRDB
import JSON

extension StoreIndex {
    /// What the steps of a group have in the store.
    package struct Share: Equatable, Sendable {
        package let objectCount: Int
        /// On disk, an object once though several steps of the group name it.
        package let diskBytes: Int
        /// Of these, bytes of objects that no other group has.
        package let ownBytes: Int
    }

    /// What groups of steps have, by the group's name. Those that have nothing are left out.
    ///
    /// One query, whose time grows with the number of steps.
    /// - Parameter steps: keys of steps, with the group that each belongs to.
    package func shares(
        of steps: [(group: String, key: String)]
    ) throws -> [String: Share] {
        let pairs = CanonicalJSON.array(
            steps.map { .array([.string($0.group), .string($0.key)]) })
        let rows = try database.read { db in
            try Row.fetchAll(
                db,
                sql: """
                    WITH used AS MATERIALIZED (
                      SELECT DISTINCT json_extract(s.value, '$[0]') AS part, p.sha256 AS sha256
                      FROM json_each(?) s
                      JOIN action_outputs p ON p.key = json_extract(s.value, '$[1]')),
                    counted AS MATERIALIZED (
                      SELECT sha256, COUNT(*) AS parts FROM used GROUP BY sha256)
                    SELECT used.part, COUNT(*), SUM(o.disk_bytes),
                      SUM(CASE WHEN counted.parts = 1 THEN o.disk_bytes ELSE 0 END)
                    FROM used JOIN objects o ON o.sha256 = used.sha256
                    JOIN counted ON counted.sha256 = used.sha256
                    GROUP BY used.part
                    """, arguments: [pairs.text])
        }
        return Dictionary(
            rows.map { row in
                (row[0], Share(objectCount: row[1], diskBytes: row[2], ownBytes: row[3]))
            }
        ) { first, _ in first }
    }
}
