// `laco`: its plans are the paper's formula, and are accepted only where the output stays alike.

import Checkpoint
import Foundation
import Model
import SystemPackage
import TensorMath
import TestSupport
import Testing

@testable import Compression

@Suite struct LayerCollapseTests {
    private static func batch(_ count: Int = 4) -> PackedSequences {
        PackedSequences(
            (0..<count).map { sequence in
                (0..<64).map { Int32((sequence * 977 + $0 * 31) % 4096) }
            })
    }

    private static func plan(
        removing target: Int, _ change: (inout CollapseSettings) -> Void = { _ in }
    ) throws -> FoldPlan {
        let model = try Model(try Checkpoint(FilePath(Places.demoModel.path)))
        var settings = CollapseSettings()
        change(&settings)
        return try LayerCollapse(
            model.weights, mode: .float32, batch: batch(), settings: settings
        ).plan(removing: target, observer: SilentObserver())
    }

    @Test("one merge is the base plus the sum of the differences, from the back")
    func formula() throws {
        let plan = try Self.plan(removing: 3) { $0.threshold = -1 }
        try plan.validate()
        #expect(plan.layers.count == 13 && !plan.foldsNorms)
        #expect(
            plan.layers[12].from == [
                LayerShare(layer: 12, weight: -2), LayerShare(layer: 13, weight: 1),
                LayerShare(layer: 14, weight: 1), LayerShare(layer: 15, weight: 1),
            ])
        #expect(plan.layers[..<12].allSatisfy { $0.isCopy })
    }

    @Test("a merge of merged layers composes, and the last one takes no more than is asked for")
    func composes() throws {
        let plan = try Self.plan(removing: 5) {
            $0.threshold = -1
            $0.layersPerMerge = 3
            $0.interval = 2
        }
        try plan.validate()
        // 13-15 into 13; 11 with 12 and that one; one more, of 9 with 10.
        #expect(plan.layers.count == 11)
        #expect(
            plan.layers[10].from == [
                LayerShare(layer: 11, weight: -1), LayerShare(layer: 12, weight: 1),
                LayerShare(layer: 13, weight: -1), LayerShare(layer: 14, weight: 1),
                LayerShare(layer: 15, weight: 1),
            ])
        #expect(
            plan.layers[9].from == [
                LayerShare(layer: 9, weight: 0), LayerShare(layer: 10, weight: 1),
            ])
    }

    @Test("the range holds, and a threshold that nothing reaches is told with what was removed")
    func limits() throws {
        let plan = try Self.plan(removing: 2) {
            $0.threshold = -1
            $0.range = 4...9
            $0.layersPerMerge = 3
        }
        let merged = plan.layers.filter { !$0.isCopy }
        #expect(merged.flatMap { $0.from.map(\.layer) } == [7, 8, 9])
        #expect(
            throws: PlanError.targetNotReached(
                method: "laco", removed: 0, wanted: 2,
                advice: "choose a smaller ratio, a lower `threshold`, or a wider range")
        ) { try Self.plan(removing: 2) { $0.threshold = 1 } }
    }

    @Test("the threshold found by itself is the greatest of the grid that removes enough")
    func automatic() throws {
        let found = try Self.plan(removing: 4)
        #expect(found.layers.count == 12)
        let thresholds = (1...20).map { 1 - 0.05 * Double($0) }
        for threshold in thresholds {
            let plan = try? Self.plan(removing: 4) { $0.threshold = threshold }
            guard let plan else { continue }
            #expect(plan.layers == found.layers)
            break
        }
    }
}
