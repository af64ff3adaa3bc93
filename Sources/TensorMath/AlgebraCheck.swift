// Routines of OpenBLAS and oneDNN held against plain loops: some builds are wrong on processors
// that are younger than they are.

/// Results of one routine on fixed numbers, and what they should be.
package struct AlgebraCheck: Sendable {
    package enum Library: Sendable {
        case openBLAS, oneDNN
    }

    package let routine: String
    package let library: Library
    private let found: [Double]
    private let expected: [Double]
    private let tolerance: Double

    /// - Parameters:
    ///   - found: empty where the routine failed.
    ///   - tolerance: the largest difference that rounding explains.
    package init(
        _ routine: String, of library: Library, found: [Double], expected: [Double],
        tolerance: Double
    ) {
        self.routine = routine
        self.library = library
        self.found = found
        self.expected = expected
        self.tolerance = tolerance
    }

    /// Whether all that was found is what it should be; a NaN is not.
    package var isRight: Bool {
        found.count == expected.count
            && zip(found, expected).allSatisfy { abs($0 - $1) <= tolerance }
    }
}

extension AlgebraCheck {
    /// Every routine on sizes that fill no block of a kernel, small ones and such that threads
    /// share; some milliseconds in all.
    package static func run() -> [AlgebraCheck] {
        var generator = SeededGenerator(seed: 20)
        return [(7, 13, 5), (131, 113, 157)].flatMap { (rows, columns, inner) in
            let left = DoubleMatrix.drawn(rows, inner, by: &generator)
            let right = DoubleMatrix.drawn(columns, inner, by: &generator)
            return products(left, right) + [cholesky(left)]
                + eigenvalues(of: rows, by: &generator)
        }
    }

    /// `left · rightᵀ` by every library and in every precision, and `left · leftᵀ`.
    private static func products(_ left: DoubleMatrix, _ right: DoubleMatrix) -> [AlgebraCheck] {
        let expected = left.plainProduct(right)
        let (floats, weights) = (MatrixView(left), MatrixView(right))
        let single = MatrixView(rows: left.rows, columns: right.rows)
        single.assignProduct(floats, weights, transposingRight: true)
        let projected = MatrixView(rows: left.rows, columns: right.rows)
        let isProjected =
            (try? MatrixProduct(mode: .float32).multiply(
                floats, WeightMatrix(weights, as: .f32), into: projected)) != nil
        // As gradients and Gram sums ask for them: both transposed, added to what is there.
        let turned = MatrixView(rows: left.rows, columns: right.rows)
        turned.fill(1)
        func turnedProduct(_ mode: ComputeMode) -> [Double] {
            turned.fill(1)
            guard let product = try? MatrixProduct(mode: mode),
                (try? product.multiply(
                    product.factor(floats.transposed), product.factor(weights.transposed),
                    transposingLeft: true, into: turned, accumulate: true)) != nil
            else { return [] }
            return turned.values().map { Double($0) - 1 }
        }
        var gram = DoubleMatrix(rows: left.rows, columns: left.rows)
        gram.addGram(ofRows: left)
        gram.mirrorUpperTriangle()
        // k u sum |a b|, of k terms below 1, twice: for the plain sum in double, and for the
        // rounding of the factors in float.
        let terms = Double(left.columns)
        let (double, float) = (2 * terms * terms * 0x1p-53, 2 * terms * terms * 0x1p-24)
        return [
            AlgebraCheck(
                "dgemm", of: .openBLAS,
                found: DoubleMatrix.product(left, right, transposingRight: true).values,
                expected: expected.values, tolerance: double),
            AlgebraCheck(
                "dsyrk", of: .openBLAS, found: gram.values,
                expected: left.plainProduct(left).values, tolerance: double),
            AlgebraCheck(
                "sgemm", of: .openBLAS, found: single.values().map(Double.init),
                expected: expected.values, tolerance: float),
            AlgebraCheck(
                "float32 product", of: .oneDNN,
                found: isProjected ? projected.values().map(Double.init) : [],
                expected: expected.values, tolerance: float),
            AlgebraCheck(
                "float32 product of transposed factors", of: .oneDNN,
                found: turnedProduct(.float32), expected: expected.values,
                tolerance: float + 0x1p-22),
        ]
            + (MatrixProduct.hasNativeHalf
                ? [
                    // Each factor below 1 is rounded by 2^-9 of it at most.
                    AlgebraCheck(
                        "bfloat16 product", of: .oneDNN, found: turnedProduct(.bfloat16),
                        expected: expected.values, tolerance: terms * 0x1p-7 + 0x1p-22)
                ] : [])
    }

