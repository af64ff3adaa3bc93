// Why was it not cached? The earlier step that differs least tells.

import JSON
import Store
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
}
