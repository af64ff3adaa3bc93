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
    /// what rounding may do: half a unit in the last place of the stored format, and in f32 those
    /// of each weight, of each product and of the running sum. At most 1 for what `rows`
    /// computed; infinite where one of the two is a number and the other is not.
    package static func largestError(
        of stored: WeightMatrix, against matrices: [WeightMatrix], weights: [Double]
    ) -> Double {
        var largest = 0.0
        // A weight, its product, and every sum that the product is part of.
        let roundings = Double(matrices.count + 1) * 0x1p-24
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
                let allowed = 0.5 * unit + roundings * magnitude
                let value = Double(found[row, column])
                // `max` passes over a NaN, which is the worst of errors.
                guard sum.isFinite, value.isFinite else {
                    if value.isNaN != sum.isNaN || !sum.isNaN && value != sum { return .infinity }
                    continue
                }
                largest = max(largest, abs(value - sum) / allowed)
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
