// Stage `folded-similarity`: the heat map of a folded model, after the fold. It measures a new
// model, so it is no part of the analysis that jobs share: activations are used once and not kept.

import Analysis
import Catalogue
import JSON
import Model
import Store
import TensorMath

struct FoldedSimilarityStage {
    let cache: StageCache
    let progress: ProgressReporter
    let numerics: Numerics

    func measure(
        _ name: String, parameters: Parameters, model: FoldedModel, tokens: TokenisedSet,
        representation: String, label: String
    ) throws -> IdentifiedSimilarity {
        let capture = try Capture.rows(
            for: name, representation: representation, batch: tokens.batch)
        let request = StageRequest(
            name: "folded-similarity",
            inputs: [
                (role: "model", digest: model.identity), (role: "tokens", digest: tokens.digest),
            ],
            params: [
                "measure": .string(name), "numerics": numerics.key,
                "parameters": parameters.canonical(), "representation": .string(capture.name),
            ],
            detail: "\(label): \(name), \(model.model.blueprint.layers.count) layers")
        let result = try cache.run(request) { outputs in
            var rows: [LayerRows] = []
            let forward = ForwardPass(weights: model.model.weights, mode: numerics.mode)
            try forward.record(capture.rows, of: tokens.batch, observer: progress) { _, matrix in
                rows.append(
                    LayerRows(
                        count: matrix.rows, width: matrix.columns, values: matrix.values()))
            }
            let matrix = try SimilarityMeasures.find(name).similarity(
                of: rows, parameters: SimilarityParameters(parameters))
            try IdentifiedSimilarity.put(matrix, into: &outputs)
        }
        return try IdentifiedSimilarity(measure: name, reading: result, of: request.name, cache)
    }
}
