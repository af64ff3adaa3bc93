// Layers that were folded before: a fold that was stopped goes on behind them, and folds that begin
// alike share them, whatever their ratios.

/// What a folded layer depends on, beside the model, the tokens and the settings: layers are folded
/// from first to last, and none knows of those behind it.
package struct FoldPrefix: Hashable, Sendable {
    /// Original layers that stay, ascending; the last is the one that was folded.
    package let kept: [Int]
    /// First original layer behind those that went into it.
    package let end: Int

    package init(kept: [Int], end: Int) {
        self.kept = kept
        self.end = end
    }
}

package struct LayerRecall {
    /// The tensors of a prefix's last layer, named as in the new model.
    let find: (FoldPrefix) throws -> WeightPatch?
    let keep: (FoldPrefix, WeightPatch) throws -> Void

    package init(
        find: @escaping (FoldPrefix) throws -> WeightPatch?,
        keep: @escaping (FoldPrefix, WeightPatch) throws -> Void
    ) {
        self.find = find
        self.keep = keep
    }
}
