// Single-precision sums and exponentials that round as NumPy's do, for the official reading: its
// embeddings of repeated tokens hang on the last bit of them.

/// `numpy.sum` and `numpy.exp` of float32, bit for bit.
enum Float32Arithmetic {
    /// The sum of squares of a row, as `numpy.sum(row ** 2)`: pairwise, eight partial sums in
    /// blocks of at most 128.
    static func sumOfSquares(_ row: Span<Float>) -> Float {
        sumOfSquares(row, from: 0, count: row.count)
    }

    private static func sumOfSquares(_ row: Span<Float>, from start: Int, count: Int) -> Float {
        if count > 128 {
            let half = count / 2 / 8 * 8
            return sumOfSquares(row, from: start, count: half)
                + sumOfSquares(row, from: start + half, count: count - half)
        }
        var sum: Float = 0
        let unrolled = count / 8 * 8
        if unrolled > 0 {
            var partial = SIMD8<Float>(repeating: 0)
            for block in stride(from: 0, to: unrolled, by: 8) {
                for lane in 0..<8 {
                    let value = row[start + block + lane]
                    partial[lane] += value * value
                }
            }
            sum =
                ((partial[0] + partial[1]) + (partial[2] + partial[3]))
                + ((partial[4] + partial[5]) + (partial[6] + partial[7]))
        }
        for index in unrolled..<count { sum += row[start + index] * row[start + index] }
        return sum
    }

    /// e^x for x <= 0, bit for bit as NumPy's vectorised float32 `exp`: reduction by multiples of
    /// ln 2 in two parts, then a rational function of degrees 5 and 2.
    static func exponential(_ x: Float) -> Float {
        guard x > -103.97 else { return x.isNaN ? x : 0 }
        let rounding: Float = 0x1.8p23
        let multiple = (x * 1.442_695_04 + rounding) - rounding
        var rest = x.addingProduct(multiple, -0.693_145_752)
        rest = rest.addingProduct(multiple, -1.428_606_77e-6)
        let numerator = polynomial(
            rest,
            [
                5.082_762_527_590_693_718e-04, 6.757_896_990_527_504_603e-03,
                5.114_512_081_637_298_353e-02, 2.473_615_434_895_520_811e-01,
                7.257_664_613_233_124_478e-01, 9.999_999_999_980_870_925e-01,
            ])
        let denominator = polynomial(
            rest, [2.159_509_375_685_829_852e-02, -2.742_335_390_411_667_453e-01, 1])
        return Float(sign: .plus, exponent: Int(multiple), significand: numerator / denominator)
    }

    /// Horner's rule with fused steps; `coefficients` from the highest degree down.
    private static func polynomial(_ x: Float, _ coefficients: [Float]) -> Float {
        var value = coefficients[0]
        for coefficient in coefficients.dropFirst() { value = coefficient.addingProduct(value, x) }
        return value
    }
}
