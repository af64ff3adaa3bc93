// What a fold is said to have to do, before and while it is done.

import EngineTestSupport
import Model
import TensorMath
import TestSupport
import Testing

@testable import Compression

@Suite(.enabled(if: SharedCheckpoints.areThere)) struct FoldWorkTests {
    private static func operations(
        _ kept: [Int], sequences: Int = 16, tuningSteps: Int = 0
    ) throws -> Double {
        var settings = FoldSettings()
        settings.tuningSteps = tuningSteps
        return settings.work(
            try ModelFoldingTests.demo().blueprint, keeping: kept,
            tokens: ModelFoldingTests.demoBatch(sequences)
        ).operations
    }

    @Test("more tokens, more layers behind the first merge and more steps are more work")
    func monotone() throws {
        let early = [0] + Array(2..<16)
        let late = Array(0..<14) + [15]
        let base = try Self.operations(early)
        #expect(base > 0)
        #expect(try Self.operations(early, sequences: 24) > base)
        #expect(try Self.operations(late) < base)
        #expect(try Self.operations(early, tuningSteps: 8) > base)
        // Two merges, then a longer one.
        #expect(try Self.operations([0, 2, 4] + Array(5..<16)) > base)
        #expect(
            try Self.operations([0] + Array(3..<16)) > Self.operations([0, 2, 4] + Array(5..<16)))
    }

    @Test("stretches cost more the longer they are, and passes more the more tokens there are")
    func costs() throws {
        let blueprint = try ModelFoldingTests.demo().blueprint
        func operations(_ stretches: [Range<Int>], _ sequences: Int = 16) -> Double {
            FoldSettings().costWork(
                blueprint, of: stretches, tokens: ModelFoldingTests.demoBatch(sequences)
            ).operations
        }
        #expect(operations([3..<6]) > operations([3..<5]))
        #expect(operations([3..<5, 8..<10]) > operations([3..<5]))
        #expect(operations([3..<5], 32) > operations([3..<5]))
    }

    @Test("with no sequence to hold back, narrowing is judged by all of them, and that takes time")
    func narrowingCosts() throws {
        let blueprint = try ModelFoldingTests.demo().blueprint
        var settings = FoldSettings()
        settings.tuningSteps = 0
        settings.mlpWidth = 384
        let few = ModelFoldingTests.demoBatch(settings.heldBack - 1)
        let fold = settings.work(
            blueprint, keeping: Array(blueprint.layers.indices), tokens: few
        ).operations
        // Once through the original, and once through each new layer.
        let judged = settings.narrowingWork(blueprint, tokens: few).operations - fold
        #expect(judged > 1.4 * blueprint.operations(TokenLoad(few)))
    }

    @Test("progress goes to the end in many small steps, and never back")
    func steps() throws {
        let model = try ModelFoldingTests.demo()
        let hearer = Hearer()
        try ModelFolding(
            model.weights, mode: .float32, batch: ModelFoldingTests.demoBatch(),
            settings: ModelFoldingTests.quick
        ).run(keeping: Array(0..<14) + [15], observer: hearer) { _ in }
        let total = try #require(hearer.totals.first)
        #expect(hearer.totals.count == 1)
        #expect(hearer.done == hearer.done.sorted() && hearer.done.last == total)
        let steps = zip(hearer.done, hearer.done.dropFirst()).map { $1 - $0 }
        // What is told adds up to what was said before, so that no jump closes a gap.
        let longest = try #require(steps.max())
        #expect(Double(longest) < 0.2 * Double(total), "\(longest) of \(total)")
    }

    @Test("progress of any number of operations is told", arguments: [0.5, 1e9, 1e19, 1e30])
    func manyOperations(total: Double) throws {
        let hearer = Hearer()
        let meter = FoldMeter(total: total, observer: hearer)
        meter.begin("layers", share: total)
        try meter.add(total / 4)
        meter.end()
        let all = try #require(hearer.totals.first)
        #expect(hearer.totals.count == 1 && hearer.done.last == all)
        if total > 1e12, total < 1e20 {
            #expect(abs(Double(hearer.done[0]) / Double(all) - 0.25) < 1e-3)
        }
    }
}
