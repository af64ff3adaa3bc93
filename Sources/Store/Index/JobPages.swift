// Long tables, a page at a time: jobs, and the events that say who did what.

import GRDB

extension IndexDatabase {
    /// Jobs, the newest first.
    /// - Parameters:
    ///   - states: only those in one of these; nil for all.
    ///   - owner: only those of this user.
    ///   - model: only those whose model's name has this in it.
    ///   - words: only those whose name, identifier or reason has this in it; ASCII letters of
    ///     either case are alike, here and in models.
    ///   - before: only those that came before this number.
    package func newestJobs(
        countMax: Int, in states: [String]? = nil, of owner: Int? = nil, model: String? = nil,
        words: String? = nil, before: Int? = nil
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
        if let model {
            conditions.append("instr(lower(coalesce(model, '')), lower(?)) > 0")
            arguments += [model]
        }
        if let words {
            let text = "name || char(10) || id || char(10) || coalesce(reason, '')"
            conditions.append("instr(lower(\(text)), lower(?)) > 0")
            arguments += [words]
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

    /// Jobs of which nobody has looked yet which model they are about.
    package func jobsWithoutModel() throws(StoreError) -> [String] {
        try read { db in
            try String.fetchAll(db, sql: "SELECT id FROM jobs WHERE model IS NULL")
        }
    }

    /// Notes what jobs are about, in one transaction.
    /// - Parameter models: by job; an empty one where nobody can tell.
    package func setModels(_ models: [String: String]) throws(StoreError) {
        guard !models.isEmpty else { return }
        try write { db in
            for (job, model) in models {
                try db.execute(
                    sql: "UPDATE jobs SET model = ? WHERE id = ?", arguments: [model, job])
            }
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
