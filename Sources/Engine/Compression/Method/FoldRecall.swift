// What folds before left: a fold that was stopped goes on where it was, and folds that begin alike
// share their layers and the streams behind them, whatever their ratios.

package import Model
package import TensorMath

/// What a folded layer, and the streams behind it, depend on beside the model, the tokens and the
/// settings: layers are folded from first to last, and none knows of those behind it.
package struct FoldPrefix: Hashable, Sendable {
    /// Original layers that stay, ascending; the last is the one that was folded.
    package let kept: [Int]
    /// First original layer behind those that went into it.
    package let end: Int
    /// Whether every layer is computed anew, with fewer neurons.
    package let isNarrowed: Bool

    package init(kept: [Int], end: Int, isNarrowed: Bool = false) {
        self.kept = kept
        self.end = end
        self.isNarrowed = isNarrowed
    }

    /// Index in the new model of the layer that was folded.
    package var newLayer: Int { kept.count - 1 }

    /// Whether no layer is missing or narrowed, so that nothing was folded: no settings matter.
    package var isOriginal: Bool { kept.count == end && !isNarrowed }
}

/// Residual streams behind a prefix, [tokens, width] each.
package struct FoldStreams {
    /// Of the tokens that are fitted, in the original: what folds aim at.
    package let original: MatrixView
    /// Of the same tokens, in the folded model; nil where it is the original so far.
    package let folded: MatrixView?
    /// Of the sequences held back, in the folded model; nil without any.
    package let held: MatrixView?

    package init(original: MatrixView, folded: MatrixView?, held: MatrixView?) {
        self.original = original
        self.folded = folded
        self.held = held
    }
}

/// What folds before left behind, by prefix; nil where nothing is kept.
package protocol FoldRecall {
    /// The tensors of a prefix's last layer.
    func layer(_ prefix: FoldPrefix) throws -> LayerPatch?
    func keep(_ layer: LayerPatch, of prefix: FoldPrefix) throws
    func streams(behind prefix: FoldPrefix) throws -> FoldStreams?
    func keep(_ streams: FoldStreams, behind prefix: FoldPrefix) throws
}
