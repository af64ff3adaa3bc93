// How much of each layer goes into a fold in the official code (compute_fusion_ratios).

import Glibc

extension SimilarityMatrix {
    /// The mean of a layer's row, the diagonal included.
    func meanSimilarity(of layer: Int) -> Double {
        (0..<size).reduce(0) { $0 + self[layer, $1] } / Double(size)
    }

    /// The official code's share of `first` when folded with `second`: the logistic function of
    /// r = s_i / (s_i + s_j), s the layers' mean similarities; the other layer gets the rest.
    ///
    /// Between 0.5 and 0.731 for positive similarities, about 0.622 always. Where both means are
    /// zero, r is taken as one half.
    func officialRatio(_ first: Int, _ second: Int) -> Double {
        let (own, other) = (meanSimilarity(of: first), meanSimilarity(of: second))
        let share = own + other == 0 ? 0.5 : own / (own + other)
        return 1 / (1 + exp(-share))
    }

    /// The official ratios from the back: of layers (L - 2, L - 1), (L - 3, L - 2), ..., (0, 1).
    /// Each is the shares of the two; they add up to 1.
    func officialFusionRatios() -> [(Double, Double)] {
        stride(from: size - 2, through: 0, by: -1).map { layer in
            let ratio = officialRatio(layer, layer + 1)
            return (ratio, 1 - ratio)
        }
    }
}
