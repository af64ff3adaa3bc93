// Which type computes the weights of a method, from what parameters and in how much memory: the one
// place where the stage `weights` tells methods apart.

import Catalogue
import Engine
import Store
import TensorMath

struct WeightWork {
    /// Names of the parameters that the weights depend on, beside the kept layers.
    let parameters: [String]
    /// What else they depend on.
    var more: [String: KeyJSON] = [:]
    let peakBytes: Int
    /// Gives what it computed, layer by layer.
    let compute: (ProgressReporter, _ give: (WeightPatch) throws -> Void) throws -> Void

    /// - Parameter kept: original layers that the plan keeps, in their order in the new model.
    init(
        _ request: PlanRequest, keeping kept: [Int], weights: ModelWeights,
        batch: PackedSequences, mode: ComputeMode
    ) {
        switch request.method {
        case "fold":
            let settings = FoldSettings(request.parameters)
            parameters = ["group_run", "inputs", "lambda", "neurons", "refit"]
            peakBytes = settings.peakByteCount(weights.blueprint, keeping: kept, tokens: batch)
            compute = { progress, give in
                try ModelFolding(weights, mode: mode, batch: batch, settings: settings)
                    .run(keeping: kept, observer: progress, give: give)
            }
        case "replaceme":
            let lambda = request.parameters.number("lambda")
            parameters = ["lambda"]
            peakBytes = BlockReplacement.peakByteCount(
                weights.blueprint, tokens: batch, mode: mode)
            compute = { progress, give in
                let replacement = BlockReplacement(
                    weights, mode: mode, batch: batch, lambda: lambda)
                try give(try replacement.run(keeping: kept, observer: progress))
            }
        case "sparsegpt":
            let share = request.ratio ?? 0
            var regression = SparseRegression(
                pattern: request.parameters.text("pattern") == "2:4"
                    ? .twoOfFour : .unstructured(share: share))
            regression.damping = request.parameters.number("damping")
            parameters = ["damping", "pattern"]
            more = ["ratio": .decimal(share)]
            peakBytes = SparsePruning.peakByteCount(
                weights.blueprint, tokens: batch, mode: mode)
            compute = { [regression] progress, give in
                try SparsePruning(weights, mode: mode, batch: batch, regression: regression)
                    .run(observer: progress, give: give)
            }
        default:
            preconditionFailure("method \(request.method) computes weights by no type")
        }
    }
}

extension FoldSettings {
    init(_ parameters: Parameters) {
        self.init()
        lambda = parameters.number("lambda")
        neurons = parameters.flag("neurons")
        groupRun = parameters.integer("group_run")
        inputs = parameters.flag("inputs")
        refit = parameters.flag("refit")
    }
}
