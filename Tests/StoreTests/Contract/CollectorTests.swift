// What garbage collection takes, and what it leaves.

import DurableIO
import Store
import SystemPackage
import Testing

@Suite struct CollectorTests {
    /// A policy without grace.
    private var now: CollectorPolicy {
        var policy = CollectorPolicy()
        policy.graceSeconds = 0
        return policy
    }

    private func age(_ path: FilePath, _ seconds: Int) throws {
        try Syscalls.setModified(path, seconds: seconds)
    }

    /// Records step `number` with one object of its own and ages both.
    private func step(_ store: ContentStore, _ number: Int, used: Int) throws -> Digest {
        var generator = SeededGenerator(seed: UInt64(number))
        let object = try store.put(generator.bytes(10_000))
        _ = try store.record(
            key(number), outputs: [ActionOutput(role: "x", object)], seconds: 2, peakBytes: 0)
        try age(store.layout.root.appending(objectName(object.digest)), used)
        try age(store.layout.root.appending(actionName(key(number).digest)), used)
        return object.digest
    }

    @Test("what nobody names goes, what a step or a pin names stays")
    func unreferenced() throws {
        let state = try TemporaryState()
        let store = try ContentStore(state: state.path)
        let named = try step(store, 1, used: 1000)
        let loose = try store.put([1]).digest
        let pinned = try store.put([2]).digest
        let root = try store.put([3]).digest
        try ageEverything(store)
        try store.pin(pinned, owner: "anna", reason: "for the paper")
        var policy = now
        policy.roots = [root]
        policy.isDryRun = true
        let forecast = try store.collect(policy)
        #expect(try store.objectDigests().count == 4, "a dry run removes nothing")
        policy.isDryRun = false
        let report = try store.collect(policy)
        #expect(report == forecast)
        #expect(report.objects == [loose])
        #expect(report.actions.isEmpty)
        #expect(try Set(store.objectDigests()) == [named, pinned, root])
        #expect(try store.unpin(pinned, owner: "anna"))
        #expect(try !store.unpin(pinned, owner: "anna"))
        #expect(try Set(store.collect(now).objects) == [pinned, root])
    }

    @Test("a grace period beyond all time keeps everything")
    func endlessGrace() throws {
        let state = try TemporaryState()
        let store = try ContentStore(state: state.path)
        let loose = try store.put([1]).digest
        try ageEverything(store)
        var policy = now
        for seconds in [9_999_999_999, .max] {
            policy.graceSeconds = seconds
            #expect(try store.collect(policy).objects.isEmpty)
        }
        #expect(try store.collect(now).objects == [loose])
    }

    @Test("the times of what goes are those of the opened file, which no cache answers for")
    func openedFirst() throws {
        let state = try TemporaryState()
        let store = try ContentStore(state: state.path)
        let digest = try step(store, 1, used: 1000)
        var policy = now
        policy.limit = .bounds(CacheBounds(0))
        let plan = FaultPlan()
        let report = try FaultPlan.$current.withValue(plan) { try store.collect(policy) }
        #expect(report.actions == [key(1).digest] && report.objects == [digest])
        for name in [actionName(key(1).digest), objectName(digest)] {
            let path = store.layout.root.appending(name)
            let calls = plan.trace.filter { $0.path == path }.map(\.call)
            #expect(calls.suffix(4) == [.open, .stat, .close, .unlink], "\(name): \(calls)")
        }
    }

    @Test("young objects stay, however unnamed")
    func grace() throws {
        let state = try TemporaryState()
        let store = try ContentStore(state: state.path)
        let object = try store.put([1])
        #expect(try store.collect(CollectorPolicy()).objects.isEmpty)
        let path = store.layout.root.appending(objectName(object.digest))
        try age(path, 1000)
        // Found again by a put, it is young again.
        _ = try store.put([1])
        #expect(try store.collect(CollectorPolicy()).objects.isEmpty)
        try age(path, 1000)
        #expect(try store.collect(CollectorPolicy()).objects == [object.digest])
    }

    @Test("beyond the limit the longest unused steps go first")
    func leastRecentlyUsed() throws {
        let state = try TemporaryState()
        let store = try ContentStore(state: state.path)
        let digests = try (1...4).map { try step(store, $0, used: 1000 * $0) }
        // Looked up, the oldest becomes the youngest.
        _ = try store.lookup(key(1))
        let bytes = try #require(try store.info(of: digests[0])).fileBytes
        var policy = now
        policy.limit = .bounds(CacheBounds(2 * bytes))
        let report = try store.collect(policy)
        #expect(report.actions == [key(2).digest, key(3).digest])
        #expect(report.objects == [digests[1], digests[2]])
        #expect(report.keptBytes == 2 * bytes)
        #expect(report.lostSeconds == 4)
        #expect(!report.isOverLimit)
        #expect(try store.verify().isSound)
        #expect(try store.lookup(key(1)).record != nil)
        #expect(try store.lookup(key(4)).record != nil)
    }

    @Test("a step's object stays as long as another step names it")
    func shared() throws {
        let state = try TemporaryState()
        let store = try ContentStore(state: state.path)
        let object = try store.put([1])
        for number in 1...2 {
            _ = try store.record(
                key(number), outputs: [ActionOutput(role: "x", object)], seconds: 0, peakBytes: 0)
            try age(store.layout.root.appending(actionName(key(number).digest)), 1000 * number)
        }
        try age(store.layout.root.appending(objectName(object.digest)), 1000)
        var policy = now
        policy.limit = .bounds(CacheBounds(0))
        policy.roots = [key(2).digest]
        let report = try store.collect(policy)
        #expect(report.actions == [key(1).digest])
        #expect(report.objects.isEmpty)
        #expect(report.isOverLimit, "what is protected exceeds the limit")
        #expect(try store.lookup(key(2)).record != nil)
    }

    @Test("strange names are left alone and told")
    func unknown() throws {
        let state = try TemporaryState()
        let store = try ContentStore(state: state.path)
        let strange = [
            "obj/.nfs0001", "obj/aa/notes.txt", "act/lost+found.txt", "pins/README", "NOTES",
        ]
        for name in strange { try overwrite(store.layout.root.appending(FilePath(name)), [1]) }
        var policy = now
        policy.limit = .bounds(CacheBounds(0))
        #expect(try store.collect(policy).unknown.count == strange.count)
        #expect(
            try files(below: store.layout.root).filter { !["FORMAT", "clock.json"].contains($0) }
                == strange.sorted())
        #expect(try store.verify().isSound)
    }

    @Test("pins say who and why, and refuse odd owners")
    func pins() throws {
        let state = try TemporaryState()
        let store = try ContentStore(state: state.path)
        let digest = Digest(of: "x")
        try store.pin(digest, owner: "b", reason: "one")
        try store.pin(digest, owner: "a-1", reason: "two\nlines")
        try store.pin(digest, owner: "b", reason: "changed")
        #expect(try store.pins().map(\.owner) == ["a-1", "b"])
        #expect(try store.pins().map(\.reason) == ["two\nlines", "changed"])
        for owner in ["", "a/b", "..", "a b", "ä", String(repeating: "x", count: 65)] {
            #expect(throws: StoreError.self) { try store.pin(digest, owner: owner, reason: "") }
        }
    }
}
