// A model whose weights were computed, as the stages behind `weights` take it.

import Catalogue
import Compression
import JSON
import Model
import Store

struct ComputedModel {
    let original: CalibratedModel
    /// Original layers that stay, in their order in the new model.
    let kept: [Int]
    let weights: IdentifiedWeights
    let input: MethodInput
    private let numerics: Numerics

    init(
        _ original: CalibratedModel, _ request: PlanRequest, kept: [Int],
        weights: IdentifiedWeights, numerics: Numerics
    ) {
        self.original = original
        self.kept = kept
        self.weights = weights
        self.numerics = numerics
        input = MethodInput(request, original, numerics)
    }

    /// What its tensors are named by.
    var layers: [LayerBlueprint] { original.model.blueprint.layers }

    var inputs: StageInputs { original.inputs + [(role: "weights", digest: weights.digest)] }

    /// - Parameter names: of the parameters that a stage's result depends on.
    func params(_ names: [String]) -> KeyJSON {
        var params: [String: KeyJSON] = [
            "kept": .array(kept.map { .integer($0) }), "numerics": numerics.key,
            "parameters": input.parameters.canonical(names),
        ]
        if let width = input.mlpWidth { params["mlp_width"] = .integer(width) }
        return .object(params)
    }
}
