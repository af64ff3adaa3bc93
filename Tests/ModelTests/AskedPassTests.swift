// A pass of which some tokens are asked for gives the rows that a whole pass has there.

import EngineTestSupport
import Model
import TensorMath
import Testing

@Suite struct AskedPassTests {
    /// Questions behind one beginning, pieces of it, one question twice, a text alone.
    static func batch(of model: Model) -> PackedSequences {
        let texts = ArchitectureFixtures.tokens([90, 7, 33, 21, 15], of: model)
        let stem = Array(texts[0].prefix(60))
        let questions = (0..<12).map { stem + texts[1 + $0 % 4].suffix(3 + $0) }
        return PackedSequences(
            questions + [
                texts[2], stem, stem + texts[3] + texts[4], Array(stem.prefix(31)), [],
                questions[3], Array(stem.prefix(20)) + texts[4],
            ])
    }

    @Test(
        "the rows asked for are those of a whole pass, at every boundary",
        arguments: ArchitectureFixtures.names)
    func sameRows(name: String) throws {
        let model = try ArchitectureFixtures.model(name)
        let batch = Self.batch(of: model)
        let ends = batch.ranges.filter { !$0.isEmpty }.map { $0.upperBound - 1 }
        var generator = SeededGenerator(seed: 7)
        let some = (0..<40).map { _ in Int(generator.next() % UInt64(batch.tokens.count)) }
        for asked in [ends, ends.reversed(), some, [], Array(batch.tokens.indices)] {
            for waveTokens in [1, 64, 2048] {
                var forward = ForwardPass(weights: model.weights, mode: .float32)
                forward.waveTokens = waveTokens
                var whole: [[[Float]]] = []
                _ = try forward.run(batch, observer: SilentObserver()) { _, stream in
                    whole.append(asked.map { stream.rows($0..<$0 + 1).values() })
                }
                var boundaries = 0
                try AskedPass(forward, batch, asked: asked).run(observer: SilentObserver()) {
                    boundary, rows in
                    #expect(boundary == boundaries && rows.rows == asked.count)
                    for (row, expected) in whole[boundary].enumerated() {
                        let found = rows.rows(row..<row + 1).values()
                        let error = relativeError(found, expected)
                        #expect(error <= 1e-5, "\(boundary), token \(asked[row]): \(error)")
                    }
                    boundaries += 1
                }
                #expect(boundaries == whole.count)
            }
        }
    }

    @Test("beginnings are computed once where a model can go on from them, and less is done")
    func lessWork() throws {
        let model = try ArchitectureFixtures.model("llama-odd-linear")
        let batch = Self.batch(of: model)
        let forward = ForwardPass(weights: model.weights, mode: .float32)
        let ends = batch.ranges.filter { !$0.isEmpty }.map { $0.upperBound - 1 }
        let pass = AskedPass(forward, batch, asked: ends)
        let whole = model.blueprint.operations(TokenLoad(batch))
        #expect(pass.computedTokens < batch.tokens.count / 2)
        #expect(pass.operations < whole / 2)
        // Different sequences share nothing, and still the last layer is not computed whole.
        let apart = PackedSequences(ArchitectureFixtures.tokens([40, 50, 60], of: model))
        let other = AskedPass(forward, apart, asked: [39, 89, 149])
        #expect(other.computedTokens == 150)
        let last = try #require(model.blueprint.layers.last)
        #expect(
            other.operations < model.blueprint.operations(TokenLoad(apart))
                - last.feedForwardOperations(TokenLoad(apart)) * 0.9)
        let jamba = try ArchitectureFixtures.model("jamba-odd")
        let plain = ForwardPass(weights: jamba.weights, mode: .float32)
        let tokens = Self.batch(of: jamba)
        #expect(
            AskedPass(plain, tokens, asked: [0]).computedTokens == tokens.tokens.count)
    }
}
