// Stage `learn`: the plan's merge weights, learned on calibration tokens.

import Catalogue
import Compression
import Foundation
import JSON
import Model
import Report
import Store

/// The plan with its weights, and the way to them.
struct LearnedPlan: Codable {
    var plan: FoldPlan
    var learned: LearnedWeights
}

struct LearnStage: Stage {
    let name = "learn"
    let version = 2
    let original: CalibratedModel
    let plan: IdentifiedPlan
    private let parameters: Parameters
    private let way: Way
    private let objective: LearnObjective
    private let scope: WeightScope
    private let numerics: Numerics

    private enum Way: String { case gradient, bayesian }

    /// Nil where the request learns no weights.
    init?(
        _ plan: IdentifiedPlan, _ request: PlanRequest, _ original: CalibratedModel,
        numerics: Numerics
    ) {
        parameters = request.parameters
        guard let way = parameters.values["weights"]?.text.flatMap(Way.init),
            let objective = LearnObjective(rawValue: parameters.text("objective"))
        else { return nil }
        self.original = original
        self.plan = plan
        self.way = way
        self.objective = objective
        self.numerics = numerics
        scope =
            way == .gradient ? WeightScope(rawValue: parameters.text("per")) ?? .pair : .pair
    }

    var inputs: StageInputs { original.inputs + [(role: "plan", digest: plan.digest)] }

    var params: KeyJSON {
        [
            "numerics": numerics.key,
            "parameters": parameters.canonical(["weights"] + MethodDeclaration.learningNames),
        ]
    }

    var detail: String {
        "\(way), \(parameters.integer("steps")) steps on "
            + "\(original.batch.ranges.count) samples, objective \(objective.rawValue)"
    }

    var plannedPeak: Int? {
        MergeObjective.peakByteCount(
            original.model.blueprint, plan: plan.plan, tokens: original.batch,
            objective: objective)
    }

    var kind: String { "\(name) \(way.rawValue)" }

    var work: Work {
        let blueprint = original.model.blueprint
        return switch way {
        case .gradient: GradientLearning(parameters).work(blueprint, tokens: original.batch)
        case .bayesian: BayesianLearning(parameters).work(blueprint, tokens: original.batch)
        }
    }

    func assumed(_ unknown: StageResult) -> LearnedPlan {
        LearnedPlan(
            plan: plan.plan, learned: LearnedWeights(values: [], steps: [], chosen: 0))
    }

    func compute(_ outputs: inout StageOutputs, _ cache: StageCache) throws {
        let split = try LearningSplit(original.batch, heldBack: parameters.number("held_back"))
        let merge = try MergeObjective(
            original.model.weights, plan: plan.plan, scope: scope, objective: objective,
            differentiates: way == .gradient, batch: original.batch, observer: cache.progress)
        let learned =
            switch way {
            case .gradient:
                try GradientLearning(parameters).run(merge, split: split, observer: cache.progress)
            case .bayesian:
                try BayesianLearning(parameters).run(merge, split: split, observer: cache.progress)
            }
        try outputs.put(
            "learned", json: LearnedPlan(plan: merge.plan(with: learned.values), learned: learned))
    }

    func decode(_ stored: StageResult) throws -> LearnedPlan {
        try stored.json(LearnedPlan.self, "learned")
    }

    func report(_ plan: LearnedPlan) -> RunReport.Learning {
        RunReport.Learning(
            by: way.rawValue, objective: objective.rawValue, per: scope.rawValue,
            chosen: plan.learned.chosen,
            steps: plan.learned.steps.map {
                RunReport.LearningStep(
                    step: $0.step, loss: $0.loss, calibration: $0.calibration,
                    heldBack: $0.heldBack)
            })
    }
}

extension GradientLearning {
    fileprivate init(_ parameters: Parameters) {
        self.init()
        steps = parameters.integer("steps")
        rate = parameters.number("learning_rate")
        batch = parameters.integer("batch")
        seed = UInt64(parameters.integer("seed"))
    }
}

extension BayesianLearning {
    fileprivate init(_ parameters: Parameters) {
        self.init()
        steps = parameters.integer("steps")
        seed = UInt64(parameters.integer("seed"))
    }
}
