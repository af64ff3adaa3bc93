// Products of float matrices in any orientation, by OpenBLAS: what alignment costs and gradients
// need beside y = x W^T.

import CBLAS
import Kernels

extension MatrixView {
    /// self = scale * left right (+ self), either factor transposed first where asked.
    ///
    /// - Parameters:
    ///   - left: [rows, k], or [k, rows] where transposed.
    ///   - right: [k, columns], or [columns, k] where transposed.
    package func assignProduct(
        _ left: MatrixView, _ right: MatrixView, transposingLeft: Bool = false,
        transposingRight: Bool = false, scale: Float = 1, accumulate: Bool = false
    ) {
        let inner = transposingLeft ? left.rows : left.columns
        precondition(
            (transposingLeft ? left.columns : left.rows) == rows
                && (transposingRight ? right.rows : right.columns) == columns
                && (transposingRight ? right.columns : right.rows) == inner, "shapes differ")
        guard rows > 0, columns > 0 else { return }
        guard inner > 0 else {
            if !accumulate { fill(0) }
            return
        }
        unsafe cblas_sgemm(
            CblasRowMajor, transposingLeft ? CblasTrans : CblasNoTrans,
            transposingRight ? CblasTrans : CblasNoTrans, rows.blasSize, columns.blasSize,
            inner.blasSize, scale, left.pointer(row: 0), left.stride.blasSize,
            right.pointer(row: 0), right.stride.blasSize, accumulate ? 1 : 0, pointer(row: 0),
            stride.blasSize)
    }

    /// The transposed matrix, [columns, rows]; a copy.
    package var transposed: MatrixView {
        let result = MatrixView(rows: columns, columns: rows)
        // Squares of 32 keep both sides in the cache.
        Parallel.forEach((rows + 31) / 32) { block in
            for first in Swift.stride(from: 0, to: columns, by: 32) {
                for row in block * 32..<min(rows, block * 32 + 32) {
                    let source = unsafe pointer(row: row)
                    for column in first..<min(columns, first + 32) {
                        unsafe result.pointer(row: column)[row] = source[column]
                    }
                }
            }
        }
        return result
    }

    /// The same values, row by row, in another shape; shares memory.
    package func reshaped(rows newRows: Int, columns newColumns: Int) -> MatrixView {
        precondition(isContiguous && newRows * newColumns == rows * columns, "values do not fit")
        return MatrixView(
            storage: storage, offset: offset, rows: newRows, columns: newColumns,
            stride: newColumns)
    }

    /// Sum of the squares of all values, in double.
    package var sumOfSquares: Double {
        var total = 0.0
        for row in 0..<rows {
            let line = unsafe pointer(row: row)
            var sum = 0.0
            for column in 0..<columns {
                let value = unsafe Double(line[column])
                sum += value * value
            }
            total += sum
        }
        return total
    }

    /// Sum of the products of equal elements, 256 of them in float lanes, the rest in double.
    package func dot(_ other: MatrixView) -> Double {
        precondition(isShaped(like: other), "shapes differ")
        return (0..<rows).reduce(0) { sum, row in
            unsafe sum + kernels_dot(pointer(row: row), other.pointer(row: row), columns)
        }
    }
}

extension WeightMatrix {
    /// A copy in the same format whose element (r, c) is this one's (rows[r], columns[c]); nil
    /// keeps an order. The orders are permutations.
    package func reordered(rows rowOrder: [Int]?, columns columnOrder: [Int]?) -> WeightMatrix {
        precondition(rowOrder?.count ?? rows == rows, "an order of all rows")
        precondition(columnOrder?.count ?? columns == columns, "an order of all columns")
        let width = format.byteWidth
        let buffer = FloatBuffer(count: (rows * columns * width + 3) / 4)
        let target = unsafe UnsafeMutableRawPointer(buffer.pointer(at: 0))
        Parallel.forEachRun(of: rows, grain: max(1, 65_536 / max(1, columns))) { run in
            // The buffer outlives the loop: the result owns it.
            let target = unsafe UnsafeMutableRawPointer(buffer.pointer(at: 0))
            for row in run {
                let from = rowOrder?[row] ?? row
                precondition(from >= 0 && from < rows, "row outside the weight")
                let source = unsafe self.base + from * columns * width
                let place = unsafe target + row * columns * width
                guard let columnOrder else {
                    unsafe place.copyMemory(from: source, byteCount: columns * width)
                    continue
                }
                for column in 0..<columns {
                    precondition(
                        columnOrder[column] >= 0 && columnOrder[column] < columns,
                        "column outside the weight")
                    unsafe (place + column * width).copyMemory(
                        from: source + columnOrder[column] * width, byteCount: width)
                }
            }
        }
        return unsafe WeightMatrix(
            base: UnsafeRawPointer(target), format: format, rows: rows, columns: columns,
            owner: buffer)
    }
}
