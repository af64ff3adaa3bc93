// Files of somebody else's in the store, and names that stand for no file: a miss each time, told
// to whoever asks, and never a reason to fail.

import DurableIO
import Store
import SystemPackage
import Testing

@Suite struct ForeignFileTests {
    private struct Fixture {
        let state = try? TemporaryState()
        let store: ContentStore
        let object: StoredObject
        var outputs: [ActionOutput] { [ActionOutput(role: "x", object)] }

        init() throws {
            guard let state else { throw Errno.noSuchFileOrDirectory }
            store = try ContentStore(state: state.path)
            object = try store.put([1, 2, 3])
            try record()
        }

        @discardableResult func record() throws -> RecordOutcome {
            try store.record(key(1), outputs: outputs, seconds: 0, peakBytes: 0)
        }

        var action: FilePath { store.layout.root.appending(actionName(key(1).digest)) }
        var file: FilePath { store.layout.root.appending(objectName(object.digest)) }
    }

    private static let denied = FaultPlan.Fault.error(.permissionDenied)

    @Test("an action that may not be read is a miss, and its place is free again")
    func unreadableAction() throws {
        let fixture = try Fixture()
        let plan = FaultPlan(Self.denied, atCall: 1, among: [.open])
        let found = try FaultPlan.$current.withValue(plan) { try fixture.store.lookup(key(1)) }
        guard case .miss(.damaged(.unreadable(let reason))) = found else {
            Issue.record("expected a miss, got \(found)")
            return
        }
        #expect(reason.contains("Permission denied") && reason.contains(fixture.action.string))
        #expect(try fixture.record() == .recorded)
        #expect(try fixture.store.lookup(key(1)).record != nil)
    }

    @Test("an object that may not be read is a miss, set aside, and put again")
    func unreadableObject() throws {
        let fixture = try Fixture()
        let plan = FaultPlan(Self.denied, atCall: 1, among: [.open])
        let found = try FaultPlan.$current.withValue(plan) {
            try fixture.store.bytes(of: fixture.object.digest)
        }
        #expect(found.value == nil)
        #expect(try fixture.store.lookup(key(1)) == .miss(.unknown))
        #expect(try fixture.store.put([1, 2, 3]).isNew)
        #expect(try fixture.record() == .recorded)
    }

    @Test("a step whose files cannot be touched is somebody else's: a miss, and recorded anew")
    func foreign() throws {
        for call in 1...2 {
            let fixture = try Fixture()
            let plan = FaultPlan(.error(.notPermitted), atCall: call, among: [.utimens])
            let found = try FaultPlan.$current.withValue(plan) {
                try fixture.store.lookup(key(1))
            }
            #expect(found == .miss(.foreign))
            #expect(try fixture.record() == .recorded)
        }
    }

    @Test("an object of somebody else's gives way to ours")
    func foreignObject() throws {
        let fixture = try Fixture()
        let before = try Syscalls.stat(fixture.file)
        let plan = FaultPlan(.error(.notPermitted), atCall: 1, among: [.utimens])
        let again = try FaultPlan.$current.withValue(plan) { try fixture.store.put([1, 2, 3]) }
        #expect(again.isNew)
        let after = try Syscalls.stat(fixture.file)
        #expect(before?.inode != after?.inode)
        #expect(try fixture.store.lookup(key(1)).record != nil)
    }

    @Test("whatever is denied while a step is looked up and read, nothing is thrown")
    func sweep() throws {
        for errno in [Errno.permissionDenied, .notPermitted] {
            for number in 1... {
                let fixture = try Fixture()
                let plan = FaultPlan(
                    .error(errno), atCall: number, among: [.open, .utimens, .unlink, .rename])
                try FaultPlan.$current.withValue(plan) {
                    if case .hit(let record) = try fixture.store.lookup(key(1)) {
                        let fetched = try fixture.store.bytes(of: record.outputs[0].digest)
                        #expect(fetched.value == nil || fetched.value == [1, 2, 3])
                    }
                }
                if !plan.hasFired { break }
            }
        }
    }

    @Test("a name that can be neither used nor removed is told, and the step goes on")
    func refused() throws {
        let fixture = try Fixture()
        try Syscalls.unlink(fixture.action)
        // unlink(2) refuses a folder, to root as well.
        try Syscalls.mkdir(fixture.action)
        guard case .miss(.damaged) = try fixture.store.lookup(key(1)) else {
            Issue.record("a folder is no action")
            return
        }
        guard case .refused(.damaged) = try fixture.record() else {
            Issue.record("there is no room for the action")
            return
        }
        #expect(try fixture.store.bytes(of: fixture.object.digest).value == [1, 2, 3])
        #expect(try fixture.store.verify().findings.count == 1)
        #expect(try fixture.store.verify(repairing: true).findings.count == 1)
        try expectCollected(fixture)
    }

