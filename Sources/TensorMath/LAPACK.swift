// Factorisations of double matrices: shapes checked here, one call of LAPACKE each, and its
// `info` turned into an error. LAPACK is column-major: a symmetric matrix is its own transpose,
// the others are transposed on the way in and out.
//
// Only LAPACKE's `_work` functions are called. The others look for NaN first, by places that they
// count in 32 bits: of a matrix of more than 46,340 rows they read outside. What must be finite is
// checked here.

import CBLAS
package import Failures

/// What a factorisation can find wrong with its matrix.
package enum LinearAlgebraError: ClassifiedFailure, Equatable, CustomStringConvertible {
    /// The matrix is made of the weights and the data.
    package var failureClass: FailureClass { .user }

    /// An entry is NaN or infinite.
    case notFinite(routine: String)
    /// The iteration of an eigenvalue or singular value routine did not converge.
    case didNotConverge(routine: String, info: Int)
    /// The leading minor of this order is not positive, so there is no Cholesky factor.
    case notPositiveDefinite(order: Int)
    /// The pivot of this row is exactly zero.
    case singular(row: Int)

    package var description: String {
        switch self {
        case .notFinite(let routine):
            "\(routine): the matrix holds a NaN or an infinity, expected finite numbers"
        case .didNotConverge(let routine, let info):
            "\(routine): the iteration did not converge (info \(info))"
        case .notPositiveDefinite(let order):
            "Cholesky: the leading minor of order \(order) is not positive; the matrix is not "
                + "positive definite (add a larger ridge to its diagonal)"
        case .singular(let row):
            "solve: pivot \(row) is zero; the matrix is singular (add a ridge to its diagonal)"
        }
    }
}

/// Eigenvalues in ascending order, and their eigenvectors as the columns of `vectors` `[n, m]`.
package struct SymmetricEigen: Sendable {
    package let values: [Double]
    package let vectors: DoubleMatrix
}

/// `A = left · diag(values) · right`, singular values in descending order.
package struct SingularValues: Sendable {
    package let values: [Double]
    /// Left singular vectors as columns, `[m, min(m, n)]`.
    package let left: DoubleMatrix
    /// Right singular vectors as rows, `[min(m, n), n]`.
    package let right: DoubleMatrix
}

extension DoubleMatrix {
    /// The eigenpairs number `range` (0 is the smallest) of this symmetric matrix (dsyevr).
    ///
    /// Signs of the eigenvectors are LAPACK's. Reads the upper triangle only.
    package func symmetricEigen(_ range: Range<Int>) throws(LinearAlgebraError) -> SymmetricEigen {
        precondition(rows == columns, "eigenvalues of [\(rows), \(columns)]")
        precondition(range.lowerBound >= 0 && range.upperBound <= rows, "\(range) of \(rows)")
        guard !range.isEmpty else {
            return SymmetricEigen(values: [], vectors: DoubleMatrix(rows: rows, columns: 0))
        }
        try requireFinite("dsyevr")
        var work = values
        var found: Int32 = 0
        var eigenvalues = [Double](repeating: 0, count: rows)
        var vectors = [Double](repeating: 0, count: rows * range.count)
        var support = [Int32](repeating: 0, count: 2 * range.count)
        let order = rows.blasSize
        let info = unsafe withScratch { doubles, doubleCount, integers, integerCount in
            unsafe LAPACKE_dsyevr_work(
                LAPACK_COL_MAJOR, Job.vectors, Job.range, Job.lower, order, &work, order, 0, 0,
                (range.lowerBound + 1).blasSize, range.upperBound.blasSize, 0, &found,
                &eigenvalues, &vectors, order, &support, doubles, doubleCount,
                integers, integerCount)
        }
        guard info == 0, Int(found) == range.count else {
            throw .didNotConverge(routine: "dsyevr", info: Int(info))
        }
        return SymmetricEigen(
            values: Array(eigenvalues.prefix(range.count)),
            vectors: DoubleMatrix(rows: range.count, columns: rows, values: vectors).transposed)
    }

