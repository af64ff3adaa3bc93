// The index follows the files, and can be thrown away.

import DurableIO
import Store
import SystemPackage
import Testing

@Suite struct StoreIndexTests {
    private func fill(_ store: ContentStore, _ numbers: Range<Int>) throws {
        for number in numbers {
            var generator = SeededGenerator(seed: UInt64(number))
            let own = try store.put(generator.floats(2000 + number), elementBytes: 4)
            let shared = try store.put([UInt8(number % 3)])
            _ = try store.record(
                key(number, stage: number % 2 == 0 ? "embedding" : "similarity"),
                outputs: [ActionOutput(role: "own", own), ActionOutput(role: "shared", shared)],
                seconds: Double(number), peakBytes: number)
        }
    }

    @Test("an import adds what is new and forgets what is gone")
    func incremental() throws {
        let state = try TemporaryState()
        let store = try ContentStore(state: state.path)
        let index = StoreIndex(store: store, database: try IndexDatabase(path: store.layout.index))
        try fill(store, 0..<10)
        try store.pin(Digest(of: "x"), owner: "me", reason: "test")
        let first = try index.importActions()
        #expect(first.actionsAdded == 10)
        #expect(first.objectsAdded == 13)
        let again = try index.importActions()
        #expect(again.actionsAdded == 0 && again.objectsAdded == 0)
        #expect(again.actionsRemoved == 0 && again.objectsRemoved == 0)
        try fill(store, 10..<12)
        try Syscalls.unlink(
            store.layout.root.appending(actionName(key(1, stage: "similarity").digest)))
        // An object removed by hand takes the row of its step along.
        var generator = SeededGenerator(seed: 2)
        let own = Digest(of: generator.floats(2002))
        try Syscalls.unlink(store.layout.root.appending(objectName(own)))
        let third = try index.importActions()
        #expect(third.actionsAdded == 2)
        #expect(third.actionsRemoved == 1)
        #expect(third.objectsRemoved == 1)
        #expect(third.actionsUnsound == [key(2).digest])
        let statistics = try index.statistics()
        #expect(statistics.actionCount == 10)
        #expect(statistics.objectCount == 14)
        #expect(statistics.pinCount == 1)
        #expect(statistics.stages.map(\.name) == ["embedding", "similarity"])
        #expect(statistics.diskBytes < statistics.rawBytes)
    }

    @Test("a listing tells what made an object")
    func listing() throws {
        let state = try TemporaryState()
        let store = try ContentStore(state: state.path)
        let index = StoreIndex(store: store, database: try IndexDatabase(path: store.layout.index))
        try fill(store, 0..<4)
        _ = try index.importActions()
        let rows = try index.list()
        #expect(rows.count == 7)
        let shared = try #require(rows.first { $0.digest == Digest(of: [0]) })
        #expect(shared.origins == ["embedding shared", "similarity shared"])
        #expect(shared.rawBytes == 1)
        #expect(try index.list(limit: 2).count == 2)
    }

    @Test("a rebuilt index equals the one that grew", arguments: ["none", "same", "garbage"])
    func rebuilt(old: String) throws {
        let state = try TemporaryState()
        let store = try ContentStore(state: state.path)
        let path = store.layout.index
        try fill(store, 0..<20)
        let grown: (StoreIndex.Statistics, [StoreIndex.ObjectRow])
        do {
            let index = StoreIndex(store: store, database: try IndexDatabase(path: path))
            _ = try index.importActions()
            grown = (try index.statistics(), try index.list())
        }
        if old == "none" { try Syscalls.unlink(path) }
        if old == "garbage" { try overwrite(path, [1, 2, 3]) }
        let report = try StoreIndex.rebuild(store)
        #expect(report.imported.actionsAdded == 20)
        #expect((report.damaged != nil) == (old == "garbage"))
        #expect((report.jobsKept != nil) == (old == "same"))
        let database = try IndexDatabase(path: path)
        #expect(database.opening == .existing)
        let index = StoreIndex(store: store, database: database)
        #expect(try index.statistics() == grown.0)
        #expect(try index.list() == grown.1)
        #expect(try index.importActions().isEmpty)
        #expect(throws: StoreError.self) { try StoreIndex.rebuild(store) }
    }

    @Test(
        "the rows of jobs outlive a rebuild, wherever it stops",
        .enabled(if: hasSQLite, "the sqlite3 tool is not installed"))
    func jobsKept() throws {
        let state = try TemporaryState()
        let store = try ContentStore(state: state.path)
        let path = store.layout.index
        try fill(store, 0..<3)
        do { _ = try IndexDatabase(path: path) }
        try sqlite(
            path,
            """
            INSERT INTO jobs(id, seq, name, uid, manifest_sha256, state, submitted_at)
              VALUES('j1', 7, 'demo', 1000, 'ab', 'queued', 1);
            INSERT INTO attempts(id, job_id, state) VALUES('a1', 'j1', 'running');
            INSERT INTO events(seq, at, job_id, type, data) VALUES(41, 1, 'j1', 'x', '{}');
            DELETE FROM events; INSERT INTO meta VALUES('k', 'v');
            """)
        // 1/0 is NULL in SQLite; a violated CHECK is an error.
        let check = """
            CREATE TEMP TABLE t(ok CHECK(ok));
            INSERT INTO t SELECT COUNT(*) = 1 FROM jobs WHERE id = 'j1' AND seq = 7;
            INSERT INTO t SELECT COUNT(*) = 1 FROM attempts WHERE job_id = 'j1';
            INSERT INTO t SELECT seq = 41 FROM sqlite_sequence WHERE name = 'events';
            INSERT INTO t SELECT COUNT(*) = 1 FROM meta WHERE value = 'v';
            """
        try sqlite(path, check)
        var number = 1
        while true {
            let plan = FaultPlan(.death, atCall: number)
            FaultPlan.$current.withValue(plan) {
                do {
                    #expect(try StoreIndex.rebuild(store).jobsKept == 1)
                } catch {
                    #expect(error is StoreError, "call \(number)")
                }
            }
            try sqlite(path, check)
            if !plan.hasFired { break }
            // Listing and reading the store's files in between is the same call many times.
            number += (30..<1500).contains(number) ? 150 : 1
        }
        #expect(number > 30)
        let index = StoreIndex(store: store, database: try IndexDatabase(path: path))
        #expect(try index.statistics().actionCount == 3)
    }
}
