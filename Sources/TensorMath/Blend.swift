// Weighted sums of weights, the arithmetic of a fold: f32, one multiplication and one addition
// per share, in the order of the shares.

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

    /// The largest |stored - sum_i weights[i] * matrices[i]| (the sum in double), as a share of
    /// what rounding may do: half a unit in the last place of the stored format, and two f32
    /// roundings of each share. At most 1 for what `rows` computed.
    package static func largestError(
        of stored: WeightMatrix, against matrices: [WeightMatrix], weights: [Double]
    ) -> Double {
        var largest = 0.0
        let found = stored.floats()
        let shares = matrices.map { $0.floats() }
        for row in 0..<stored.rows {
            for column in 0..<stored.columns {
                var sum = 0.0
                var size = 0.0
                for (share, weight) in zip(shares, weights) {
                    let term = weight * Double(share[row, column])
                    sum += term
                    size += abs(term)
                }
                let magnitude = max(size, stored.format.leastNormal)
                let unit = pow2(
                    max(abs(sum), stored.format.leastNormal).exponent
                        - Double.Exponent(stored.format.significandBits))
                let allowed = 0.5 * unit + 0x1p-22 * magnitude
                largest = max(largest, abs(Double(found[row, column]) - sum) / allowed)
            }
        }
        return largest
    }

    private static func pow2(_ exponent: Double.Exponent) -> Double {
        Double(sign: .plus, exponent: exponent, significand: 1)
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
