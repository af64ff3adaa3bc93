// Greedy decoding against transformers' (Scripts/make_decoding_goldens.py): every architecture,
// 256 tokens, beyond windows and contexts.

import Checkpoint
import EngineTestSupport
import Foundation
import Model
import SystemPackage
import TensorMath
import TestSupport
import Testing

@testable import Generation

/// f32 in another order of summation, as a share of the largest logit. Where transformers' two
/// best logits lie closer, either may come.
private let closeTolerance = 1e-4

private struct GoldenText: Decodable {
    let prompt: [Int32]
    let tokens: [Int32]
    /// Steps at which the two best logits are close, and how close.
    let close: [String: Double]

    /// Steps before the first at which another token would be right as well.
    var certain: Int {
        close.filter { $0.value < closeTolerance }.keys.compactMap { Int($0) }.min()
            ?? tokens.count
    }

    static func all() throws -> [String: [GoldenText]] {
        try JSONDecoder().decode(
            [String: [GoldenText]].self,
            from: Data(contentsOf: Places.fixtures.appending(path: "decoding.json")))
    }
}

@Suite struct DecodingParityTests {
    @Test(arguments: ArchitectureFixtures.folders)
    func `greedy tokens are those of transformers`(folder: FilePath) throws {
        let name = try #require(folder.lastComponent?.string)
        guard let texts = try GoldenText.all()[name] else { return }
        let model = try Model(try Checkpoint(folder))
        // Side by side, in waves so small that prompts are cut.
        for (waveTokens, group) in [(2048, texts), (7, texts), (2048, [texts[1]])] {
            var forward = ForwardPass(weights: model.weights, mode: .float32)
            forward.waveTokens = waveTokens
            let found = try Self.decode(group, forward)
            for (text, found) in zip(group, found) {
                let certain = text.certain
                #expect(certain > 0 || text.close["0"] != nil)
                #expect(
                    found.prefix(certain) == text.tokens.prefix(certain),
                    "\(name), prompt of \(text.prompt.count), waves of \(waveTokens)")
            }
        }
    }

    @Test func `every checkpoint but one has goldens`() throws {
        let golden = try GoldenText.all()
        let without = ArchitectureFixtures.names.filter { golden[$0] == nil }
        // transformers keeps frequencies of earlier, longer texts in it.
        #expect(without == ["hunyuan_v1_dense-dynamic"])
    }

    private static func decode(
        _ texts: [GoldenText], _ forward: ForwardPass
    ) throws -> [[Int32]] {
        let decoder = try Decoder(
            forward, slots: texts.count,
            length: texts.map { $0.prompt.count + $0.tokens.count }.max() ?? 0)
        var found = texts.map { _ in [Int32]() }
        for step in 0..<(texts.map(\.tokens.count).max() ?? 0) {
            let going = texts.indices.filter { step < texts[$0].tokens.count }
            let logits = try decoder.extend(
                going.map { slot in
                    Decoder.Piece(
                        slot: slot, tokens: step == 0 ? texts[slot].prompt : [found[slot][step - 1]]
                    )
                }, observer: SilentObserver())
            let next = Sampling.greedy.choose(logits, draws: [])
            for (row, slot) in going.enumerated() { found[slot].append(next[row]) }
        }
        return found
    }

    @Test(arguments: ArchitectureFixtures.folders)
    func `a step gives the logits of the whole text`(folder: FilePath) throws {
        let model = try Model(try Checkpoint(folder))
        let forward = ForwardPass(weights: model.weights, mode: .float32)
        var generator = SeededGenerator(seed: 5)
        let vocabulary = model.blueprint.vocabularySize
        let text = (0..<30).map { _ in Int32(generator.index(below: vocabulary)) }
        let decoder = try Decoder(forward, slots: 2, length: text.count)
        // A slot that was used before is as good as new.
        _ = try decoder.extend(
            [.init(slot: 1, tokens: Array(text.reversed()))], observer: SilentObserver())
        decoder.cache.clear(1)
        var start = 0
        for count in [3, 1, 9, 1, 1, 15] {
            let logits = try decoder.extend(
                [.init(slot: 1, tokens: Array(text[start..<start + count]))],
                observer: SilentObserver())
            start += count
            let stream = try forward.run(
                PackedSequences([Array(text[..<start])]), observer: SilentObserver())
            let expected = try OutputHead(forward).logits(stream.rows(start - 1..<start)).row(0)
            let found = logits.row(0)
            let largest = expected.map(abs).max() ?? 1
            let error = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
            // Scalings that depend on the length leave earlier keys as they were rotated.
            let isDynamic = folder.string.hasSuffix("dynamic-window")
            #expect(isDynamic || error <= Float(closeTolerance) * largest, "\(folder) at \(start)")
        }
    }
}
