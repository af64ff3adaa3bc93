// How many operations sums, least squares and selections take.

import TensorMath

enum FittingWork {
    /// Z'Z, of which one triangle is summed, and Z'T.
    static func sums(tokens: Double, features: Int, targets: Int) -> Double {
        tokens * Double(features) * (Double(features) + 2 * Double(targets))
    }

    /// Factor, residual and two triangles.
    static func ridge(features: Int, targets: Int) -> Double {
        let (features, targets) = (Double(features), Double(targets))
        return features * features * (features / 3 + 4 * targets)
    }

    /// What a selection begins with: the inverse, and the weights of all features.
    static func inversion(features: Int, targets: Int) -> Double {
        let (features, targets) = (Double(features), Double(targets))
        return features * features * (features + 2 * targets)
    }

    /// What each feature that goes takes from the inverse and from the weights.
    static func removal(features: Int, leaving: Int, targets: Int) -> Double {
        let (all, gone, targets) = (Double(features), Double(leaving), Double(targets))
        // The mean of (all - i)^2 and of (all - i) over the features that go.
        let left = all - gone
        let square = (all * all + all * left + left * left) / 3
        return gone * (2 * square + (all + left) * targets)
    }
}
