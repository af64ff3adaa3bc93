// The index file: opened with care, replaced when broken, never a reason not to start.

import DurableIO
import Store
import SystemPackage
import Testing

/// Runs SQL with the sqlite3 tool while nobody has the index open.
func sqlite(_ path: FilePath, _ sql: String) throws {
    #expect(try ChildProcess(["sqlite3", path.string, sql]).wait() == 0)
}

let hasSQLite = ChildProcess.has("sqlite3")

@Suite struct IndexDatabaseTests {
    @Test("an index is made, and opened again")
    func opens() throws {
        let state = try TemporaryState()
        let path = StoreLayout(state: state.path).index
        do { #expect(try IndexDatabase(path: path).opening == .created) }
        do { #expect(try IndexDatabase(path: path).opening == .existing) }
    }

    @Test("a second owner is refused and told who has it, a reader is not")
    func secondOwner() throws {
        let state = try TemporaryState()
        let path = StoreLayout(state: state.path).index
        let first = try IndexDatabase(path: path)
        let error = #expect(throws: StoreError.self) { try IndexDatabase(path: path) }
        guard case .indexInUse(_, let process) = error else {
            Issue.record("expected 'in use', got \(String(describing: error))")
            return
        }
        #expect(process != nil)
        _ = try IndexDatabase(reading: path)
        #expect(first.opening == .created)
    }

    @Test(
        "a damaged index is moved aside and a new one made", arguments: ["garbage", "cut", "hole"])
    func damaged(kind: String) throws {
        let state = try TemporaryState()
        let store = try ContentStore(state: state.path)
        let path = store.layout.index
        for number in 0..<200 {
            let object = try store.put([UInt8(number)])
            _ = try store.record(
                key(number), outputs: [ActionOutput(role: "x", object)], seconds: 0, peakBytes: 0)
        }
        do {
            let database = try IndexDatabase(path: path)
            _ = try StoreIndex(store: store, database: database).importActions()
        }
        var bytes = try contents(path)
        switch kind {
        case "garbage": bytes = Array("this is no database at all, and long enough".utf8)
        case "cut": bytes = Array(bytes.prefix(bytes.count / 2))
        default: for place in 8192..<20480 { bytes[place] = 0xAA }
        }
        try overwrite(path, bytes)
        let database = try IndexDatabase(path: path)
        guard case .replaced(let damaged, let reason) = database.opening else {
            Issue.record("\(kind): expected a replacement, got \(database.opening)")
            return
        }
        // SQLite may have begun a repair of its own; the damaged pages are as they were.
        let kept = min(20480, bytes.count)
        #expect(
            try contents(damaged).prefix(kept).dropFirst(8192)
                == bytes.prefix(kept).dropFirst(8192), "the damaged file is kept")
        #expect(!reason.isEmpty)
        let imported = try StoreIndex(store: store, database: database).importActions()
        #expect(imported.actionsAdded == 200)
    }

    @Test(
        "an index of a newer schema is refused and left alone",
        .enabled(if: hasSQLite, "the sqlite3 tool is not installed"))
    func newer() throws {
        let state = try TemporaryState()
        let store = try ContentStore(state: state.path)
        let path = store.layout.index
        do { _ = try IndexDatabase(path: path) }
        try sqlite(path, "PRAGMA user_version = 99")
        let error = #expect(throws: StoreError.self) { try IndexDatabase(path: path) }
        #expect(error?.description.contains("schema 99") == true)
        #expect(throws: StoreError.self) { try StoreIndex.rebuild(store) }
        try sqlite(path, "SELECT 1 / (user_version = 99) FROM pragma_user_version")
    }

    @Test(
        "jobs of the first schema keep what they have",
        .enabled(if: hasSQLite, "the sqlite3 tool is not installed"))
    func migrates() throws {
        let state = try TemporaryState()
        let path = StoreLayout(state: state.path).index
        var row = JobRow(
            id: "J", name: "n", owner: 7, manifestDigest: "", state: "queued", submittedAt: 1)
        do {
            let index = try IndexDatabase(path: path)
            row = try index.insertJob(row).row
            for (id, word) in [("A", "transient"), ("B", "lost"), ("C", "transient")] {
                var attempt = AttemptRow(id: id, job: "J", state: word, startedAt: 1_000)
                attempt.finishedAt = 3_500
                try index.commit([.init(attempt: attempt)])
            }
        }
        try sqlite(
            path,
            """
            DROP TABLE usage; ALTER TABLE jobs DROP COLUMN held;
            ALTER TABLE jobs DROP COLUMN priority; ALTER TABLE jobs DROP COLUMN retries;
            ALTER TABLE jobs DROP COLUMN model;
            PRAGMA user_version = 1;
            """)
        let index = try IndexDatabase(path: path)
        row.retries = 2
        #expect(try index.job("J") == row)
        #expect(try index.usage().isEmpty)
        #expect(
            try index.usageOfAttempts()
                == [UsageRow](repeating: .init(owner: 7, seconds: 2.5, asOf: 3_500), count: 3))
        row.held = "user"
        row.priority = -3
        let usage = UsageRow(owner: 7, seconds: 7.5, asOf: 9)
        try index.commit([.init(job: row, usage: usage), .init(usage: usage)])
        #expect(try index.job("J") == row)
        #expect(try index.usage() == [usage])
    }

