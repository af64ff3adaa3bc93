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
    /// Of the capture and of the measure: versions only grow, and so does their sum.
    var version: Int { ActivationCapture.version + measure.version - 1 }
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

    var kind: String { "\(name) \(measure.name)" }

    var work: Work {
        let blueprint = model.model.blueprint
        let compared = SimilarityWork(
            layers: blueprint.layers.count, rows: capture.rows.rows.count,
            width: blueprint.hiddenWidth)
        let isEmbedded = measure is any EmbeddedMeasure
        return Work(
            operations: forward.recordingOperations(capture.rows, of: tokens.batch)
                + (isEmbedded ? compared.embedding.operations : 0)
                + compared.comparison(width: isEmbedded ? 2 : blueprint.hiddenWidth).operations)
    }

    private var forward: ForwardPass {
        ForwardPass(weights: model.model.weights, mode: numerics.mode)
    }

    /// A pass and then the comparison, beside the rows of all boundaries.
    var plannedPeak: Int? {
        let (blueprint, rows) = (model.model.blueprint, capture.rows.rows.count)
        let pass = ForwardMemory(
            blueprint: blueprint, batch: tokens.batch, capturedRows: rows,
            waveTokens: forward.waveTokens, mode: numerics.mode
        ).total
        let shape = BoundaryShape(
            layers: blueprint.layers.count, samples: rows, width: blueprint.hiddenWidth)
        return max(pass, measure.peakByteCount(shape, SimilarityParameters(parameters)))
            + 4 * rows * blueprint.hiddenWidth * (blueprint.layers.count + 1)
    }

    func assumed(_ unknown: StageResult) -> IdentifiedSimilarity {
        IdentifiedSimilarity(measure, assuming: model.model.blueprint.layers.count, unknown)
    }

    func compute(_ outputs: inout StageOutputs, _ cache: StageCache) throws {
        var rows: [LayerRows] = []
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