    /// All eigenvalues of this symmetric matrix, ascending (dsyevd without vectors).
    package func symmetricEigenvalues() throws(LinearAlgebraError) -> [Double] {
        precondition(rows == columns, "eigenvalues of [\(rows), \(columns)]")
        guard rows > 0 else { return [] }
        try requireFinite("dsyevd")
        var work = values
        var eigenvalues = [Double](repeating: 0, count: rows)
        let order = rows.blasSize
        let info = unsafe withScratch { doubles, doubleCount, integers, integerCount in
            unsafe LAPACKE_dsyevd_work(
                LAPACK_COL_MAJOR, Job.valuesOnly, Job.lower, order, &work, order, &eigenvalues,
                doubles, doubleCount, integers, integerCount)
        }
        guard info == 0 else { throw .didNotConverge(routine: "dsyevd", info: Int(info)) }
        return eigenvalues
    }

    /// The thin singular value decomposition (dgesdd). Signs are LAPACK's.
    package func singularValueDecomposition() throws(LinearAlgebraError) -> SingularValues {
        let rank = min(rows, columns)
        guard rank > 0 else {
            return SingularValues(
                values: [], left: DoubleMatrix(rows: rows, columns: 0),
                right: DoubleMatrix(rows: 0, columns: columns))
        }
        try requireFinite("dgesdd")
        // Column-major [m, n] is the transposed row-major array.
        var work = transposed.values
        var singular = [Double](repeating: 0, count: rank)
        var left = [Double](repeating: 0, count: rows * rank)
        var right = [Double](repeating: 0, count: rank * columns)
        var places = [Int32](repeating: 0, count: 8 * rank)
        let (height, width) = (rows.blasSize, columns.blasSize)
        let info = unsafe withScratch { doubles, doubleCount, _, _ in
            unsafe LAPACKE_dgesdd_work(
                LAPACK_COL_MAJOR, Job.thin, height, width, &work, height, &singular, &left, height,
                &right, rank.blasSize, doubles, doubleCount, &places)
        }
        guard info == 0 else { throw .didNotConverge(routine: "dgesdd", info: Int(info)) }
        return SingularValues(
            values: singular,
            left: DoubleMatrix(rows: rank, columns: rows, values: left).transposed,
            right: DoubleMatrix(rows: columns, columns: rank, values: right).transposed)
    }

    /// The lower Cholesky factor `C` of this positive definite matrix, `C · Cᵀ` (dpotrf).
    ///
    /// Reads the lower triangle only; the factor's upper triangle is zero.
    package func cholesky() throws(LinearAlgebraError) -> DoubleMatrix {
        precondition(rows == columns, "Cholesky of [\(rows), \(columns)]")
        guard rows > 0 else { return self }
        try requireFinite("dpotrf")
        var factor = self
        unsafe try Self.factorLowerTriangle(of: &factor.values, order: rows)
        var cleaned = factor.values
        for row in 0..<rows {
            for column in row + 1..<max(row + 1, columns) { cleaned[row * columns + column] = 0 }
        }
        factor.values = cleaned
        return factor
    }

    /// `X` with `self · X = right`, for a square matrix `[n, n]` and `right` `[n, m]` (dgesv).
    package func solve(_ right: DoubleMatrix) throws(LinearAlgebraError) -> DoubleMatrix {
        precondition(rows == columns && right.rows == rows, "solve fits")
        guard rows > 0, right.columns > 0 else { return right }
        try requireFinite("dgesv")
        try right.requireFinite("dgesv")
        var work = transposed.values
        var solution = right.transposed.values
        var pivots = [Int32](repeating: 0, count: rows)
        let info = unsafe LAPACKE_dgesv_work(
            LAPACK_COL_MAJOR, rows.blasSize, right.columns.blasSize, &work, rows.blasSize, &pivots,
            &solution, rows.blasSize)
        guard info == 0 else { throw .singular(row: Int(info) - 1) }
        return DoubleMatrix(rows: right.columns, columns: rows, values: solution).transposed
    }

    /// `X` with `self · X = right`, for a positive definite matrix (dposv; lower triangle read).
    ///
    /// Takes the place of a matrix that nobody else holds.
    package consuming func solvePositiveDefinite(
        _ right: DoubleMatrix
    ) throws(LinearAlgebraError) -> DoubleMatrix {
        precondition(rows == columns && right.rows == rows, "solve fits")
        guard rows > 0, right.columns > 0 else { return right }
        try requireFinite("dposv")
        try right.requireFinite("dposv")
        var solution = right.transposed.values
        let size = rows.blasSize
        let info = unsafe LAPACKE_dposv_work(
            LAPACK_COL_MAJOR, Job.upper, size, right.columns.blasSize, &values, size, &solution,
            size)
        guard info == 0 else { throw .notPositiveDefinite(order: Int(info)) }
        return DoubleMatrix(rows: right.columns, columns: right.rows, values: solution).transposed
    }

