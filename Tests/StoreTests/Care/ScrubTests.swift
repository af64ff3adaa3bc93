// Verification in parts: what is interrupted goes on, what is damaged is found once and for all.

import DurableIO
import SystemPackage
import Testing

@testable import Store

@Suite struct ScrubTests {
    /// A store of small objects, a step each.
    private func fill(_ store: ContentStore, _ count: Int) throws -> [Digest] {
        for number in 0..<count {
            let object = try store.put(Array("object \(number)".utf8))
            _ = try store.record(
                key(number), outputs: [ActionOutput(role: "x", object)], seconds: 0, peakBytes: 0)
        }
        return try store.objectDigests()
    }

    private func damage(_ store: ContentStore, _ digest: Digest) throws {
        let path = store.layout.object(digest)
        var bytes = try contents(path)
        bytes[bytes.count / 2] ^= 1
        try overwrite(path, bytes)
    }

    private struct Interrupted: Error {}

    @Test("an interrupted pass goes on behind its last checkpoint and remembers what it told")
    func resumes() throws {
        let state = try TemporaryState(in: "/tmp")
        let store = try ContentStore(state: state.path)
        let digests = try fill(store, 25)
        try damage(store, digests[3])
        var policy = ScrubPolicy()
        policy.objectsPerCheckpoint = 10
        // The disk dies at the first checkpoint, then at the second.
        var seen = 0
        let plan = FaultPlan(.death, atCall: 1, among: [.rename])
        #expect(throws: StoreError.self) {
            try FaultPlan.$current.withValue(plan) { try store.scrub(policy) }
        }
        #expect(try Syscalls.stat(store.layout.scrub) == nil, "no checkpoint was written")
        let second = FaultPlan(.death, atCall: 2, among: [.rename])
        #expect(throws: StoreError.self) {
            try FaultPlan.$current.withValue(second) { try store.scrub(policy) }
        }
        policy.isResuming = true
        let report = try store.scrub(policy) { seen = $0.done }
        #expect(seen == 14, "the last of the 15 objects behind the checkpoint was begun")
        #expect(report.objectCount == 25)
        #expect(report.earlierFaults == 1)
        #expect(!report.isSound, "the damage that was told before")
        #expect(try Syscalls.stat(store.layout.scrub) == nil, "the pass is complete")
        // Without a checkpoint a pass begins at the first object.
        let whole = try store.scrub(policy)
        #expect(whole.earlierFaults == 0)
        #expect(whole.findings.filter(\.isFault).count == 2, "the object, and the step it is of")
    }

    @Test("parts are disjoint and together everything")
    func subsets() throws {
        let state = try TemporaryState(in: "/tmp")
        let store = try ContentStore(state: state.path)
        let digests = try fill(store, 40)
        try damage(store, digests[7])
        var faults = 0
        var objects = 0
        for part in 1...4 {
            var policy = ScrubPolicy()
            policy.subset = ScrubPolicy.Subset(part: part, of: 4)
            let report = try store.scrub(policy)
            objects += report.objectCount
            faults += report.findings.count {
                if case .damagedObject = $0 { true } else { false }
            }
            #expect(report.actionCount == 40)
        }
        #expect(objects == 40)
        #expect(faults == 1)
        for (part, count) in [(0, 4), (5, 4), (1, 0), (1, 65_537)] {
            #expect(ScrubPolicy.Subset(part: part, of: count) == nil)
        }
    }

    @Test("a checkpoint of another part, and a damaged one, are not gone on from")
    func otherCheckpoint() throws {
        let state = try TemporaryState(in: "/tmp")
        let store = try ContentStore(state: state.path)
        let digests = try fill(store, 5)
        var checkpoint = ScrubCheckpoint()
        checkpoint.last = digests[3]
        try store.keep(checkpoint.members, as: store.layout.scrub)
        var policy = ScrubPolicy()
        policy.isResuming = true
        policy.subset = ScrubPolicy.Subset(part: 1, of: 1)
        #expect(try store.scrub(policy).objectCount == 5)
        #expect(try Syscalls.stat(store.layout.scrub) != nil, "it belongs to another pass")
        var bytes = try contents(store.layout.scrub)
        let place = try #require(bytes.firstIndex(of: UInt8(ascii: "f")))
        bytes[place] ^= 1
        try overwrite(store.layout.scrub, bytes)
        policy.subset = nil
        var seen = 0
        _ = try store.scrub(policy) { _ in seen += 1 }
        #expect(seen == 5, "every object was read")
    }

    @Test("what somebody is writing is told, and is no fault")
    func unfinished() throws {
        let state = try TemporaryState(in: "/tmp")
        let store = try ContentStore(state: state.path)
        let other = try ContentStore(state: state.path)
        let report = try store.verify()
        #expect(report.findings == [.unfinished(try #require(other.ownTemporaries))])
        #expect(report.isSound)
    }
}
