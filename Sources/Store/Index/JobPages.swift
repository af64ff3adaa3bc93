// Long tables, a page at a time: jobs, and the events that say who did what.

import GRDB

extension IndexDatabase {
    /// Jobs, the newest first.
    /// - Parameters:
    ///   - states: only those in one of these; nil for all.
    ///   - owner: only those of this user.
    ///   - before: only those that came before this number.
    package func newestJobs(
        countMax: Int, in states: [String]? = nil, of owner: Int? = nil, before: Int? = nil
    ) throws(StoreError) -> [JobRow] {
        var conditions: [String] = []
        var arguments = StatementArguments()
        if let states {
            conditions.append("state IN (\(databaseQuestionMarks(count: states.count)))")
            arguments += StatementArguments(states)
        }
        if let owner {
            conditions.append("uid = ?")
            arguments += [owner]
        }
        if let before {
            conditions.append("seq < ?")
            arguments += [before]
        }
        let (filter, values) = (Self.filter(conditions), arguments + [countMax])
        return try read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM jobs \(filter)ORDER BY seq DESC LIMIT ?", arguments: values
            ).map(JobRow.init)
        }
    }

    /// Events whose data say by whom (`by`), the newest first, each with its number.
    /// - Parameters:
    ///   - job: only those of this job.
    ///   - user: only what this user did.
    ///   - seenBy: only what this user did, and what was done to jobs of his.
    ///   - before: only those that came before this number.
    package func audit(
        countMax: Int, job: String? = nil, user: Int? = nil, seenBy: Int? = nil,
        before: Int? = nil
    ) throws(StoreError) -> [(sequence: Int, event: EventRow)] {
        let by = "json_extract(data, '$.by')"
        var conditions = ["\(by) IS NOT NULL"]
        var arguments = StatementArguments()
        if let job {
            conditions.append("job_id = ?")
            arguments += [job]
        }
        if let user {
            conditions.append("\(by) = ?")
            arguments += [user]
        }
        if let seenBy {
            conditions.append(
                "(\(by) = ? OR job_id IN (SELECT id FROM jobs WHERE uid = ?))")
            arguments += [seenBy, seenBy]
        }
        if let before {
            conditions.append("seq < ?")
            arguments += [before]
        }
        let (filter, values) = (Self.filter(conditions), arguments + [countMax])
        return try read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM events \(filter)ORDER BY seq DESC LIMIT ?",
                arguments: values
            ).map { row in
                let event = EventRow(
                    at: row["at"], job: row["job_id"], type: row["type"], data: row["data"])
                return (row["seq"], event)
            }
        }
    }

    private static func filter(_ conditions: [String]) -> String {
        conditions.isEmpty ? "" : "WHERE \(conditions.joined(separator: " AND ")) "
    }
}
