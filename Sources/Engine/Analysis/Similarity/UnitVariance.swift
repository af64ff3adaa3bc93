// Scaling and tie-breaking before a nearest-neighbour estimate, by the conventions of
// scikit-learn's `mutual_info_regression`.

import TensorMath

/// As `sklearn.preprocessing.scale` with `with_mean=False`; columns are `[samples]`.
enum UnitVariance {
    /// `column` divided by its standard deviation (divisor n, the mean is kept); a constant
    /// column comes back as it is.
    static func scaled(_ column: [Double]) -> [Double] {
        let count = Double(column.count)
        let mean = column.reduce(0, +) / count
        let variance = column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
        let deviation = variance.squareRoot()
        // What is left of a constant by rounding is not a scale.
        let rounding = 10 * Double.ulpOfOne * column.reduce(0) { max($0, $1.magnitude) }
        return deviation <= rounding ? column : column.map { $0 / deviation }
    }
}

/// The noise that scikit-learn adds to continuous columns, `[samples]`, so that no two values tie.
enum TieNoise {
    /// 1e-10 of the mean magnitude (at least of 1).
    static func scale(of column: [Double]) -> Double {
        1e-10 * max(1, column.reduce(0) { $0 + $1.magnitude } / Double(column.count))
    }

    /// `column` with normal noise of that scale.
    static func added(
        to column: [Double], from generator: inout MersenneTwister
    ) -> [Double] {
        let scale = scale(of: column)
        return column.map { $0 + scale * generator.normal() }
    }
}
