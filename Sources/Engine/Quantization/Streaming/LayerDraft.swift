// A layer while its weights become codes: what they are so far, as products read them.

import Model
import Schemes
import TensorMath

/// The tensors of one layer over those of the model, and what will be written of it.
final class LayerDraft {
    let layer: LayerBlueprint
    /// As it reads now: rounded weights as they will be read back.
    let reader: LayerReader
    private(set) var result: QuantizedLayer
    private let base: ModelWeights
    private let source: FloatWeights

    init(_ weights: ModelWeights, layer index: Int, product: MatrixProduct) {
        base = weights
        layer = weights.blueprint.layers[index]
        source = FloatWeights(weights.source)
        result = QuantizedLayer(layer: index)
        reader = LayerReader(
            layer: layer,
            context: BlockContext(
                product: product,
                weights: ModelWeights(blueprint: weights.blueprint, source: source)))
    }

    /// The model with other weights than those so far, for a trial.
    func trial() -> (source: FloatWeights, context: BlockContext) {
        let trial = FloatWeights(source)
        return (
            trial,
            BlockContext(
                product: reader.context.product,
                weights: ModelWeights(blueprint: base.blueprint, source: trial))
        )
    }

    /// A weight as it is so far, [outputs, inputs].
    func weight(_ projection: ProjectionBlueprint) throws -> MatrixView {
        try reader.context.weights.projection(projection).floats()
    }

    /// A vector as it is so far, [1, n].
    func vector(_ name: String) throws -> MatrixView { try reader.context.weights.vector(name) }

    /// What the model has a weight in, and what its scales are stored in.
    func format(_ projection: ProjectionBlueprint) throws -> FloatFormat {
        try base.source.weight(projection.tensor).format
    }

    /// A weight that will be rounded later; it is not written as it is.
    func set(_ projection: ProjectionBlueprint, _ matrix: MatrixView) throws {
        guard projection.rows.count < projection.totalRows else {
            return source.set(projection.tensor, matrix)
        }
        let whole = try source.weight(projection.tensor).floats()
        whole.rows(projection.rows).assign(matrix)
        source.set(projection.tensor, whole)
    }

    /// A tensor that stays dense, rounded to the format that the model has it in.
    ///
    /// - Returns: as it will be read back.
    /// - Throws: `CalibrationFault.overflow` where the format has no such numbers.
    @discardableResult
    func setDense(_ name: String, _ matrix: MatrixView) throws -> MatrixView {
        let format = try base.source.weight(name).format
        matrix.round(to: format)
        guard matrix.values().allSatisfy({ $0.isFinite }) else {
            throw CalibrationFault.overflow(tensor: name, format: format)
        }
        source.set(name, matrix)
        result.dense[name] = matrix
        return matrix
    }

    /// A weight in codes; read from now on as a loader reads it.
    func set(_ projection: ProjectionBlueprint, _ matrix: QuantizedMatrix) throws {
        result.matrices[projection.tensor.module] = matrix
        let format = try format(projection)
        source.set(projection.tensor, matrix.dequantized(in: format), as: format)
    }

    func note(_ text: String) { result.notes.append(text) }

    /// Takes what an earlier run made of the layer.
    func recall(_ kept: QuantizedLayer) throws {
        for (name, matrix) in kept.dense { try setDense(name, matrix) }
        for site in layer.mixerSites + layer.feedForwardSites {
            for projection in site.weights {
                if let matrix = kept.matrices[projection.tensor.module] {
                    try set(projection, matrix)
                }
            }
        }
        result = kept
    }
}
