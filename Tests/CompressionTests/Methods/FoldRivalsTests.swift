// A fold beside what else could be done at its size.

import EngineTestSupport
import Model
import TensorMath
import TestSupport
import Testing

@testable import Compression

@Suite struct FoldRivalsTests {
    @Test("a fold is held against its rivals, and one that changes nothing equals dropping")
    func rivals() throws {
        let model = try ModelFoldingTests.demo()
        let batch = ModelFoldingTests.demoBatch()
        let kept = [0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15]
        let settings = ModelFoldingTests.quick
        let patch = try ModelFoldingTests.fold(model, keeping: kept, batch, settings)
        let rivals = try #require(
            FoldRivals(model.weights, mode: .float32, batch: batch, settings: settings))
        let found = try rivals.compare(keeping: kept, folded: patch, observer: SilentObserver())
        #expect(found.map(\.name) == ["fold", "drop", "average", "replaceme"])
        #expect(found[0].divergence > 0 && found[0].divergence < found[1].divergence)
        #expect(found[1].divergence < found[2].divergence)
        #expect(Rival.isFirstBest(found))
        let nothing = try rivals.compare(
            keeping: kept, folded: WeightPatch(), observer: SilentObserver())
        #expect(nothing[0].divergence == nothing[1].divergence)
        #expect(Array(nothing.dropFirst()) == Array(found.dropFirst()))
        #expect(!Rival.isFirstBest([nothing[2], nothing[1]]))
        let broken = Rival(name: "drop", divergence: StretchSelection.cost(.nan))
        #expect(!Rival.isFirstBest([broken, broken]))
        #expect(
            FoldRivals(
                model.weights, mode: .float32, batch: PackedSequences([[1, 2]]),
                settings: settings) == nil)
    }

    @Test(
        "a rival that the model has no place for is left out, and named",
        arguments: ["olmoe-biased", "olmo2-bias"])
    func missingRival(name: String) throws {
        let model = try ArchitectureFixtures.model(name)
        let rivals = try #require(
            FoldRivals(
                model.weights, mode: .float32, batch: ModelFoldingTests.batch(model),
                settings: ModelFoldingTests.quick))
        let found = try rivals.compare(
            keeping: Array(0..<model.blueprint.layers.count - 1), folded: WeightPatch(),
            observer: SilentObserver())
        #expect(found.map(\.name) == ["fold", "drop", "average"])
        let reasons = FoldRivals.missing(in: found, model.blueprint)
        #expect(reasons.count == 1 && reasons[0].contains("`replaceme`"))
        #expect(reasons[0].contains("experts") || reasons[0].contains("a norm behind its MLP"))
        // Where it is among what was found, and where nothing was compared.
        let all = found + [Rival(name: "replaceme", divergence: 1)]
        #expect(FoldRivals.missing(in: all, model.blueprint) == [])
        #expect(FoldRivals.missing(in: [], model.blueprint) == [])
    }
}
