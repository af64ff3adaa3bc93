// The rows of jobs, their attempts and their events. What the words in them mean is not known
// here; the daemon reads and writes them, and can make the jobs' rows again from their folders.

import GRDB

/// One row of `jobs`. Times are milliseconds since 1970 UTC.
package struct JobRow: Equatable, Sendable {
    package var id: String
    /// Place in the order of arrival, given by the index.
    package var sequence: Int
    package var name: String
    package var owner: Int
    package var manifestDigest: String
    package var state: String
    package var submittedAt: Int
    package var startedAt: Int?
    package var finishedAt: Int?
    /// Attempts begun so far.
    package var attempts: Int
    /// Attempts lost in a row.
    package var lost: Int
    /// Not to be started before this time.
    package var notBefore: Int?
    package var reason: String?
    package var failureClass: String?
    /// The word for why it is held.
    package var held: String?
    /// As somebody ordered it after the submission.
    package var priority: Int?
    /// Failures that may have passed, in a row.
    package var retries: Int
    /// As the manifest has it; empty where its record is lost, nil where nobody looked yet.
    package var model: String?

    package init(
        id: String, name: String, owner: Int, manifestDigest: String, state: String,
        submittedAt: Int
    ) {
        self.id = id
        sequence = 0
        self.name = name
        self.owner = owner
        self.manifestDigest = manifestDigest
        self.state = state
        self.submittedAt = submittedAt
        attempts = 0
        lost = 0
        retries = 0
    }
}

/// One row of `attempts`.
package struct AttemptRow: Equatable, Sendable {
    package var id: String
    package var job: String
    package var state: String
    package var startedAt: Int
    package var finishedAt: Int?
    package var process: Int?
    /// When the process started, in clock ticks since boot: tells it from a later one of the
    /// same number.
    package var processStart: Int?
    package var boot: String?
    package var exitCode: Int?
    package var exitSignal: Int?

    package init(id: String, job: String, state: String, startedAt: Int) {
        self.id = id
        self.job = job
        self.state = state
        self.startedAt = startedAt
    }
}

/// One row of `events`, append-only.
package struct EventRow: Equatable, Sendable {
    package var at: Int
    package var job: String?
    package var type: String
    /// JSON.
    package var data: String

    package init(at: Int, job: String?, type: String, data: String = "{}") {
        self.at = at
        self.job = job
        self.type = type
        self.data = data
    }
}

extension IndexDatabase {
    /// What is committed together.
    package struct JobChange: Sendable {
        package var job: JobRow?
        package var attempt: AttemptRow?
        package var event: EventRow?
        package var usage: UsageRow?

        package init(
            job: JobRow? = nil, attempt: AttemptRow? = nil, event: EventRow? = nil,
            usage: UsageRow? = nil
        ) {
            self.job = job
            self.attempt = attempt
            self.event = event
            self.usage = usage
        }
    }

    /// Adds a job behind all others; one of the same id stays as it is.
    /// - Returns: The row as it is in the index now, and whether it is new.
    package func insertJob(_ row: JobRow) throws(StoreError) -> (row: JobRow, isNew: Bool) {
        try write { db in
            if let existing = try Self.job(row.id, db) { return (existing, false) }
            var row = row
            row.sequence =
                try Int.fetchOne(db, sql: "SELECT coalesce(max(seq), 0) + 1 FROM jobs") ?? 1
            try row.insert(db)
            // A row that is made again of its folder may be behind its events.
            let isNoted = try Bool.fetchOne(
                db,
                sql: """
                    SELECT EXISTS(SELECT 1 FROM events
                    WHERE job_id = ? AND json_extract(data, '$.by') IS NOT NULL)
                    """, arguments: [row.id])
            if isNoted == true { return (row, true) }
            let event = EventRow(
                at: row.submittedAt, job: row.id, type: row.state,
                data: #"{"by":\#(row.owner)}"#)
            try event.insert(db)
            return (row, true)
        }
    }

    /// Commits all changes in one transaction; rows of jobs must exist, attempts may be new.
    package func commit(_ changes: [JobChange]) throws(StoreError) {
        try write { db in
            for change in changes {
                try change.job?.update(db)
                try change.attempt?.upsert(db)
                try change.event?.insert(db)
                try change.usage?.upsert(db)
            }
        }
    }

    package func job(_ id: String) throws(StoreError) -> JobRow? {
        try read { db in try Self.job(id, db) }
    }

    /// The identifiers of all jobs.
    package func jobIdentifiers() throws(StoreError) -> Set<String> {
        try read { db in try String.fetchSet(db, sql: "SELECT id FROM jobs") }
    }

    /// Jobs in any of these states, in the order of arrival.
    package func jobs(in states: [String]) throws(StoreError) -> [JobRow] {
        try read { db in
            let marks = databaseQuestionMarks(count: states.count)
            return try Row.fetchAll(
                db, sql: "SELECT * FROM jobs WHERE state IN (\(marks)) ORDER BY seq",
                arguments: StatementArguments(states)
            ).map(JobRow.init)
        }
    }

    /// The first job whose state or failure class is none of these.
    package func job(
        outsideStates states: [String], classes: [String]
    ) throws(StoreError) -> JobRow? {
        try read { db in
            let stateMarks = databaseQuestionMarks(count: states.count)
            let classMarks = databaseQuestionMarks(count: classes.count)
            return try Row.fetchOne(
                db,
                sql: """
                    SELECT * FROM jobs WHERE state NOT IN (\(stateMarks))
                      OR class NOT IN (\(classMarks)) ORDER BY seq LIMIT 1
                    """, arguments: StatementArguments(states + classes)
            ).map(JobRow.init)
        }
    }

    /// The first attempt whose state is none of these.
    package func attempt(outsideStates states: [String]) throws(StoreError) -> AttemptRow? {
        try read { db in
            let marks = databaseQuestionMarks(count: states.count)
            return try Row.fetchOne(
                db,
                sql: """
                    SELECT * FROM attempts WHERE state NOT IN (\(marks))
                      ORDER BY started_at, id LIMIT 1
                    """, arguments: StatementArguments(states)
            ).map(AttemptRow.init)
        }
    }

    /// Number of jobs by state.
    /// - Parameter owner: only those of this user.
    package func jobCounts(of owner: Int? = nil) throws(StoreError) -> [String: Int] {
        let (filter, arguments) = owner.map { ("WHERE uid = ?", [$0]) } ?? ("", [])
        return try read { db in
            let rows = try Row.fetchAll(
                db, sql: "SELECT state, count(*) AS number FROM jobs \(filter) GROUP BY state",
                arguments: StatementArguments(arguments))
            return Dictionary(uniqueKeysWithValues: rows.map { ($0["state"], $0["number"]) })
        }
    }

    /// The attempts of a job in the order of their start.
    package func attempts(of job: String) throws(StoreError) -> [AttemptRow] {
        try read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM attempts WHERE job_id = ? ORDER BY started_at, id",
                arguments: [job]
            ).map(AttemptRow.init)
        }
    }

    package func attempts(inState state: String) throws(StoreError) -> [AttemptRow] {
        try read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM attempts WHERE state = ? ORDER BY started_at, id",
                arguments: [state]
            ).map(AttemptRow.init)
        }
    }

    /// The events of a job, oldest first.
    package func events(of job: String) throws(StoreError) -> [EventRow] {
        try read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM events WHERE job_id = ? ORDER BY seq", arguments: [job]
            ).map { EventRow(at: $0["at"], job: $0["job_id"], type: $0["type"], data: $0["data"]) }
        }
    }

    private static func job(_ id: String, _ db: Database) throws -> JobRow? {
        try Row.fetchOne(db, sql: "SELECT * FROM jobs WHERE id = ?", arguments: [id])
            .map(JobRow.init)
    }
}

