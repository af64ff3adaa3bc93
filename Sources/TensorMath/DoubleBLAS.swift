// Products of double matrices: shapes checked here, then one call of OpenBLAS.

import CBLAS

extension DoubleMatrix {
    /// `left · right`, either one transposed first where asked: `[m, k] · [k, n] = [m, n]`.
    package static func product(
        _ left: DoubleMatrix, _ right: DoubleMatrix,
        transposingLeft: Bool = false, transposingRight: Bool = false
    ) -> DoubleMatrix {
        let m = transposingLeft ? left.columns : left.rows
        let k = transposingLeft ? left.rows : left.columns
        let inner = transposingRight ? right.columns : right.rows
        let n = transposingRight ? right.rows : right.columns
        precondition(k == inner, "a product [\(m), \(k)] · [\(inner), \(n)]")
        var result = DoubleMatrix(rows: m, columns: n)
        guard m > 0, n > 0, k > 0 else { return result }
        unsafe cblas_dgemm(
            CblasRowMajor, transposingLeft ? CblasTrans : CblasNoTrans,
            transposingRight ? CblasTrans : CblasNoTrans, m.blasSize, n.blasSize, k.blasSize,
            1, left.values, left.columns.blasSize, right.values, right.columns.blasSize,
            0, &result.values, n.blasSize)
        return result
    }

    /// Bytes that OpenBLAS holds at most while it works on matrices of so many columns: copies of
    /// some hundred rows, which all threads share, and of a block for each thread.
    package static func packingByteCount(columns: Int) -> Int {
        8 * 512 * columns + (Parallel.threadCount << 22)
    }

    /// Adds `value` to every entry of the diagonal.
    package mutating func addToDiagonal(_ value: Double) {
        let (count, step) = (min(rows, columns), columns + 1)
        unsafe values.withUnsafeMutableBufferPointer { entries in
            for index in 0..<count { unsafe entries[index * step] += value }
        }
    }

    package mutating func scale(by factor: Double) {
        unsafe values.withUnsafeMutableBufferPointer { entries in
            for run in Self.runs(of: entries.count) {
                let part = unsafe UnsafeMutableBufferPointer(rebasing: entries[run])
                unsafe cblas_dscal(run.count.blasSize, factor, part.baseAddress, 1)
            }
        }
    }

    package mutating func add(_ other: DoubleMatrix) { add(other, times: 1) }
    package mutating func subtract(_ other: DoubleMatrix) { add(other, times: -1) }

    private mutating func add(_ other: DoubleMatrix, times factor: Double) {
        precondition(rows == other.rows && columns == other.columns, "shapes differ")
        unsafe values.withUnsafeMutableBufferPointer { entries in
            unsafe other.values.withUnsafeBufferPointer { terms in
                for run in Self.runs(of: entries.count) {
                    let sums = unsafe UnsafeMutableBufferPointer(rebasing: entries[run])
                    let part = unsafe UnsafeBufferPointer(rebasing: terms[run])
                    unsafe cblas_daxpy(
                        run.count.blasSize, factor, part.baseAddress, 1, sums.baseAddress, 1)
                }
            }
        }
    }

    /// Sum of the products of equal entries.
    package func dot(_ other: DoubleMatrix) -> Double {
        precondition(rows == other.rows && columns == other.columns, "shapes differ")
        return unsafe values.withUnsafeBufferPointer { left in
            unsafe other.values.withUnsafeBufferPointer { right in
                Self.runs(of: left.count).reduce(0) { sum, run in
                    let first = unsafe UnsafeBufferPointer(rebasing: left[run])
                    let second = unsafe UnsafeBufferPointer(rebasing: right[run])
                    return unsafe sum
                        + cblas_ddot(
                            run.count.blasSize, first.baseAddress, 1, second.baseAddress, 1)
                }
            }
        }
    }

    /// So many entries in runs that BLAS can count: a matrix may have more than 32 bits of them
    /// where none of its sides has.
    package static func runs(of count: Int) -> [Range<Int>] {
        let longest = Int(Int32.max)
        return stride(from: 0, to: count, by: longest).map { $0..<min(count, $0 + longest) }
    }

