// Stage `folded-similarity`: the heat map of a folded model, after the fold. It measures a new
// model, so it is no part of the analysis that jobs share: activations are used once and not kept.

import Analysis
import Catalogue
import JSON
import Model
import Store
import TensorMath

struct FoldedSimilarityStage: Stage {
    let name = "folded-similarity"
    let measure: any SimilarityMeasure
    let parameters: Parameters
    let representation: Representation
    let model: FoldedModel
    let tokens: TokenisedSet
    let numerics: Numerics
    /// The result's id.
    let label: String

    private var capture: (name: String, rows: ActivationCapture) {
        measure.capture(representation, of: tokens.batch)
    }

    var inputs: StageInputs {
        [(role: "model", digest: model.identity), (role: "tokens", digest: tokens.digest)]
    }

    var params: KeyJSON {
        [
            "measure": .string(measure.name), "numerics": numerics.key,
            "parameters": parameters.canonical(), "representation": .string(capture.name),
        ]
    }

    var detail: String {
        "\(label): \(measure.name), \(model.model.blueprint.layers.count) layers"
    }

    func compute(_ outputs: inout StageOutputs, _ cache: StageCache) throws {
        var rows: [LayerRows] = []
        let forward = ForwardPass(weights: model.model.weights, mode: numerics.mode)
        try forward.record(capture.rows, of: tokens.batch, observer: cache.progress) {
            _, matrix in
            rows.append(
                LayerRows(count: matrix.rows, width: matrix.columns, values: matrix.values()))
        }
        let matrix = try measure.similarity(of: rows, parameters: SimilarityParameters(parameters))
        try IdentifiedSimilarity.put(matrix, into: &outputs)
    }

    func decode(_ stored: StageResult) throws -> IdentifiedSimilarity {
        try IdentifiedSimilarity(measure, reading: stored)
    }
}
