// Which mixes of fewer layers and narrower MLPs meet a budget, and which of them is taken.

import Catalogue
import Checkpoint
import EngineTestSupport
import Model
import SystemPackage
import TestSupport
import Testing

@testable import Compression

@Suite struct FoldMixTests {
    @Test("widths are multiples of 128 from just below the original's down to half")
    func widths() {
        #expect(MLPWidths.all(below: 1536) == [1408, 1280, 1152, 1024, 896, 768])
        #expect(MLPWidths.all(below: 704) == [640, 512, 384])
        #expect(MLPWidths.all(below: 256) == [128])
        #expect(MLPWidths.all(below: 128) == [] && MLPWidths.all(below: 129) == [128])
        #expect(MLPWidths.measured(of: [1280, 1280, 1408]) == [1408, 1280])
        #expect(MLPWidths.measured(of: [768, 896, 1024, 1152, 1408]) == [1408, 1024, 768])
        #expect(MLPWidths.measured(of: []) == [])
    }

    @Test("between what was measured costs are linear in the share that goes, from nothing on")
    func curve() {
        let curve = NarrowingCurve(below: 800, measured: [(400, 5), (600, 1)])
        for (width, cost) in [(800, 0.0), (700, 0.5), (600, 1), (500, 3), (400, 5), (300, 7)] {
            #expect(abs(curve.cost(of: width) - cost) < 1e-12, "\(width)")
        }
        #expect(NarrowingCurve(below: 256, measured: [(128, 4)]).cost(of: 192) == 2)
    }

    @Test("the mix of least summed cost is taken; of equals the one that keeps most layers")
    func best() {
        // Of four layers, so that what narrowing costs in those that are left is exact.
        func mix(_ removed: Int, _ layers: Double, _ narrowing: Double) -> FoldMix {
            FoldMix(
                removed: removed, of: 4, mlpWidth: narrowing > 0 ? 128 : nil, layersCost: layers,
                narrowingAll: narrowing * 4 / Double(4 - removed))
        }
        #expect(FoldMix.best(of: [mix(0, 0, 5), mix(1, 1, 3), mix(2, 6, 0)])?.removed == 1)
        #expect(FoldMix.best(of: [mix(2, 4, 0), mix(1, 1, 3), mix(0, 0, 4)])?.removed == 0)
        #expect(
            FoldMix.best(of: [mix(0, 0, StretchSelection.costMax), mix(2, 6, 0)])?.removed == 2)
        #expect(FoldMix.best(of: []) == nil)
    }

    @Test("narrowing costs nothing in layers that are gone")
    func remaining() {
        func cost(_ removed: Int) -> Double {
            FoldMix(removed: removed, of: 8, mlpWidth: 128, layersCost: 1, narrowingAll: 4)
                .narrowingCost
        }
        #expect(cost(0) == 4 && cost(2) == 3 && cost(6) == 1)
    }

    @Test("of each number of layers that goes the widest MLPs are named, and no more go than must")
    func mixes() throws {
        var random = SeededBytes(seed: 2)
        let widths = [40, 30, 20]
        for round in 0..<2000 {
            let count = 1 + random.below(7)
            // What a layer takes beside its MLP of up to 50 neurons, of 1 each.
            let each = 1 + random.below(30)
            let others = (0..<count).map { _ in round.isMultiple(of: 2) ? each : random.below(30) }
            let rest = random.below(40)
            func taken(_ kept: [Int], _ width: Int) -> Int {
                rest + kept.reduce(0) { $0 + others[$1] + width }
            }
            let all = Array(others.indices)
            let plans = (0..<count).map { gone -> [Int]? in
                guard gone > 0 else { return all }
                let kept = Array(all.shuffled(using: &random).dropFirst(gone)).sorted()
                return round % 3 > 0 && random.below(6) == 0 ? nil : kept
            }
            let limit = 1 + random.below(taken(all, 50))
            guard
                let budget = try? LayerBudget(
                    Budget(.size, .count(limit)), shares: others.map { $0 + 50 }, rest: rest,
                    areAlike: Set(others).count == 1, narrowed: taken, leastWidth: 20,
                    taken: { taken($0, 50) })
            else {
                // Met before anything goes, or by nothing at all.
                let least = all.map { taken([$0], 20) }.min() ?? 0
                #expect(taken(all, 50) <= limit || least > limit)
                continue
            }
            var wanted: [[Int]] = []
            for (gone, plan) in plans.enumerated() {
                guard let plan else { continue }
                if let width = ([50] + widths).first(where: { taken(plan, $0) <= limit }) {
                    wanted.append([gone, width])
                    if width == 50 { break }
                }
            }
            let found = budget.mixes(of: widths) { gone in
                #expect(gone > 0)
                return plans[gone]
            }
            #expect(
                found.map { [$0.removed, $0.mlpWidth ?? 50] } == wanted,
                "\(others) \(rest) at \(limit)")
        }
    }

    @Test("what a narrowed model takes is what is written of it")
    func writtenModels() throws {
        let model = try ModelFoldingTests.demo()
        let layers = model.blueprint.layers.count
        let kept = Array(0..<layers - 1)
        let patch = try ModelFoldingTests.fold(
            model, keeping: kept, ModelFoldingTests.demoBatch(8, of: 16),
            NarrowingTests.settings(384))
        for dtype in [nil, DType.f32] {
            var plan = FoldPlan.keeping(kept, of: layers)
            plan.mlpWidth = 384
            let folded = try FoldedCheckpoint(
                model: model, plan: plan, computed: patch, dtype: dtype)
            let scratch = try CheckpointScratch()
            _ = try folded.write(
                to: scratch.path, shardByteLimit: nil, observer: SilentObserver())
            let bytes = try CheckpointScratch.bytes(scratch.path.appending("model.safetensors"))
            let written = try Checkpoint(scratch.path)
            #expect(try Model(written).parameterCount == folded.parameterCount())
            #expect(folded.byteCount >= written.tensorByteCount)
            for (measure, exact) in [
                (Budget.Measure.size, bytes.count), (.parameters, try folded.parameterCount()),
            ] {
                func mixes(_ count: Int) throws -> [[Int?]] {
                    try LayerBudget(
                        Budget(measure, .count(count)), of: model, dtype: dtype,
                        shardByteLimit: nil
                    ).mixes(of: [512, 384]) { Array(0..<layers - $0) }.map {
                        [$0.removed, $0.mlpWidth]
                    }
                }
                #expect(try mixes(exact).contains([1, 384]))
                #expect(try !mixes(exact - 1).contains([1, 384]))
            }
            // The cache of keys and values does not shrink with the MLPs.
            let cache = try LayerBudget(
                Budget(.kv, .share(0.99)), of: model, dtype: dtype, shardByteLimit: nil)
            let only = cache.mixes(of: [512, 384]) { Array(0..<layers - $0) }
            #expect(only.map(\.removed) == [1] && only.map(\.mlpWidth) == [nil])
        }
    }
}
