// What recording and looking up steps promises.

import DurableIO
import JSON
import Store
import SystemPackage
import Testing

@Suite struct ActionContractTests {
    @Test("a recorded step is found with its outputs and what it cost")
    func hit() throws {
        let state = try TemporaryState()
        let store = try ContentStore(state: state.path)
        let object = try store.put([1, 2, 3])
        let outputs = [ActionOutput(role: "matrix", object)]
        let outcome = try store.record(
            key(1), outputs: outputs, seconds: 1.25, peakBytes: 4096, notes: ["device": "cpu"])
        #expect(outcome == .recorded)
        // Another process finds it as well.
        let other = try ContentStore(state: state.path)
        let record = try #require(try other.lookup(key(1)).record)
        #expect(record.outputs == outputs)
        #expect(record.output("matrix")?.digest == object.digest)
        #expect(record.seconds == 1.25)
        #expect(record.peakBytes == 4096)
        #expect(record.notes["device"] == "cpu")
        #expect(try other.lookup(key(2)) == .miss(.unknown))
    }

    @Test("an output that is not in the store cannot be recorded")
    func missingOutput() throws {
        let state = try TemporaryState()
        let store = try ContentStore(state: state.path)
        let output = ActionOutput(role: "x", digest: Digest(of: "nothing"), byteCount: 7)
        #expect(throws: StoreError.self) {
            try store.record(key(1), outputs: [output], seconds: 0, peakBytes: 0)
        }
        #expect(try store.lookup(key(1)) == .miss(.unknown))
    }

    @Test("recording again changes nothing, and other outputs are told apart")
    func again() throws {
        let state = try TemporaryState()
        let store = try ContentStore(state: state.path)
        let one = ActionOutput(role: "x", try store.put([1]))
        let two = ActionOutput(role: "x", try store.put([2]))
        #expect(
            try store.record(key(1), outputs: [one], seconds: 1, peakBytes: 1) == .recorded)
        #expect(
            try store.record(key(1), outputs: [one], seconds: 2, peakBytes: 2) == .alreadyRecorded)
        guard
            case .conflict(let existing) = try store.record(
                key(1), outputs: [two], seconds: 3, peakBytes: 3)
        else {
            Issue.record("other bytes for one key are a conflict")
            return
        }
        #expect(existing.outputs == [one])
        #expect(try store.lookup(key(1)).record?.seconds == 1)
    }

    @Test("a step whose object is gone is a miss, and can be recorded anew")
    func objectGone() throws {
        let state = try TemporaryState()
        let store = try ContentStore(state: state.path)
        let object = try store.put([1, 2, 3])
        let output = ActionOutput(role: "x", object)
        _ = try store.record(key(1), outputs: [output], seconds: 0, peakBytes: 0)
        try Syscalls.unlink(store.layout.root.appending(objectName(object.digest)))
        #expect(
            try store.lookup(key(1)) == .miss(.outputMissing(role: "x", digest: object.digest)))
        #expect(try files(below: store.layout.root.appending("act")).isEmpty)
        _ = try store.put([1, 2, 3])
        #expect(
            try store.record(key(1), outputs: [output], seconds: 0, peakBytes: 0) == .recorded)
    }

    @Test("the key depends on every field, and not on the order of the inputs")
    func keys() {
        let (a, b) = (Digest(of: "a"), Digest(of: "b"))
        func make(
            stage: String = "s", version: Int = 1,
            inputs: [(role: String, digest: Digest)] = [
                ("x", Digest(of: "a")), ("y", Digest(of: "b")),
            ],
            params: CanonicalJSON = ["k": 5], tool: String = "t"
        ) -> Digest {
            ActionKey(
                stage: stage, stageVersion: version, inputs: inputs, params: params, tool: tool
            ).digest
        }
        let all = [
            make(), make(stage: "r"), make(version: 2), make(inputs: [("x", b), ("y", a)]),
            make(inputs: [("x", a)]), make(params: ["k": 6]), make(params: ["k": "5"]),
            make(params: ["l": 5]), make(tool: "u"),
        ]
        #expect(Set(all).count == all.count)
        #expect(make(inputs: [("y", b), ("x", a)]) == make())
    }

    @Test("a damaged action file is a miss and is removed, whichever byte flipped")
    func bitFlips() throws {
        let state = try TemporaryState()
        let store = try ContentStore(state: state.path)
        let output = ActionOutput(role: "x", try store.put([9]))
        _ = try store.record(key(1), outputs: [output], seconds: 0.5, peakBytes: 1)
        let path = store.layout.root.appending(actionName(key(1).digest))
        let good = try contents(path)
        for index in good.indices.dropLast() {
            var bad = good
            bad[index] ^= 1
            try overwrite(path, bad)
            guard case .miss(.damaged) = try store.lookup(key(1)) else {
                Issue.record("a flip at byte \(index) went unseen")
                return
            }
            #expect(try Syscalls.stat(path) == nil)
        }
        for count in [0, 1, good.count / 2, good.count - 2] {
            try overwrite(path, Array(good.prefix(count)))
            #expect(try store.lookup(key(1)).record == nil)
        }
        try overwrite(path, good)
        #expect(try store.lookup(key(1)).record != nil)
    }
}