    /// Puts the inverse of this positive definite matrix in its place (dpotrf and dpotri).
    ///
    /// Only the lower triangle is read. After an error the entries mean nothing.
    package mutating func invertPositiveDefinite() throws(LinearAlgebraError) {
        precondition(rows == columns, "inverse of [\(rows), \(columns)]")
        guard rows > 0 else { return }
        try requireFinite("dpotrf")
        let size = rows.blasSize
        unsafe try Self.factorLowerTriangle(of: &values, order: rows)
        let info = unsafe LAPACKE_dpotri_work(LAPACK_COL_MAJOR, Job.upper, size, &values, size)
        guard info == 0 else { throw .notPositiveDefinite(order: Int(info)) }
        mirrorLowerTriangle()
    }

    /// Puts the upper triangle U with `self⁻¹ = Uᵀ · U` in its place (dpotrf and dtrtri), of this
    /// positive definite matrix.
    ///
    /// Backwards in rows and columns the matrix is `L · Lᵀ`; L backwards is an upper triangle R,
    /// and `self = R · Rᵀ`, so that U is R⁻¹: the inverse itself is never made. After an error the
    /// entries mean nothing.
    package mutating func factorInverse() throws(LinearAlgebraError) {
        precondition(rows == columns, "inverse of [\(rows), \(columns)]")
        guard rows > 0 else { return }
        try requireFinite("dpotrf")
        let size = rows.blasSize
        values.reverse()
        unsafe try Self.factorLowerTriangle(of: &values, order: rows)
        values.reverse()
        // The row-major upper triangle is the column-major lower one.
        let info = unsafe LAPACKE_dtrtri_work(
            LAPACK_COL_MAJOR, Job.lower, Job.valuesOnly, size, &values, size)
        guard info == 0 else { throw .singular(row: Int(info) - 1) }
        let order = rows
        unsafe values.withUnsafeMutableBufferPointer { entries in
            for row in 1..<max(1, order) {
                unsafe entries[row * order..<row * order + row].update(repeating: 0)
            }
        }
    }

    /// Puts the lower Cholesky factor of a positive definite matrix, row-major `[order, order]`, in
    /// the place of its lower triangle, the only one that is read (dpotrf).
    package static func factorLowerTriangle(
        of entries: UnsafeMutablePointer<Double>, order: Int
    ) throws(LinearAlgebraError) {
        let size = order.blasSize
        // The row-major lower triangle is the column-major upper one.
        let info = unsafe LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, Job.upper, size, entries, size)
        guard info == 0 else { throw .notPositiveDefinite(order: Int(info)) }
    }

    private func requireFinite(_ routine: String) throws(LinearAlgebraError) {
        guard isFinite else { throw .notFinite(routine: routine) }
    }
}

/// Calls a routine to hear how much scratch it wants, and again with that.
///
/// - Returns: its `info`.
private func withScratch(
    _ routine: (
        _ doubles: UnsafeMutablePointer<Double>, _ doubleCount: Int32,
        _ integers: UnsafeMutablePointer<Int32>, _ integerCount: Int32
    ) -> Int32
) -> Int32 {
    var (doubleCount, integerCount) = (0.0, Int32(0))
    // A count of -1 is the question.
    let info = unsafe routine(&doubleCount, -1, &integerCount, -1)
    guard info == 0 else { return info }
    var doubles = [Double](repeating: 0, count: max(1, Int(doubleCount)))
    var integers = [Int32](repeating: 0, count: max(1, Int(integerCount)))
    let counts = (doubles.count.blasSize, integers.count.blasSize)
    return unsafe routine(&doubles, counts.0, &integers, counts.1)
}

/// LAPACK's one-letter arguments.
private enum Job {
    static let vectors = letter("V")
    static let valuesOnly = letter("N")
    static let range = letter("I")
    static let thin = letter("S")
    static let lower = letter("L")
    static let upper = letter("U")

    private static func letter(_ character: Unicode.Scalar) -> CChar {
        CChar(UInt8(ascii: character))
    }
}
