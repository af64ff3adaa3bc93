// What folds before left is used, and changes nothing.

import Checkpoint
import EngineTestSupport
import Model
import TensorMath
import TestSupport
import Testing

@testable import Compression

@Suite struct FoldRecallTests {
    /// Keeps everything, and what was asked of it since `begin`.
    final class Memory: FoldRecall {
        var layers: [FoldPrefix: LayerPatch] = [:]
        var streams: [FoldPrefix: FoldStreams] = [:]
        private(set) var found: Set<Int> = []
        private(set) var taken: [Int] = []
        private(set) var kept: [Int] = []
        /// Whether a layer that was asked for is gone then, as if it were collected meanwhile.
        var forgets = false

        func begin() { (found, taken, kept) = ([], [], []) }

        func layer(_ prefix: FoldPrefix) -> LayerPatch? {
            if layers[prefix] != nil { found.insert(prefix.kept[prefix.kept.count - 1]) }
            return forgets ? layers.removeValue(forKey: prefix) : layers[prefix]
        }

        func keep(_ layer: LayerPatch, of prefix: FoldPrefix) { layers[prefix] = layer }

        func streams(behind prefix: FoldPrefix) -> FoldStreams? {
            if streams[prefix] != nil { taken.append(prefix.kept[prefix.kept.count - 1]) }
            return streams[prefix].map(Self.copy)
        }

        func keep(_ streams: FoldStreams, behind prefix: FoldPrefix) {
            kept.append(prefix.kept[prefix.kept.count - 1])
            self.streams[prefix] = Self.copy(streams)
        }

        /// As a file would: the fold goes on writing into what it has.
        static func copy(_ streams: FoldStreams) -> FoldStreams {
            FoldStreams(
                original: copy(streams.original), folded: streams.folded.map(copy),
                held: streams.held.map(copy))
        }

        static func copy(_ matrix: MatrixView) -> MatrixView {
            let result = MatrixView(rows: matrix.rows, columns: matrix.columns)
            result.assign(matrix)
            return result
        }
    }

    /// Nothing is selected: that takes most of the time and depends on nothing else.
    private static var settings: FoldSettings {
        var settings = ModelFoldingTests.quick
        settings.neurons = false
        settings.groupStretch = 1
        return settings
    }

    private static func fold(
        _ model: Model, without gone: [Int], _ recall: Memory?,
        observer: some WorkObserver = SilentObserver()
    ) throws -> [UInt8] {
        var all = WeightPatch()
        try ModelFolding(
            model.weights, mode: .float32, batch: ModelFoldingTests.demoBatch(),
            settings: settings
        ).run(
            keeping: (0..<16).filter { !gone.contains($0) }, recall: recall,
            observer: observer
        ) { patch in
            #expect(Set(all.layers.keys).isDisjoint(with: patch.layers.keys), "given once")
            all.add(patch)
        }
        return all.archive(naming: model.blueprint.layers).bytes
    }

    /// A plan, what it finds of the plans before it, by original layers: folded layers, the layer
    /// behind which it begins, and those behind which it leaves streams.
    struct Plan {
        let gone: [Int]
        let found: [Int]
        let begins: [Int]
        let leaves: [Int]
    }

    @Test("layers and streams that were kept are used, and give the same bytes")
    func recall() throws {
        let model = try ModelFoldingTests.demo()
        let memory = Memory()
        // Nothing is done before layer 2, which takes 3; streams stay behind four layers or more
        // that were only passed.
        let plans = [
            Plan(gone: [3, 7], found: [], begins: [], leaves: []),
            Plan(gone: [3, 7, 8], found: [2, 4, 5], begins: [], leaves: [5]),
            Plan(gone: [3, 12], found: [2, 4, 5], begins: [5], leaves: []),
            Plan(gone: [12], found: [], begins: [], leaves: [10]),
            Plan(gone: [12, 15], found: [11, 13], begins: [10], leaves: []),
        ]
        for plan in plans {
            let alone = try Self.fold(model, without: plan.gone, nil)
            memory.begin()
            // Not within the expectation, which would look for how megabytes differ.
            let isSame = try Self.fold(model, without: plan.gone, memory) == alone
            #expect(isSame, "\(plan.gone)")
            #expect(memory.found == Set(plan.found), "\(plan.gone)")
            #expect(memory.taken == plan.begins, "\(plan.gone)")
            #expect(memory.kept == plan.leaves, "\(plan.gone)")
            // Once more: all layers are there, and nobody asks for streams.
            memory.begin()
            let isSameAgain = try Self.fold(model, without: plan.gone, memory) == alone
            #expect(isSameAgain, "\(plan.gone)")
            #expect(memory.taken.isEmpty && memory.kept.isEmpty, "\(plan.gone)")
        }
    }

    @Test("layers that are gone are folded again, the same, and given once")
    func gaps() throws {
        let model = try ModelFoldingTests.demo()
        let memory = Memory()
        let alone = try Self.fold(model, without: [3, 14], memory)
        let lost = try #require(memory.layers.keys.first { $0.kept.last == 7 })
        let patch = memory.layers.removeValue(forKey: lost)
        let hearer = Hearer()
        let isSame =
            try Self.fold(model, without: [3, 14], memory, observer: hearer) == alone
        #expect(isSame)
        // Of the 14 new layers the first 6 are known: a rate that counted them would be wrong.
        let whole = Hearer()
        _ = try Self.fold(model, without: [3, 14], Memory(), observer: whole)
        #expect(try #require(hearer.totals.first) < (try #require(whole.totals.first)))
        #expect(hearer.done.max() == hearer.totals.first)
        #expect(hearer.done == hearer.done.sorted())
        func bytes(_ patch: LayerPatch?) -> [UInt8]? {
            patch.map {
                WeightPatch($0, ofLayer: 0).archive(naming: model.blueprint.layers).bytes
            }
        }
        let isBack = patch != nil && bytes(memory.layers[lost]) == bytes(patch)
        #expect(isBack)
        memory.layers.removeValue(forKey: lost)
        memory.streams = [:]
        memory.forgets = true
        let isSameAgain = try Self.fold(model, without: [3, 14], memory) == alone
        #expect(isSameAgain)
    }

    @Test("streams that are not whole, or of another shape, are not taken")
    func unfit() throws {
        let model = try ModelFoldingTests.demo()
        let memory = Memory()
        _ = try Self.fold(model, without: [3, 12], memory)
        _ = try Self.fold(model, without: [3, 9], memory)
        let (prefix, whole) = try #require(memory.streams.first)
        let layers = memory.layers.filter { $0.key.end <= 8 }
        let (folded, held) = (try #require(whole.folded), try #require(whole.held))
        func folds(from streams: FoldStreams?) throws -> [UInt8] {
            memory.layers = layers
            memory.streams = [:]
            memory.streams[prefix] = streams
            return try Self.fold(model, without: [3, 9, 14], memory)
        }
        let alone = try folds(from: nil)
        let original = whole.original
        for unfit in [
            FoldStreams(original: original, folded: nil, held: held),
            FoldStreams(original: original, folded: folded, held: nil),
            FoldStreams(original: original.rows(0..<9), folded: folded, held: held),
            FoldStreams(original: original, folded: folded.columns(0..<8), held: held),
            FoldStreams(original: original, folded: folded, held: held.rows(0..<1)),
        ] {
            let isSame = try folds(from: unfit) == alone
            #expect(isSame)
        }
        // They are used, or the test would say nothing.
        folded.fill(0)
        let isOther = try folds(from: whole) != alone
        #expect(isOther)
    }
}
