// Stage `learn`: the plan's merge weights, learned on calibration tokens.

import Catalogue
import Compression
import Foundation
import JSON
import Model
import Report
import Store

struct LearningStage {
    let cache: StageCache
    let progress: ProgressReporter
    let numerics: Numerics

    /// What the stage leaves: the plan with its weights, and the way to them.
    private struct Outcome: Codable {
        var plan: FoldPlan
        var learned: LearnedWeights
    }

    /// The plan with learned weights and their trace; the same plan where the request learns none.
    func learn(
        _ plan: IdentifiedPlan, _ request: PlanRequest, _ original: IdentifiedModel,
        tokens: TokenisedSet?
    ) throws -> (IdentifiedPlan, RunReport.Learning?) {
        let parameters = request.parameters
        guard let way = parameters.values["weights"]?.text, ["gradient", "bayesian"].contains(way),
            let tokens, let objective = LearnObjective(rawValue: parameters.text("objective"))
        else { return (plan, nil) }
        let scope =
            way == "gradient" ? WeightScope(rawValue: parameters.text("per")) ?? .pair : .pair
        let blueprint = original.model.blueprint
        let stage = StageRequest(
            name: "learn",
            inputs: [
                (role: "model", digest: original.digest), (role: "plan", digest: plan.digest),
                (role: "tokens", digest: tokens.digest),
            ],
            params: [
                "numerics": numerics.key,
                "parameters": parameters.canonical(
                    ["weights"] + MethodDeclaration.learningNames),
            ],
            detail: "\(way), \(parameters.integer("steps")) steps on "
                + "\(tokens.batch.ranges.count) samples, objective \(objective.rawValue)",
            plannedPeakBytes: MergeObjective.peakByteCount(
                blueprint, plan: plan.plan, tokens: tokens.batch, objective: objective))
        let result = try cache.run(stage) { outputs in
            let split = try LearningSplit(
                tokens.batch, heldBack: parameters.number("held_back"))
            let merge = try MergeObjective(
                original.model.weights, plan: plan.plan, scope: scope, objective: objective,
                differentiates: way == "gradient", batch: tokens.batch, observer: progress)
            let learned =
                way == "gradient"
                ? try GradientLearning(parameters).run(merge, split: split, observer: progress)
                : try BayesianLearning(parameters).run(merge, split: split, observer: progress)
            let outcome = Outcome(plan: merge.plan(with: learned.values), learned: learned)
            try outputs.put("learned", json: outcome)
        }
        let bytes = try cache.bytes(result, "learned", stage: stage.name)
        let outcome = try SortedJSON.value(Outcome.self, bytes)
        return (
            IdentifiedPlan(
                plan: outcome.plan, digest: Digest(of: try SortedJSON.bytes(outcome.plan))),
            RunReport.Learning(
                by: way, objective: objective.rawValue, per: scope.rawValue,
                chosen: outcome.learned.chosen,
                steps: outcome.learned.steps.map {
                    RunReport.LearningStep(
                        step: $0.step, loss: $0.loss, calibration: $0.calibration,
                        heldBack: $0.heldBack)
                })
        )
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
