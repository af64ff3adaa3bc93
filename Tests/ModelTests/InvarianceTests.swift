// What must not change a result: the order of a batch, its company, the size of waves, a rerun.

import EngineTestSupport
import Model
import TensorMath
import Testing

/// Other shapes take other roads through the matrix library: equal up to roundings.
private let invarianceTolerance: Float = 2e-5

@Suite struct InvarianceTests {
    /// The stream after the last layer, sequence by sequence.
    static func run(
        _ model: Model, _ sequences: [[Int32]], waveTokens: Int = 2048
    ) throws -> [[Float]] {
        var forward = ForwardPass(weights: model.weights, mode: .float32)
        forward.waveTokens = waveTokens
        let batch = PackedSequences(sequences)
        let stream = try forward.run(batch, observer: SilentObserver())
        return batch.ranges.map { stream.rows($0).values() }
    }

    @Test(
        "waves of any size, any order and no company give the same states",
        arguments: ArchitectureFixtures.names)
    func invariant(name: String) throws {
        let model = try ArchitectureFixtures.model(name)
        let sequences = ArchitectureFixtures.tokens([40, 1, 97, 5, 60], of: model)
        let together = try Self.run(model, sequences)
        func same(_ found: [[Float]], _ what: String) {
            for (a, b) in zip(found, together) {
                let error = relativeError(a, b)
                #expect(error <= invarianceTolerance, "\(what): \(error)")
            }
        }
        for waveTokens in [1, 41, 100, 150, 100_000] {
            same(try Self.run(model, sequences, waveTokens: waveTokens), "waves of \(waveTokens)")
        }
        same(try Self.run(model, sequences.reversed()).reversed(), "reversed")
        same(try sequences.map { try Self.run(model, [$0])[0] }, "alone")
    }

    @Test("a token's state depends on the past only", arguments: ArchitectureFixtures.names)
    func causal(name: String) throws {
        let model = try ArchitectureFixtures.model(name)
        // Below the lengths where dynamic and longrope scalings change their frequencies.
        let whole = ArchitectureFixtures.tokens([30], of: model)[0]
        let full = try Self.run(model, [whole])[0]
        let width = model.blueprint.hiddenWidth
        for length in [1, 8, 29] {
            let part = try Self.run(model, [Array(whole.prefix(length))])[0]
            let error = relativeError(part, Array(full.prefix(length * width)))
            #expect(error <= invarianceTolerance, "\(length): \(error)")
        }
    }

    @Test("two runs give the same bits", arguments: ArchitectureFixtures.names)
    func deterministic(name: String) throws {
        let model = try ArchitectureFixtures.model(name)
        let sequences = ArchitectureFixtures.tokens([97, 64, 3], of: model)
        for mode in ComputeMode.allCases {
            func run() throws -> [UInt32] {
                let forward = ForwardPass(weights: model.weights, mode: mode)
                let stream = try forward.run(
                    PackedSequences(sequences), observer: SilentObserver())
                return try OutputHead(forward).logits(stream).values().map(\.bitPattern)
            }
            let first = try run()
            #expect(try run() == first)
        }
    }

    @Test("bf16 products stay near f32 ones", arguments: ArchitectureFixtures.names)
    func halfIsNear(name: String) throws {
        let model = try ArchitectureFixtures.model(name)
        let batch = PackedSequences(ArchitectureFixtures.tokens([20], of: model))
        let streams = try ComputeMode.allCases.map { mode in
            try ForwardPass(weights: model.weights, mode: mode).run(
                batch, observer: SilentObserver()
            ).values()
        }
        // Inputs of 8 significant bits, a few layers deep. Delta nets normalise a state that nearly
        // cancels, and such a difference turns routers.
        let isDelicate = model.blueprint.layers.contains { layer in
            if case .deltaNet = layer.mixer { true } else { false }
        }
        #expect(relativeError(streams[1], streams[0]) < (isDelicate ? 0.5 : 0.05))
        #expect(relativeError(streams[1], streams[0]) > 0)
    }

    @Test("waves are whole sequences, all of them, within the limit where they can be")
    func waves() {
        for lengths in [[], [1], [5, 5, 5], [100, 1, 1, 100], [3, 0, 4]] {
            let batch = PackedSequences(lengths.map { [Int32](repeating: 1, count: $0) })
            for limit in [1, 2, 5, 9, 1000] {
                let waves = batch.waves(limit: limit)
                #expect(waves.flatMap(Array.init) == Array(lengths.indices))
                for wave in waves where wave.count > 1 {
                    #expect(lengths[wave].reduce(0, +) <= limit)
                }
            }
        }
    }

    private struct Stopped: Error {}

    private struct StoppingObserver: WorkObserver {
        func checkpoint() throws { throw Stopped() }
        func progress(done: Int, total: Int, unit: String, detail: String) {}
    }

    @Test("the observer can stop a pass")
    func stops() throws {
        let model = try ArchitectureFixtures.model("llama-tied-yarn")
        let forward = ForwardPass(weights: model.weights, mode: .float32)
        #expect(throws: Stopped.self) {
            _ = try forward.run(PackedSequences([[1, 2]]), observer: StoppingObserver())
        }
    }
}