    /// The factor of `left · leftᵀ + order`, which the order on the diagonal conditions well.
    private static func cholesky(_ left: DoubleMatrix) -> AlgebraCheck {
        var matrix = left.plainProduct(left)
        matrix.addPlainly(Double(left.rows))
        return AlgebraCheck(
            "dpotrf", of: .openBLAS, found: (try? matrix.cholesky())?.values ?? [],
            expected: matrix.plainCholesky().values, tolerance: 1e-10)
    }

    /// Of `H · diag(1, 2, …) · H` with a reflection H, whose eigenvalues are known.
    private static func eigenvalues(
        of order: Int, by generator: inout SeededGenerator
    ) -> [AlgebraCheck] {
        let known = (1...order).map(Double.init)
        let matrix = DoubleMatrix.reflected(known, by: &generator)
        let picked = 0..<order / 2
        let pairs = try? matrix.symmetricEigen(picked)
        // A v and l v, of all pairs.
        let vectors = pairs?.vectors.transposed
        let images = vectors.map { $0.plainProduct(matrix).values } ?? []
        let scaled = vectors.map { vectors in
            picked.flatMap { row in vectors.row(row).map { known[row] * $0 } }
        }
        return [
            AlgebraCheck(
                "dsyevd", of: .openBLAS, found: (try? matrix.symmetricEigenvalues()) ?? [],
                expected: known, tolerance: 1e-9),
            AlgebraCheck(
                "dsyevr", of: .openBLAS, found: (pairs?.values ?? []) + images,
                expected: Array(known[picked]) + (scaled ?? []), tolerance: 1e-9),
        ]
    }
}

// What is held against the libraries asks none of them.
extension DoubleMatrix {
    fileprivate static func drawn(
        _ rows: Int, _ columns: Int, by generator: inout SeededGenerator
    ) -> DoubleMatrix {
        DoubleMatrix(
            rows: rows, columns: columns,
            values: (0..<rows * columns).map { _ in 2 * generator.uniform() - 1 })
    }

    /// (1 - 2 v v') diag(values) (1 - 2 v v'), v a random unit vector.
    fileprivate static func reflected(
        _ values: [Double], by generator: inout SeededGenerator
    ) -> DoubleMatrix {
        let raw = values.map { _ in generator.uniform() + 0.1 }
        let length = raw.reduce(0) { $0 + $1 * $1 }.squareRoot()
        let unit = raw.map { $0 / length }
        let middle = zip(values, unit).reduce(0) { $0 + $1.0 * $1.1 * $1.1 }
        var result = DoubleMatrix(rows: values.count, columns: values.count)
        for row in values.indices {
            for column in values.indices {
                let both = unit[row] * unit[column]
                result[row, column] =
                    (row == column ? values[row] : 0)
                    - 2 * both * (values[row] + values[column] - 2 * middle)
            }
        }
        return result
    }

    /// `self · rightᵀ`.
    fileprivate func plainProduct(_ right: DoubleMatrix) -> DoubleMatrix {
        let factors = right.transposed.values
        var result = [Double](repeating: 0, count: rows * right.rows)
        for row in 0..<rows {
            for inner in 0..<columns {
                let value = values[row * columns + inner]
                for column in 0..<right.rows {
                    result[row * right.rows + column] +=
                        value * factors[inner * right.rows + column]
                }
            }
        }
        return DoubleMatrix(rows: rows, columns: right.rows, values: result)
    }

    fileprivate mutating func addPlainly(_ value: Double) {
        for index in 0..<rows { self[index, index] += value }
    }

    /// The lower factor, column by column.
    fileprivate func plainCholesky() -> DoubleMatrix {
        var factor = [Double](repeating: 0, count: rows * rows)
        for row in 0..<rows {
            for column in 0...row {
                var rest = values[row * rows + column]
                for inner in 0..<column {
                    rest -= factor[row * rows + inner] * factor[column * rows + inner]
                }
                factor[row * rows + column] =
                    row == column ? rest.squareRoot() : rest / factor[column * rows + column]
            }
        }
        return DoubleMatrix(rows: rows, columns: rows, values: factor)
    }
}
