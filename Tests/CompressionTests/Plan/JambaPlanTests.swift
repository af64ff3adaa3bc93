// The planner on the kinds of real Jambas: against trying every choice, and how many sequences of
// kinds it looks at in the deepest one.

import Checkpoint
import Model
import TensorMath
import Testing

@testable import Compression

@Suite struct JambaPlanTests {
    /// Periods and offsets of a Jamba's layers.
    struct Shape: Sendable {
        var layers: Int
        var attention = (period: 8, offset: 4)
        var experts = (period: 2, offset: 1)

        func blueprint() throws -> ModelBlueprint {
            let jamba = try #require(Architectures.all.first { $0.modelType == "jamba" })
            var config = jamba.typicalConfig
            config.set("num_hidden_layers", to: layers)
            config.set("attn_layer_period", to: attention.period)
            config.set("attn_layer_offset", to: attention.offset)
            config.set("expert_layer_period", to: experts.period)
            config.set("expert_layer_offset", to: experts.offset)
            return try jamba.blueprint(config)
        }

        /// Kinds of the layers, and what config.json can express.
        func parts() throws -> (kinds: [String], patterns: any LayerPatterns) {
            let blueprint = try blueprint()
            let jamba = try #require(Architectures.all.first { $0.modelType == "jamba" })
            let patterns = try #require(jamba.patterns(of: blueprint))
            return (blueprint.layers.map(\.kind), patterns)
        }
    }

    static let shapes = [
        Shape(layers: 5, attention: (2, 1), experts: (2, 1)),
        Shape(layers: 6, attention: (3, 1), experts: (2, 1)),
        Shape(layers: 8), Shape(layers: 8, attention: (4, 2), experts: (3, 0)),
        Shape(layers: 9, attention: (10, 9), experts: (2, 0)),
    ]

    /// All that periods and offsets give, each once, in the order of attention's and of experts'.
    private static func enumerated(_ kinds: [String], count: Int) -> [[String]] {
        var seen: Set<[Bool]> = []
        let flags = (1...count + 1).flatMap { period in
            (0..<period).map { offset in (0..<count).map { $0 % period == offset } }
        }.filter { seen.insert($0).inserted }
        return flags.flatMap { attends in
            flags.map { routes in
                (0..<count).map {
                    (attends[$0] ? "attention without rotation" : "mamba")
                        + (routes[$0] ? " + 4 experts" : " + mlp")
                }
            }
        }.filter { sequence in
            Set(sequence).allSatisfy { kind in
                sequence.count { $0 == kind } <= kinds.count { $0 == kind }
            }
        }
    }

    @Test("sequences are those of all periods and offsets that the layers suffice for, each once")
    func sequences() throws {
        for shape in Self.shapes {
            let (kinds, patterns) = try shape.parts()
            for count in 1..<shape.layers {
                let found = Array(patterns.sequences(count: count))
                #expect(found == Self.enumerated(kinds, count: count), "\(shape), \(count)")
                #expect(Set(found).count == found.count)
            }
        }
    }

    @Test("the best choice is that of trying them all, and every number that works is named")
    func exhaustive() throws {
        for shape in Self.shapes {
            let (kinds, patterns) = try shape.parts()
            var generator = SeededGenerator(seed: UInt64(shape.layers))
            let gains = kinds.map { _ in generator.uniform() }
            for keepsKinds in [false, true] {
                let choice = PatternedChoice(
                    of: kinds, patterns: patterns, keepsKinds: keepsKinds,
                    observer: SilentObserver())
                let best = (1..<kinds.count).map {
                    Self.bestGain(kinds, gains, leaving: $0, keepsKinds: keepsKinds)
                }
                let possible = (1..<kinds.count).filter { best[$0 - 1] != nil }
                for wanted in 1..<kinds.count {
                    guard let expected = best[wanted - 1] else {
                        #expect(throws: PlanError.noPattern(wanted: wanted, possible: possible)) {
                            try choice.best(leaving: wanted, gains: gains)
                        }
                        continue
                    }
                    let kept = try choice.best(leaving: wanted, gains: gains)
                    #expect(kept.count == wanted && kept == kept.sorted())
                    let found = kept.map { kinds[$0] }
                    #expect(Self.enumerated(kinds, count: wanted).contains(found))
                    #expect(!keepsKinds || Set(found) == Set(kinds))
                    let gain = kinds.indices.reduce(0) { $0 + (kept.contains($1) ? 0 : gains[$1]) }
                    #expect(abs(gain - expected) < 1e-12, "\(shape), \(wanted)")
                }
            }
        }
    }

    /// The greatest sum of gains over all choices of layers; nil where none can be expressed.
    private static func bestGain(
        _ kinds: [String], _ gains: [Double], leaving wanted: Int, keepsKinds: Bool
    ) -> Double? {
        let sequences = Set(enumerated(kinds, count: wanted))
        return (0..<(1 << kinds.count)).compactMap { subset -> Double? in
            guard subset.nonzeroBitCount == wanted else { return nil }
            let found = kinds.indices.filter { subset >> $0 & 1 == 1 }.map { kinds[$0] }
            guard sequences.contains(found), !keepsKinds || Set(found) == Set(kinds) else {
                return nil
            }
            return kinds.indices.reduce(0) { $0 + (subset >> $1 & 1 == 1 ? 0 : gains[$1]) }
        }.max()
    }

    @Test("few layers of a Jamba are left with all of its kinds", arguments: [12, 13])
    func manyRemoved(removed: Int) throws {
        let (kinds, patterns) = try Shape(layers: 16).parts()
        for order in [MergeOrder.reverse, .similarity] {
            for seed in UInt64(0)..<8 {
                let plan = try PairwiseMerging(order: order, scope: .any).plan(
                    similarity: PairwiseMergingTests.similarity(16, seed: seed), kinds: kinds,
                    removing: removed, patterns: patterns)
                try plan.validate()
                #expect(plan.layers.count == 16 - removed)
                #expect(Set(plan.layers.map { kinds[$0.from[0].layer] }) == Set(kinds))
            }
        }
    }

    @Test("of the millions of pairs of patterns of 72 layers few are looked at")
    func deepest() throws {
        let (kinds, patterns) = try Shape(layers: 72).parts()
        // Counts at which most pairs fit, and at which half of the layers stay and more.
        for (count, most) in [(12, 2000), (30, 60_000), (36, 6000), (48, 500), (60, 200), (71, 20)]
        {
            var found = 0
            for sequence in patterns.sequences(count: count) {
                found += 1
                if sequence.count != count { Issue.record("\(sequence.count) of \(count)") }
            }
            #expect(found > 0 && found <= most, "\(found) of \(count) layers")
        }
        let plan = try PairwiseMerging(scope: .any).plan(
            similarity: PairwiseMergingTests.similarity(72, seed: 1), kinds: kinds, removing: 24,
            patterns: patterns)
        try plan.validate()
    }

    @Test("a search that shall stop does so between two sequences")
    func stops() throws {
        final class Stopper: WorkObserver {
            var calls = 0
            func checkpoint() throws {
                calls += 1
                if calls == 3 { throw CancellationError() }
            }
            func progress(done: Int, total: Int, unit: String, detail: String) {}
        }
        let (kinds, patterns) = try Shape(layers: 72).parts()
        let stopper = Stopper()
        let similarity = PairwiseMergingTests.similarity(72, seed: 1)
        #expect(throws: CancellationError.self) {
            try PairwiseMerging(scope: .any).plan(
                similarity: similarity, kinds: kinds, removing: 42, patterns: patterns,
                observer: stopper)
        }
        #expect(stopper.calls == 3)
    }
}
