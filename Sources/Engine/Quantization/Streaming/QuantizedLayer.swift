// What a quantised layer is made of, and where layers that were quantised before are kept.

package import Schemes
package import TensorMath

/// What becomes of one layer's tensors; those that are not named stay.
package struct QuantizedLayer: Sendable {
    package let layer: Int
    /// By module, the tensor's full name without `.weight`.
    package var matrices: [String: QuantizedMatrix]
    /// Tensors that changed and stay dense, by full name: to be rounded to the model's format.
    /// Vectors are [1, n].
    package var dense: [String: MatrixView]
    /// What somebody should know of it.
    package var notes: [String]

    package init(
        layer: Int, matrices: [String: QuantizedMatrix] = [:], dense: [String: MatrixView] = [:],
        notes: [String] = []
    ) {
        self.layer = layer
        self.matrices = matrices
        self.dense = dense
        self.notes = notes
    }
}

/// What runs before left behind; a layer depends on the model, the tokens, the recipe and the
/// layers before it.
package protocol QuantizationRecall {
    func layer(_ index: Int) throws -> QuantizedLayer?
    func keep(_ layer: QuantizedLayer) throws
}

/// Keeps nothing.
package struct NoRecall: QuantizationRecall {
    package init() {}
    package func layer(_ index: Int) -> QuantizedLayer? { nil }
    package func keep(_ layer: QuantizedLayer) {}
}