    /// Subtracts `left · right`, the left one transposed first where asked.
    package mutating func subtractProduct(
        _ left: DoubleMatrix, _ right: DoubleMatrix, transposingLeft: Bool = false
    ) {
        let m = transposingLeft ? left.columns : left.rows
        let k = transposingLeft ? left.rows : left.columns
        precondition(
            k == right.rows && m == rows && right.columns == columns, "a product fits its place")
        guard m > 0, columns > 0, k > 0 else { return }
        unsafe cblas_dgemm(
            CblasRowMajor, transposingLeft ? CblasTrans : CblasNoTrans, CblasNoTrans, m.blasSize,
            columns.blasSize, k.blasSize, -1, left.values, left.columns.blasSize, right.values,
            right.columns.blasSize, 1, &values, columns.blasSize)
    }

    /// Adds `panel · panelᵀ` to this symmetric matrix; `panel` is `[rows, k]`.
    ///
    /// Only the upper triangle is computed and kept true; call `mirrorUpperTriangle` at the end.
    package mutating func addGram(ofRows panel: DoubleMatrix) {
        precondition(rows == columns && panel.rows == rows, "a Gram matrix fits its rows")
        guard rows > 0, panel.columns > 0 else { return }
        unsafe cblas_dsyrk(
            CblasRowMajor, CblasUpper, CblasNoTrans, rows.blasSize, panel.columns.blasSize,
            1, panel.values, panel.columns.blasSize, 1, &values, columns.blasSize)
    }

    /// Subtracts `panelᵀ · panel` from this symmetric matrix; `panel` is `[k, rows]`.
    ///
    /// Only the upper triangle is computed and kept true.
    package mutating func subtractGram(ofColumns panel: DoubleMatrix) {
        precondition(rows == columns && panel.columns == rows, "a Gram matrix fits its columns")
        guard rows > 0, panel.rows > 0 else { return }
        unsafe cblas_dsyrk(
            CblasRowMajor, CblasUpper, CblasTrans, rows.blasSize, panel.rows.blasSize, -1,
            panel.values, panel.columns.blasSize, 1, &values, columns.blasSize)
    }

    /// Puts `L⁻¹ · self` in its place, L the lower triangle of `factor`, `[rows, rows]`.
    package mutating func solveLowerTriangle(_ factor: DoubleMatrix) {
        precondition(factor.rows == rows && factor.columns == rows, "a triangle fits its rows")
        guard rows > 0, columns > 0 else { return }
        unsafe cblas_dtrsm(
            CblasRowMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, rows.blasSize,
            columns.blasSize, 1, factor.values, rows.blasSize, &values, columns.blasSize)
    }

    /// Rows of a symmetric matrix whose upper triangle is true, as a matrix.
    package func symmetricRows(_ indices: [Int]) -> DoubleMatrix {
        precondition(rows == columns, "only a square matrix is symmetric")
        let order = rows
        var picked = DoubleMatrix(rows: indices.count, columns: order)
        unsafe values.withUnsafeBufferPointer { entries in
            unsafe picked.values.withUnsafeMutableBufferPointer { out in
                for (place, row) in indices.enumerated() {
                    for column in 0..<order {
                        unsafe out[place * order + column] =
                            entries[min(row, column) * order + max(row, column)]
                    }
                }
            }
        }
        return picked
    }

    /// Copies the upper triangle of a square matrix over the lower one.
    package mutating func mirrorUpperTriangle() { mirror { ($1, $0) } }

    /// Copies the lower triangle of a square matrix over the upper one.
    package mutating func mirrorLowerTriangle() { mirror { ($0, $1) } }

    /// Tile by tile: whole columns would miss the cache with every entry.
    /// - Parameter source: where the entry is that belongs at `row`, `column` and at its mirror
    ///   image, `column` < `row`.
    private mutating func mirror(
        _ source: (_ row: Int, _ column: Int) -> (row: Int, column: Int)
    ) {
        precondition(rows == columns, "only a square matrix has triangles to mirror")
        let (order, tile) = (rows, 64)
        unsafe values.withUnsafeMutableBufferPointer { entries in
            for top in stride(from: 0, to: order, by: tile) {
                for left in stride(from: 0, through: top, by: tile) {
                    for row in top..<min(order, top + tile) {
                        for column in left..<min(row, left + tile) {
                            let from = source(row, column)
                            unsafe entries[from.column * order + from.row] =
                                entries[from.row * order + from.column]
                        }
                    }
                }
            }
        }
    }
}

extension Int {
    /// This side of a matrix, or count in a row of entries, as BLAS and LAPACK count: in 32 bits.
    /// No layer is so wide, and no calibration set so large.
    var blasSize: Int32 {
        guard let size = Int32(exactly: self) else {
            preconditionFailure("a matrix side of \(self) is beyond 32 bits")
        }
        return size
    }
}
