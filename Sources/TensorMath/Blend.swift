// Weighted sums of weights, the arithmetic of a fold: f32, one multiplication and one addition
// per share, in the order of the shares.

/// `BlendCheck.swift` holds what was stored against it.
package enum Blend {
    /// Rows `range` of sum_i weights[i] * matrices[i], as [range.count, columns].
    ///
    /// - Parameters:
    ///   - matrices: of one shape, any formats.
    ///   - scratch: receives one widened share; [range.count, columns] as `target`.
    package static func rows(
        _ range: Range<Int>, of matrices: [WeightMatrix], weights: [Double],
        into target: MatrixView, scratch: MatrixView
    ) {
        precondition(matrices.count == weights.count && !matrices.isEmpty, "a weight for each")
        for (index, matrix) in matrices.enumerated() {
            precondition(matrix.columns == target.columns, "shapes differ")
            let weight = Float(weights[index])
            matrix.convert(rows: range, to: index == 0 ? target : scratch)
            Parallel.forEachRun(of: range.count, grain: max(1, 65_536 / max(1, target.columns))) {
                run in
                for row in run {
                    let sum = unsafe target.pointer(row: row)
                    let share = unsafe scratch.pointer(row: row)
                    if index == 0 {
                        for column in 0..<target.columns { unsafe sum[column] *= weight }
                    } else {
                        for column in 0..<target.columns {
                            unsafe sum[column] += weight * share[column]
                        }
                    }
                }
            }
        }
    }
}

extension FloatFormat {
    /// Explicit significand bits: the distance of neighbours is 2^(exponent - bits).
    package var significandBits: Int {
        switch self {
        case .f32: 23
        case .f16: 10
        case .bf16: 7
        }
    }

    /// The smallest normal number.
    package var leastNormal: Double { self == .f16 ? 0x1p-14 : 0x1p-126 }
}