    @Test(
        "jobs of the second schema keep what they have, and are asked for their models",
        .enabled(if: hasSQLite, "the sqlite3 tool is not installed"))
    func migratesSecond() throws {
        let state = try TemporaryState()
        let path = StoreLayout(state: state.path).index
        var row = JobRow(
            id: "J", name: "n", owner: 7, manifestDigest: "", state: "held", submittedAt: 1)
        (row.held, row.priority, row.retries) = ("user", -3, 2)
        do { row = try IndexDatabase(path: path).insertJob(row).row }
        try sqlite(path, "ALTER TABLE jobs DROP COLUMN model; PRAGMA user_version = 2;")
        let error = #expect(throws: StoreError.self) { try IndexDatabase(reading: path) }
        let words = error?.description ?? ""
        #expect(words.contains("start its daemon") && !words.contains("move"), "\(words)")
        let index = try IndexDatabase(path: path)
        #expect(try index.job("J") == row)
        #expect(try index.jobsWithoutModel() == ["J"])
        row.model = "m"
        try index.setModels(["J": "m"])
        #expect(try index.job("J") == row)
        #expect(try Syscalls.stat(FilePath("\(path).schema-2")) != nil, "its copy")
    }

    @Test("jobs are found by their models and words, and counted by their owners")
    func findsJobs() throws {
        let state = try TemporaryState()
        let index = try IndexDatabase(path: StoreLayout(state: state.path).index)
        for (number, name, model) in [
            (1, "Alpha_1", "org/A"), (2, "beta%", nil), (3, "c", "Org/b"),
        ] {
            var row = JobRow(
                id: "J\(number)", name: name, owner: number % 2, manifestDigest: "",
                state: number == 3 ? "done" : "queued", submittedAt: number)
            row.model = model
            if number == 3 { row.reason = "ALPHA was better" }
            _ = try index.insertJob(row)
        }
        func found(model: String? = nil, words: String? = nil) throws -> [String] {
            try index.newestJobs(countMax: 9, model: model, words: words).map(\.id)
        }
        #expect(try found(model: "ORG/") == ["J3", "J1"])
        #expect(try found(model: "/b") == ["J3"])
        #expect(try found(words: "alpha") == ["J3", "J1"])
        // What is a sign of patterns elsewhere is itself here.
        #expect(try found(words: "_") == ["J1"] && found(words: "%") == ["J2"])
        #expect(try found(words: "j2") == ["J2"] && found(model: "org", words: "1") == ["J1"])
        #expect(try index.jobCounts(of: 1) == ["queued": 1, "done": 1])
        #expect(try index.jobCounts() == ["queued": 2, "done": 1])
        #expect(try index.jobsWithoutModel() == ["J2"])
        try index.setModels(["J2": ""])
        #expect(try index.jobsWithoutModel().isEmpty)
        #expect(try index.job("J2")?.model == "")
    }

    @Test(
        "an index of a newer schema keeps every byte and time, whether its log was written back",
        .enabled(if: hasSQLite, "the sqlite3 tool is not installed"), arguments: [false, true])
    func newerUntouched(inLog: Bool) throws {
        let state = try TemporaryState()
        let store = try ContentStore(state: state.path)
        let path = store.layout.index
        do { _ = try IndexDatabase(path: path) }
        if inLog {
            let arguments = [
                ".dbconfig no_ckpt_on_close on", "PRAGMA journal_mode = WAL",
                "PRAGMA user_version = 5", "PRAGMA user_version = 99",
            ]
            #expect(try ChildProcess(["sqlite3", path.string] + arguments).wait() == 0)
            #expect(try Syscalls.stat(FilePath(path.string + "-wal"))?.byteCount ?? 0 > 32)
        } else {
            try sqlite(path, "PRAGMA user_version = 99")
        }
        #expect(try IndexVersion.stored(at: path) == 99)
        func look() throws -> [String] {
            try fingerprint(path.removingLastComponent()).filter { !$0.contains(".lock ") }
        }
        let before = try look()
        let error = #expect(throws: StoreError.self) { try IndexDatabase(path: path) }
        #expect(error?.description.contains("schema 99") == true)
        #expect(throws: StoreError.self) { try StoreIndex.rebuild(store) }
        #expect(try look() == before)
    }

    @Test("the version that is read from the bytes is that of the schema")
    func versionOfBytes() throws {
        let state = try TemporaryState()
        let path = StoreLayout(state: state.path).index
        #expect(try IndexVersion.stored(at: path) == nil)
        let database = try IndexDatabase(path: path)
        #expect(database.opening == .created)
        #expect(try IndexVersion.stored(at: path) ?? 0 > 0)
        let other = state.path.appending("garbage")
        try overwrite(other, Array("this is no database".utf8))
        #expect(try IndexVersion.stored(at: other) == nil)
    }
}
