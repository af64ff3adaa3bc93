// Gradients by merge weights against torch autograd (Scripts/make_learning_goldens.py) and against
// central differences.

import Checkpoint
import EngineTestSupport
import Foundation
import Model
import SystemPackage
import TensorMath
import TestSupport
import Testing

@testable import Compression

enum LearnFixtures {
    static func read<Value: Decodable>(_ name: String, as type: Value.Type) throws -> Value {
        let folder = Places.fixtures.appending(path: "learn")
        return try JSONDecoder().decode(
            Value.self, from: try Data(contentsOf: folder.appending(path: name + ".json")))
    }

    /// A plan that folds runs of layers with equal shares, all others kept.
    static func plan(_ runs: [[Int]], of layers: Int) -> FoldPlan {
        let gone = Set(runs.flatMap { $0.dropFirst() })
        var plan = FoldPlan.keeping((0..<layers).filter { !gone.contains($0) }, of: layers)
        for place in plan.layers.indices {
            let first = plan.layers[place].from[0].layer
            guard let run = runs.first(where: { $0[0] == first }) else { continue }
            plan.layers[place].from = run.map {
                LayerShare(layer: $0, weight: 1 / Double(run.count))
            }
        }
        return plan
    }

    static func demo() throws -> Model {
        try Model(try Checkpoint(FilePath(Places.demoModel.path)))
    }
}

@Suite struct MergeGradientTests {
    struct Golden: Decodable, CustomTestStringConvertible {
        let model: String
        let objective: String
        let scope: String
        let lengths: [Int]
        let tensors: [String]
        let values: [Double]
        let loss: Double
        let gradient: [Double]
        var testDescription: String { "\(model), \(objective) by \(scope)" }
    }

    static let goldens = (try? LearnFixtures.read("gradient", as: [Golden].self)) ?? []

    @Test("the golden cases are there")
    func present() { #expect(Self.goldens.count == 8) }

    @Test("loss and gradient are torch's", arguments: goldens)
    func torch(_ golden: Golden) throws {
        let model = try ArchitectureFixtures.model(golden.model)
        let batch = PackedSequences(ArchitectureFixtures.tokens(golden.lengths, of: model))
        let objective = try MergeObjective(
            model.weights, plan: LearnFixtures.plan([[0, 1]], of: 2),
            scope: try #require(WeightScope(rawValue: golden.scope)),
            objective: try #require(LearnObjective(rawValue: golden.objective)),
            differentiates: true, batch: batch, observer: SilentObserver())
        // Where each of the golden's tensors stands in our list: its weight tells its place.
        let places: [Int] =
            golden.tensors.isEmpty
            ? [0]
            : try {
                let marks = objective.start.indices.map { Double($0 + 1) / 100 }
                let share = objective.plan(with: marks).layers[0].from[0]
                return try golden.tensors.map { name in
                    let mark = try #require(share.tensorWeights?[name])
                    return Int((mark * 100).rounded()) - 1
                }
            }()
        #expect(places.sorted() == Array(objective.start.indices))
        var values = objective.start
        for (place, value) in zip(places, golden.values) { values[place] = value }
        let found = try objective.gradient(
            values, on: [0, 1], observer: SilentObserver())
        // Ours computes in f32, torch in double.
        #expect(abs(found.loss - golden.loss) < 2e-6 * golden.loss)
        let largest = golden.gradient.map { abs($0) }.max() ?? 0
        for (place, slope) in zip(places, golden.gradient) {
            #expect(abs(found.gradient[place] - slope) < 1e-4 * largest)
        }
    }

    /// The largest error of the gradient against the central difference of fourth order,
    /// (8 (L(x + h) - L(x - h)) - (L(x + 2h) - L(x - 2h))) / 12h, as a share of its largest entry.
    private static func differenceError(
        _ model: Model, _ plan: FoldPlan, _ scope: WeightScope, _ kind: LearnObjective,
        _ batch: PackedSequences, step: Double
    ) throws -> Double {
        let objective = try MergeObjective(
            model.weights, plan: plan, scope: scope, objective: kind, differentiates: true,
            batch: batch, observer: SilentObserver())
        let all = Array(batch.ranges.indices)
        var values = objective.start
        // Off the symmetric middle, differently for each.
        for index in values.indices { values[index] += 0.03 * Double(index % 5) - 0.05 }
        let found = try objective.gradient(values, on: all, observer: SilentObserver()).gradient
        let largest = found.map { abs($0) }.max() ?? 0
        var error = 0.0
        for index in values.indices {
            let sides = try [step, -step, 2 * step, -2 * step].map { move in
                var moved = values
                moved[index] += move
                return try objective.loss(moved, on: all, observer: SilentObserver())
            }
            let difference =
                (8 * (sides[0] - sides[1]) - (sides[2] - sides[3])) / (12 * step)
            error = max(error, abs(difference - found[index]) / largest)
        }
        return error
    }

    @Test(
        "gradients are the central differences of the loss",
        arguments: [
            "llama-odd-linear", "llama-tied-yarn", "phi3-longrope-partial", "qwen2-dynamic-window",
        ], WeightScope.allCases)
    func differences(name: String, scope: WeightScope) throws {
        let model = try ArchitectureFixtures.model(name)
        let batch = PackedSequences(ArchitectureFixtures.tokens([40, 1, 60, 7], of: model))
        let plan = LearnFixtures.plan(
            [Array(model.blueprint.layers.indices)],
            of: model.blueprint.layers.count)
        for kind in LearnObjective.allCases {
            // Rounding of f32 losses over h, and the fifth derivative times h^4.
            #expect(
                try Self.differenceError(model, plan, scope, kind, batch, step: 0.02) < 1e-3,
                "\(kind)")
        }
    }