// MARK: - Rows

extension JobRow {
    init(_ row: Row) {
        id = row["id"]
        sequence = row["seq"]
        name = row["name"]
        owner = row["uid"]
        manifestDigest = row["manifest_sha256"]
        state = row["state"]
        submittedAt = row["submitted_at"]
        startedAt = row["started_at"]
        finishedAt = row["finished_at"]
        attempts = row["attempts"]
        lost = row["lost"]
        notBefore = row["not_before"]
        reason = row["reason"]
        failureClass = row["class"]
        held = row["held"]
        priority = row["priority"]
        retries = row["retries"]
        model = row["model"]
    }

    private var values: StatementArguments {
        [
            "id": id, "seq": sequence, "name": name, "uid": owner,
            "manifest_sha256": manifestDigest, "state": state, "submitted_at": submittedAt,
            "started_at": startedAt, "finished_at": finishedAt, "attempts": attempts, "lost": lost,
            "not_before": notBefore, "reason": reason, "class": failureClass,
            "held": held, "priority": priority, "retries": retries, "model": model,
        ]
    }

    fileprivate func insert(_ db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO jobs(id, seq, name, uid, manifest_sha256, state, submitted_at,
                  started_at, finished_at, attempts, lost, not_before, reason, class, held,
                  priority, retries, model)
                VALUES (:id, :seq, :name, :uid, :manifest_sha256, :state, :submitted_at,
                  :started_at, :finished_at, :attempts, :lost, :not_before, :reason, :class, :held,
                  :priority, :retries, :model)
                """, arguments: values)
    }

    fileprivate func update(_ db: Database) throws {
        try db.execute(
            sql: """
                UPDATE jobs SET seq = :seq, name = :name, uid = :uid,
                  manifest_sha256 = :manifest_sha256, state = :state,
                  submitted_at = :submitted_at, started_at = :started_at,
                  finished_at = :finished_at, attempts = :attempts, lost = :lost,
                  not_before = :not_before, reason = :reason, class = :class,
                  held = :held, priority = :priority, retries = :retries, model = :model
                  WHERE id = :id
                """, arguments: values)
    }
}

extension AttemptRow {
    fileprivate init(_ row: Row) {
        id = row["id"]
        job = row["job_id"]
        state = row["state"]
        startedAt = row["started_at"]
        finishedAt = row["finished_at"]
        process = row["pid"]
        processStart = row["pid_start"]
        boot = row["boot_id"]
        exitCode = row["exit_code"]
        exitSignal = row["exit_signal"]
    }

    fileprivate func upsert(_ db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO attempts(id, job_id, state, started_at, finished_at, pid, pid_start,
                  boot_id, exit_code, exit_signal) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT(id) DO UPDATE SET state = excluded.state,
                  finished_at = excluded.finished_at, pid = excluded.pid,
                  pid_start = excluded.pid_start, boot_id = excluded.boot_id,
                  exit_code = excluded.exit_code, exit_signal = excluded.exit_signal
                """,
            arguments: [
                id, job, state, startedAt, finishedAt, process, processStart, boot, exitCode,
                exitSignal,
            ])
    }
}

extension EventRow {
    func insert(_ db: Database) throws {
        try db.execute(
            sql: "INSERT INTO events(at, job_id, type, data) VALUES (?, ?, ?, ?)",
            arguments: [at, job, type, data])
    }
}
