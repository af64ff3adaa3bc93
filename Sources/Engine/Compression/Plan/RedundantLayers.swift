// Planners that drop the layers which turn the residual stream least: single layers by Block
// Influence (ShortGPT, arXiv 2403.03853), or one contiguous block by its angle (Gromov et al.,
// arXiv 2403.17887). Both read a matrix over stretches: entry (i, j), i <= j, compares the stream
// before layer i with the one after layer j.

import Analysis

/// Plans of `shortgpt` and `angular` from a matrix [layers, layers] over stretches.
enum RedundantLayers {
    /// Drops the `removed` layers with the greatest scores, chosen at once.
    ///
    /// A tie goes to the later layer: late layers are the more redundant ones.
    static func single(_ scores: [Double], removing removed: Int) -> FoldPlan {
        let count = scores.count
        let dropped = Set(
            (0..<count).sorted { (scores[$0], $0) > (scores[$1], $1) }.prefix(removed))
        return .keeping((0..<count).filter { !dropped.contains($0) }, of: count)
    }

    /// Drops the stretch of `removed` layers whose first and last layer have the greatest entry.
    ///
    /// A tie goes to the later stretch. The last layer may be in it, and every layer from `first`
    /// on.
    static func contiguous(
        _ similarity: SimilarityMatrix, removing removed: Int, from first: Int = 0
    ) -> FoldPlan {
        precondition((1...similarity.size - 1).contains(removed), "a stretch leaves a layer")
        let count = similarity.size
        var best = first
        for start in first...count - removed
        where similarity[start, start + removed - 1] >= similarity[best, best + removed - 1] {
            best = start
        }
        return .keeping(
            (0..<count).filter { !(best..<best + removed).contains($0) }, of: count)
    }
}
