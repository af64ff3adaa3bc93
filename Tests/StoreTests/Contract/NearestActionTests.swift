// Why was it not cached? The earlier step that differs least tells.

import DurableIO
import JSON
import Store
import SystemPackage
import Testing

@Suite struct NearestActionTests {
    private func similarity(_ params: CanonicalJSON, calibration: String = "a") -> ActionKey {
        ActionKey(
            stage: "similarity", stageVersion: 1,
            inputs: ["calibration": Digest(of: calibration), "model": Digest(of: "m")],
            params: params, tool: "layerfold")
    }

    @Test("the step with the fewest different fields is named, with both values")
    func nearest() throws {
        let state = try TemporaryState()
        let store = try ContentStore(state: state.path)
        let object = try store.put([1])
        let outputs = [ActionOutput(role: "x", object)]
        for earlier in [
            similarity(["sigma": 4, "k": 5, "layers": [1, 2]]),
            similarity(["sigma": 8, "k": 5, "layers": [1, 2, 3]], calibration: "b"),
            ActionKey(
                stage: "plan", stageVersion: 1, inputs: [String: Digest](),
                params: ["sigma": 8, "k": 5, "layers": [1, 2]], tool: "layerfold"),
        ] {
            _ = try store.record(earlier, outputs: outputs, seconds: 0, peakBytes: 0)
        }
        let asked = similarity(["sigma": 8, "k": 5, "layers": [1, 2]])
        let nearest = try #require(try store.nearest(to: asked))
        #expect(
            nearest.differences == [FieldDifference(path: "params.sigma", asked: "8", earlier: "4")]
        )
        let two = similarity(["sigma": 8, "k": 5, "layers": [1, 2, 3], "new": true])
        #expect(
            try store.nearest(to: two)?.differences.map(\.path) == [
                "inputs.calibration", "params.new",
            ])
        let longer = similarity(["sigma": 4, "k": 5, "layers": [1, 2, 9]])
        #expect(
            try store.nearest(to: longer)?.differences == [
                FieldDifference(path: "params.layers[2]", asked: "9", earlier: nil)
            ])
    }

    @Test("a stage that never ran has no nearest step")
    func none() throws {
        let state = try TemporaryState()
        let store = try ContentStore(state: state.path)
        #expect(try store.nearest(to: similarity([:])) == nil)
    }

    private func fill(_ store: ContentStore, _ numbers: Range<Int>) throws {
        let outputs = [ActionOutput(role: "x", try store.put([1]))]
        for number in numbers {
            _ = try store.record(
                similarity(["number": .integer(number)]), outputs: outputs, seconds: 0,
                peakBytes: 0)
        }
    }

    /// Files of actions that are opened to find the nearest.
    private func reads(_ store: ContentStore, _ key: ActionKey) throws -> (Int, NearestAction?) {
        let plan = FaultPlan()
        let found = try FaultPlan.$current.withValue(plan) { try store.nearest(to: key) }
        let opened = plan.trace.filter {
            $0.call == .open && $0.path.lastComponent?.extension == "json"
        }
        return (opened.count, found)
    }

    @Test("however many steps there are, no more are read, and the last used first")
    func bounded() throws {
        let state = try TemporaryState()
        let store = try ContentStore(state: state.path)
        try fill(store, 0..<40)
        let asked = similarity(["number": -1])
        let (few, first) = try reads(store, asked)
        #expect(first?.record.key == similarity(["number": 39]))
        try fill(store, 40..<160)
        let (many, last) = try reads(store, asked)
        #expect(few == many && many <= 32 && many > 0)
        #expect(last?.record.key == similarity(["number": 159]))
        // What is used again is the last used.
        #expect(try store.lookup(similarity(["number": 3])).record != nil)
        #expect(try reads(store, asked).1?.record.key == similarity(["number": 3]))
    }

    @Test("a store that noted nothing is read as far as the bound, and notes it")
    func oldStore() throws {
        let state = try TemporaryState()
        let store = try ContentStore(state: state.path)
        try fill(store, 0..<100)
        let folder = store.layout.root.appending("recent")
        try Syscalls.unlink(folder.appending("similarity"))
        try Syscalls.rmdir(folder)
        let asked = similarity(["number": -1])
        let (count, found) = try reads(store, asked)
        #expect(found != nil && count <= 2 * 32)
        #expect(try Syscalls.stat(folder.appending("similarity")) != nil)
        try overwrite(folder.appending("similarity"), Array("no key\n\u{FFFD}\n".utf8))
        #expect(try store.nearest(to: asked) == nil)
        try fill(store, 100..<101)
        #expect(try store.nearest(to: asked) != nil)
        #expect(try store.verify().findings == [])
    }
}
