// Symmetric matrices of which one triangle lies in a square: two of them share one.

import CBLAS

extension DoubleMatrix {
    enum Triangle { case upper, lower }

    /// self + self', of the triangles: the upper one becomes the sum of both.
    ///
    /// - Parameter diagonal: of the lower one.
    mutating func addLowerToUpperTriangle(diagonal: [Double]) {
        precondition(rows == columns && diagonal.count == rows, "a square and its diagonal")
        let (order, tile) = (rows, 64)
        unsafe values.withUnsafeMutableBufferPointer { entries in
            for top in stride(from: 0, to: order, by: tile) {
                for left in stride(from: 0, through: top, by: tile) {
                    for row in top..<min(order, top + tile) {
                        for column in left..<min(row, left + tile) {
                            unsafe entries[column * order + row] += entries[row * order + column]
                        }
                    }
                }
            }
            for index in 0..<order { unsafe entries[index * order + index] += diagonal[index] }
        }
    }

    /// The product of the symmetric matrix that one triangle stands for with `right` [rows, m].
    ///
    /// - Parameter diagonal: in place of the square's own; nil for that.
    func symmetricProduct(
        _ right: DoubleMatrix, triangle: Triangle, diagonal: [Double]?
    ) -> DoubleMatrix {
        precondition(rows == columns && right.rows == rows, "a product fits its place")
        var result = DoubleMatrix(rows: rows, columns: right.columns)
        guard rows > 0, right.columns > 0 else { return result }
        unsafe cblas_dsymm(
            CblasRowMajor, CblasLeft, triangle == .upper ? CblasUpper : CblasLower, rows.blasSize,
            right.columns.blasSize, 1, values, columns.blasSize, right.values,
            right.columns.blasSize, 0, &result.values, right.columns.blasSize)
        guard let diagonal else { return result }
        let (width, order) = (right.columns, rows)
        unsafe result.values.withUnsafeMutableBufferPointer { entries in
            unsafe right.values.withUnsafeBufferPointer { factors in
                for row in 0..<order {
                    let difference = diagonal[row] - values[row * order + row]
                    for place in row * width..<(row + 1) * width {
                        unsafe entries[place] += difference * factors[place]
                    }
                }
            }
        }
        return result
    }

    /// X with (U + ridge I) X = right, U the symmetric matrix of the upper triangle, in f32
    /// (spotrf); nil where that has no Cholesky factor.
    func solveUpperTriangle(_ right: DoubleMatrix, ridge: Double) -> DoubleMatrix? {
        precondition(rows == columns && right.rows == rows, "solve fits")
        let (order, width) = (rows, right.columns)
        guard order > 0, width > 0 else { return right }
        var factor = [Float](repeating: 0, count: order * order)
        for row in 0..<order {
            for column in row..<order {
                factor[row * order + column] = Float(values[row * order + column])
            }
            factor[row * order + row] = Float(values[row * order + row] + ridge)
        }
        // The row-major upper triangle is the column-major lower one; X' is column-major X.
        let info = unsafe LAPACKE_spotrf_work(
            LAPACK_COL_MAJOR, CChar(UInt8(ascii: "L")), order.blasSize, &factor, order.blasSize)
        guard info == 0 else { return nil }
        var solution = right.values.map { Float($0) }
        // L L' X = right on row-major X: X is [order, width] with rows as they are.
        unsafe cblas_strsm(
            CblasRowMajor, CblasLeft, CblasUpper, CblasTrans, CblasNonUnit, order.blasSize,
            width.blasSize, 1, factor, order.blasSize, &solution, width.blasSize)
        unsafe cblas_strsm(
            CblasRowMajor, CblasLeft, CblasUpper, CblasNoTrans, CblasNonUnit, order.blasSize,
            width.blasSize, 1, factor, order.blasSize, &solution, width.blasSize)
        return DoubleMatrix(rows: order, columns: width, values: solution.map { Double($0) })
    }
}
