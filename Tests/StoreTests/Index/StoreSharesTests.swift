// Who uses how much of the store; what is known of its soundness; events of a kind.

import DurableIO
import Store
import SystemPackage
import Testing

@Suite struct StoreSharesTests {
    @Test("what groups share counts for each, and is nobody's own")
    func shares() throws {
        let state = try TemporaryState()
        let store = try ContentStore(state: state.path)
        let index = StoreIndex(store: store, database: try IndexDatabase(path: store.layout.index))
        let common = try store.put([UInt8](repeating: 1, count: 5_000))
        var keys: [String] = []
        for number in 0..<3 {
            var generator = SeededGenerator(seed: UInt64(number))
            let own = try store.put(generator.bytes(1_000 * (number + 1)))
            _ = try store.record(
                key(number),
                outputs: [ActionOutput(role: "own", own), ActionOutput(role: "common", common)],
                seconds: 1, peakBytes: 0)
            keys.append(key(number).digest.hex)
        }
        _ = try index.importActions()
        func bytes(_ digest: Digest) throws -> Int {
            try #require(try index.list().first { $0.digest == digest }).diskBytes
        }
        let shared = try bytes(common.digest)
        let total = try index.statistics().diskBytes
        let shares = try index.shares(of: [
            ("a", keys[0]), ("a", keys[1]), ("a", keys[1]), ("b", keys[2]),
            ("c", String(repeating: "0", count: 64)), ("d'--", "no key"),
        ])
        #expect(shares.keys.sorted() == ["a", "b"])
        let (first, second) = (try #require(shares["a"]), try #require(shares["b"]))
        #expect(first.objectCount == 3 && second.objectCount == 2)
        // Twice in a group: once.
        #expect(first.diskBytes + second.diskBytes == total + shared)
        #expect(first.ownBytes == first.diskBytes - shared)
        #expect(second.ownBytes == second.diskBytes - shared)
        #expect(try index.shares(of: []).isEmpty)
    }

    @Test("a verification that comes to its end says how it ended")
    func careState() throws {
        let state = try TemporaryState()
        let store = try ContentStore(state: state.path)
        let object = try store.put([1, 2, 3])
        _ = try store.record(
            key(1), outputs: [ActionOutput(role: "x", object)], seconds: 1, peakBytes: 0)
        let before = try store.careState()
        #expect(before.verified == nil && before.verifiedAt == nil && before.quarantined == 0)
        _ = try store.verify()
        #expect(try store.careState() == before, "a look leaves nothing")
        _ = try store.scrub(ScrubPolicy())
        let sound = try store.careState()
        #expect(sound.verified?.objects == 1 && sound.verified?.faults == 0)
        #expect(sound.verified?.isWhole == true && sound.verified?.isRepaired == false)
        #expect(sound.verifiedAt != nil && sound.interrupted == nil)
        #expect(try store.verify().findings.isEmpty, "its own file is no stranger")
        try overwrite(store.layout.root.appending(objectName(object.digest)), [0])
        var policy = ScrubPolicy()
        policy.isRepairing = true
        policy.subset = ScrubPolicy.Subset(part: 1, of: 1)
        _ = try store.scrub(policy)
        let repaired = try store.careState()
        #expect((repaired.verified?.faults ?? 0) > 0)
        #expect(repaired.verified?.isWhole == false && repaired.verified?.isRepaired == true)
        #expect(repaired.quarantined == 1)
        try overwrite(store.layout.root.appending("verified.json"), [0])
        #expect(try store.careState().verified == nil, "what is damaged is not believed")
    }

    @Test("events of a kind come alone, the newest first")
    func events() throws {
        let state = try TemporaryState()
        let index = try IndexDatabase(path: state.path.appending("index.sqlite"))
        #expect(try index.newestEvents(ofType: "a", countMax: 5).isEmpty)
        for number in 0..<10 {
            try index.commit([
                .init(
                    event: EventRow(at: number, job: nil, type: number % 2 == 0 ? "a" : "b"))
            ])
        }
        let found = try index.newestEvents(ofType: "a", countMax: 3)
        #expect(found.map(\.event.at) == [8, 6, 4])
        #expect(found.map(\.sequence) == [9, 7, 5])
    }
}
