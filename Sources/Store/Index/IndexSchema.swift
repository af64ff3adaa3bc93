// The tables of the index, version by version. What a job means is not known here: rows only.

import GRDB

/// The schema and its migrations; `PRAGMA user_version` says which one a file has.
enum IndexSchema {
    /// Each migration raises the version by one and runs in a transaction of its own.
    static let migrations: [@Sendable (Database) throws -> Void] = [
        createVersion1, holdsAndUsage, modelsOfJobs,
    ]

    static var version: Int { migrations.count }

    /// Digests are lower-case hexadecimal SHA-256; times are milliseconds since 1970 UTC, given by
    /// the caller.
    private static func createVersion1(_ db: Database) throws {
        try db.execute(
            sql: """
                CREATE TABLE meta(
                  name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
                CREATE TABLE objects(
                  sha256 TEXT PRIMARY KEY CHECK(length(sha256) = 64),
                  raw_bytes INTEGER NOT NULL, disk_bytes INTEGER NOT NULL,
                  filter INTEGER NOT NULL,
                  last_used INTEGER NOT NULL) STRICT, WITHOUT ROWID;
                CREATE INDEX objects_by_use ON objects(last_used);
                CREATE TABLE actions(
                  key TEXT PRIMARY KEY CHECK(length(key) = 64),
                  stage TEXT NOT NULL, stage_version INTEGER NOT NULL,
                  recipe TEXT NOT NULL, meta TEXT NOT NULL,
                  last_used INTEGER NOT NULL) STRICT, WITHOUT ROWID;
                CREATE INDEX actions_by_stage ON actions(stage);
                CREATE TABLE action_outputs(
                  key TEXT NOT NULL REFERENCES actions(key) ON DELETE CASCADE,
                  role TEXT NOT NULL,
                  sha256 TEXT NOT NULL REFERENCES objects(sha256),
                  bytes INTEGER NOT NULL,
                  PRIMARY KEY(key, role)) STRICT, WITHOUT ROWID;
                CREATE INDEX action_outputs_by_object ON action_outputs(sha256);
                CREATE TABLE pins(
                  sha256 TEXT NOT NULL CHECK(length(sha256) = 64),
                  owner TEXT NOT NULL, reason TEXT NOT NULL,
                  PRIMARY KEY(sha256, owner)) STRICT, WITHOUT ROWID;
                CREATE TABLE jobs(
                  id TEXT PRIMARY KEY, seq INTEGER NOT NULL UNIQUE,
                  name TEXT NOT NULL, uid INTEGER NOT NULL, manifest_sha256 TEXT NOT NULL,
                  state TEXT NOT NULL,
                  submitted_at INTEGER NOT NULL, started_at INTEGER, finished_at INTEGER,
                  attempts INTEGER NOT NULL DEFAULT 0, lost INTEGER NOT NULL DEFAULT 0,
                  not_before INTEGER, reason TEXT, class TEXT) STRICT;
                CREATE INDEX jobs_by_state ON jobs(state, seq);
                CREATE TABLE attempts(
                  id TEXT PRIMARY KEY, job_id TEXT NOT NULL REFERENCES jobs(id),
                  pid INTEGER, pid_start INTEGER, boot_id TEXT,
                  state TEXT NOT NULL, heartbeat_at INTEGER,
                  started_at INTEGER, finished_at INTEGER,
                  exit_code INTEGER, exit_signal INTEGER, max_rss INTEGER) STRICT;
                CREATE INDEX attempts_by_job ON attempts(job_id);
                CREATE INDEX attempts_by_state ON attempts(state);
                CREATE TABLE events(
                  seq INTEGER PRIMARY KEY AUTOINCREMENT,
                  at INTEGER NOT NULL, job_id TEXT, type TEXT NOT NULL,
                  data TEXT NOT NULL) STRICT;
                CREATE INDEX events_by_job ON events(job_id, seq);
                """)
    }

    /// Version 2: why a job is held, its place, its tries; what each user has used.
    private static func holdsAndUsage(_ db: Database) throws {
        try db.execute(
            sql: """
                ALTER TABLE jobs ADD COLUMN held TEXT;
                ALTER TABLE jobs ADD COLUMN priority INTEGER;
                ALTER TABLE jobs ADD COLUMN retries INTEGER NOT NULL DEFAULT 0;
                UPDATE jobs SET retries = (SELECT count(*) FROM attempts
                  WHERE job_id = jobs.id AND attempts.state = 'transient');
                CREATE TABLE usage(
                  uid INTEGER PRIMARY KEY, seconds REAL NOT NULL,
                  as_of INTEGER NOT NULL) STRICT;
                """)
    }

    /// Version 3: which model a job is about, so that lists look for it without reading files.
    private static func modelsOfJobs(_ db: Database) throws {
        try db.execute(sql: "ALTER TABLE jobs ADD COLUMN model TEXT")
    }
}