    /// Fails unless all that may go does, though an action and an object may not.
    private func expectCollected(_ fixture: Fixture) throws {
        let store = fixture.store
        let digests = try (2...4).map { number in
            let object = try store.put([UInt8(number)])
            _ = try store.record(
                key(number), outputs: [ActionOutput(role: "x", object)], seconds: 0, peakBytes: 0)
            return object.digest
        }
        let stuck = store.layout.root.appending(objectName(digests[0]))
        try Syscalls.unlink(stuck)
        try Syscalls.mkdir(stuck)
        try ageEverything(store)
        var policy = CollectorPolicy()
        policy.graceSeconds = 0
        policy.limit = .bounds(CacheBounds(0))
        let report = try store.collect(policy)
        #expect(Set(report.actions) == Set((2...4).map { key($0).digest }))
        #expect(Set(report.objects) == Set(digests[1...] + [fixture.object.digest]))
        #expect(try Syscalls.stat(stuck) != nil && Syscalls.stat(fixture.action) != nil)
        #expect(Set(report.stuck) == [stuck, fixture.action])
    }

    @Test("an action that may not be removed keeps its objects, and stops no collection")
    func keptAction() throws {
        var policy = CollectorPolicy()
        policy.graceSeconds = 0
        policy.limit = .bounds(CacheBounds(0))
        func collect(_ fixture: Fixture, _ plan: FaultPlan) throws -> CollectorReport {
            try ageEverything(fixture.store)
            return try FaultPlan.$current.withValue(plan) { try fixture.store.collect(policy) }
        }
        // Other names go first; which call removes the action, a twin says.
        let recording = FaultPlan()
        let twin = try Fixture()
        #expect(try collect(twin, recording).actions.count == 1)
        let removals = recording.trace.filter { $0.call == .unlink }
        let number = try #require(removals.firstIndex { $0.path == twin.action })
        let fixture = try Fixture()
        let plan = FaultPlan(Self.denied, atCall: number + 1, among: [.unlink])
        let report = try collect(fixture, plan)
        #expect(plan.hasFired)
        #expect(report.actions.isEmpty && report.objects.isEmpty)
        #expect(report.stuck == [fixture.action])
        #expect(try fixture.store.verify().isSound)
        #expect(try fixture.store.lookup(key(1)).record != nil)
    }
}

/// Everything in a folder with what would betray a change.
func fingerprint(_ root: FilePath) throws -> [String] {
    try files(below: root).map { name in
        let path = FilePath(root.string + "/" + name)
        let status = try Syscalls.stat(path)
        let times = "\(status?.modifiedNanoseconds ?? 0) \(status?.changedNanoseconds ?? 0)"
        let bytes = status?.kind == .regular ? Digest(of: try contents(path)).hex : "-"
        return "\(name) \(status?.inode ?? 0) \(times) \(bytes)"
    }
}

@Suite struct ReadOnlyStoreTests {
    @Test("a store that is only read stays as it is, damage and all")
    func looks() throws {
        let state = try TemporaryState()
        let digests: [Digest]
        do {
            let store = try ContentStore(state: state.path)
            digests = try (1...3).map { number in
                let object = try store.put([UInt8(number)])
                _ = try store.record(
                    key(number), outputs: [ActionOutput(role: "x", object)], seconds: 0,
                    peakBytes: 0)
                return object.digest
            }
            try overwrite(store.layout.root.appending(objectName(digests[1])), [1, 2, 3])
            try overwrite(store.layout.root.appending(actionName(key(3).digest)), [0x7B])
        }
        let before = try fingerprint(state.path)
        let store = try ContentStore(reading: state.path)
        #expect(try store.bytes(of: digests[0]).value == [1])
        #expect(try store.bytes(of: digests[1]).value == nil)
        #expect(try store.info(of: digests[1]) == nil)
        #expect(try store.lookup(key(1)).record != nil)
        #expect(try store.lookup(key(2)).record == nil)
        #expect(try store.lookup(key(3)).record == nil)
        #expect(try store.nearest(to: key(4)) != nil)
        let faults = try store.verify().findings.filter(\.isFault)
        #expect(faults.count == 3, "an object, the step it is of, and another step: \(faults)")
        #expect(try fingerprint(state.path) == before)
    }

    @Test("what may not be read is an error to who only looks, not damage")
    func unreadable() throws {
        let state = try TemporaryState()
        let digest = try ContentStore(state: state.path).put([1]).digest
        let store = try ContentStore(reading: state.path)
        let plan = FaultPlan(.error(.permissionDenied), atCall: 1, among: [.open])
        let error = #expect(throws: StoreError.self) {
            try FaultPlan.$current.withValue(plan) { try store.bytes(of: digest) }
        }
        #expect(error?.description.contains("Permission denied") == true)
        #expect(throws: StoreError.self) { try ContentStore(reading: "/none") }
    }
}
