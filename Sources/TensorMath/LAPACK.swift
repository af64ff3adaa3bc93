// Factorisations of double matrices: shapes checked here, one call of LAPACKE each, and its
// `info` turned into an error. LAPACK is column-major: a symmetric matrix is its own transpose,
// the others are transposed on the way in and out.

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
        let info = unsafe LAPACKE_dsyevr(
            LAPACK_COL_MAJOR, Job.vectors, Job.range, Job.lower, rows.blasSize,
            &work, rows.blasSize, 0, 0, (range.lowerBound + 1).blasSize,
            range.upperBound.blasSize, 0, &found, &eigenvalues, &vectors, rows.blasSize, &support)
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
        let info = unsafe LAPACKE_dsyevd(
            LAPACK_COL_MAJOR, Job.valuesOnly, Job.lower, rows.blasSize, &work, rows.blasSize,
            &eigenvalues)
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
        let info = unsafe LAPACKE_dgesdd(
            LAPACK_COL_MAJOR, Job.thin, rows.blasSize, columns.blasSize, &work, rows.blasSize,
            &singular, &left, rows.blasSize, &right, rank.blasSize)
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
        // The row-major lower triangle is the column-major upper one.
        let info = unsafe LAPACKE_dpotrf(
            LAPACK_COL_MAJOR, Job.upper, rows.blasSize, &factor.values, rows.blasSize)
        guard info == 0 else { throw .notPositiveDefinite(order: Int(info)) }
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
        let info = unsafe LAPACKE_dgesv(
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
        let info = unsafe LAPACKE_dposv(
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
        var info = unsafe LAPACKE_dpotrf(LAPACK_COL_MAJOR, Job.upper, size, &values, size)
        guard info == 0 else { throw .notPositiveDefinite(order: Int(info)) }
        info = unsafe LAPACKE_dpotri(LAPACK_COL_MAJOR, Job.upper, size, &values, size)
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
        // The row-major lower triangle is the column-major upper one, and the other way round.
        var info = unsafe LAPACKE_dpotrf(LAPACK_COL_MAJOR, Job.upper, size, &values, size)
        guard info == 0 else { throw .notPositiveDefinite(order: Int(info)) }
        values.reverse()
        info = unsafe LAPACKE_dtrtri(
            LAPACK_COL_MAJOR, Job.lower, Job.valuesOnly, size, &values, size)
        guard info == 0 else { throw .singular(row: Int(info) - 1) }
        let order = rows
        unsafe values.withUnsafeMutableBufferPointer { entries in
            for row in 1..<max(1, order) {
                unsafe entries[row * order..<row * order + row].update(repeating: 0)
            }
        }
    }

    private func requireFinite(_ routine: String) throws(LinearAlgebraError) {
        guard isFinite else { throw .notFinite(routine: routine) }
    }
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