    @Test("so they are through layers between and behind the folds, aligned or not")
    func deep() throws {
        let model = try LearnFixtures.demo()
        let batch = PackedSequences(ArchitectureFixtures.tokens([48, 48], of: model))
        var plan = LearnFixtures.plan([[2, 3, 4], [8, 9]], of: 16)
        let found = try PlanAligner(model.weights, cost: .weights, mode: .float32, batch: nil)
            .align(plan.alignmentPairs, observer: SilentObserver())
        for aligned in [false, true] {
            if aligned { plan = plan.aligned(found) }
            #expect(
                try Self.differenceError(model, plan, .pair, .loss, batch, step: 0.01) < 1e-3)
        }
        plan.foldsNorms = false
        #expect(try Self.differenceError(model, plan, .pair, .kl, batch, step: 0.01) < 1e-3)
    }

    @Test("the loss of the plan's own weights is that of the written model")
    func written() throws {
        let model = try LearnFixtures.demo()
        let batch = PackedSequences(ArchitectureFixtures.tokens([64, 32], of: model))
        let plan = LearnFixtures.plan([[2, 3, 4], [8, 9]], of: 16)
        let objective = try MergeObjective(
            model.weights, plan: plan, scope: .tensor, objective: .loss, differentiates: false,
            batch: batch, observer: SilentObserver())
        #expect(
            objective.plan(with: objective.start).layers[2].from.allSatisfy {
                abs($0.weight - 1.0 / 3) < 1e-12
            })
        // Weights of single tensors, written, verified, and measured again.
        let values = objective.start.indices.map { 0.3 + 0.4 * Double($0 % 7) / 6 }
        let learned = objective.plan(with: values)
        try learned.validate()
        let folded = try FoldedCheckpoint(model: model, plan: learned, dtype: .f32)
        let (scratch, checkpoint) = try FoldedCheckpointTests.write(folded)
        #expect(try folded.verify(checkpoint) <= 1)
        let search = LossSearch(
            weights: try Model(checkpoint).weights, mode: .float32, batch: batch)
        let wanted = try search.loss(keeping: nil, SilentObserver())
        withExtendedLifetime(scratch) {}
        let found = try objective.loss(values, on: [0, 1], observer: SilentObserver())
        #expect(abs(found - wanted) < 1e-5)
    }

    @Test("what has no gradient here is refused by layer and reason; the loss is not")
    func refusals() throws {
        let model = try ArchitectureFixtures.model("jamba-odd")
        let batch = PackedSequences(ArchitectureFixtures.tokens([9], of: model))
        let layers = model.blueprint.layers
        func objective(_ plan: FoldPlan, differentiates: Bool) throws -> MergeObjective {
            try MergeObjective(
                model.weights, plan: plan, scope: .pair, objective: .loss,
                differentiates: differentiates, batch: batch, observer: SilentObserver())
        }
        let plan = LearnFixtures.plan([[0, 1]], of: layers.count)
        let error = #expect(throws: LearnError.self) {
            try objective(plan, differentiates: true)
        }
        #expect(error?.description.contains("layer 0: it has a mixer that is a Mamba") == true)
        #expect(throws: LearnError.nothingToLearn) {
            try objective(
                .keeping(Array(layers.indices), of: layers.count), differentiates: false)
        }
    }
}
