// The diffusion operator of the official MKA code, in float32 step for step: distances by chunks,
// K = exp(-(D / 8)^0.5) on the distance (not its square), normalised twice.

import TensorMath

/// The doubly normalised kernel `[n, n]` of the rows that `OfficialRows.selection` names.
struct OfficialKernel: Sendable {
    /// Row-major; float32 as in the official code.
    let values: [Float]
    let count: Int

    private static let sigma: Float = 8

    /// Rows of one layer, `[n, width]`.
    ///
    /// The chunk rule: block (i, j) of c x c compares the first c tokens of samples i and j, and
    /// the diagonal of every block is set to zero, also where i and j differ.
    init(rows: LayerRows) {
        count = rows.count
        let chunk = OfficialRows.chunkSize(sampleCount: rows.count)
        let norms = (0..<rows.count).map { row in
            Float32Arithmetic.sumOfSquares(
                rows.values.span.extracting(row * rows.width..<(row + 1) * rows.width))
        }
        let gram = OfficialGram(rows: rows, chunk: chunk)
        let size = count
        let kernel = Parallel.map(size) { row -> [Float] in
            (0..<size).map { column in
                // Exactly symmetric, as the official block products are.
                let distance =
                    row % chunk == column % chunk
                    ? 0
                    : (norms[row] + norms[column] - 2 * gram[row, column]).magnitude
                        .squareRoot()
                return Float32Arithmetic.exponential(-(distance / Self.sigma).squareRoot())
            }
        }
        values = Self.normalised(kernel.flatMap(\.self), count: size)
    }

    /// K / (p pᵀ)^0.5 with p the column sums, then the same again with square roots first.
    private static func normalised(_ kernel: [Float], count: Int) -> [Float] {
        var result = kernel
        let sums = columnSums(result, count: count)
        for row in 0..<count {
            for column in 0..<count {
                result[row * count + column] /= (sums[column] * sums[row]).squareRoot()
            }
        }
        let roots = columnSums(result, count: count).map { $0.squareRoot() }
        for row in 0..<count {
            for column in 0..<count {
                result[row * count + column] /= roots[row] * roots[column]
            }
        }
        return result
    }

    /// Row after row added up, as NumPy sums over the first axis.
    private static func columnSums(_ values: [Float], count: Int) -> [Float] {
        var sums = [Float](repeating: 0, count: count)
        for row in 0..<count {
            for column in 0..<count { sums[column] += values[row * count + column] }
        }
        return sums
    }
}

/// The inner products of rows, rounded as the official code's float32 matrix products are.
private struct OfficialGram {
    /// [count, count], row by row.
    private var values: [Float]
    private let count: Int

    subscript(row: Int, column: Int) -> Float { values[row * count + column] }

    init(rows: LayerRows, chunk: Int) {
        let count = rows.count
        self.count = count
        values = [Float](repeating: 0, count: count * count)
        for start in stride(from: 0, to: count, by: chunk) {
            fillDiagonalBlock(rows, start..<start + chunk)
        }
        guard chunk < count else { return }
        fillOtherBlocks(rows, chunk: chunk)
    }

    /// One chain of fused additions per product, in order of columns, except where the reference
    /// split it into even and odd columns.
    ///
    /// Two equal tokens have the distance that rounding leaves of |a|² + |b|² - 2 a·b, which
    /// hangs on the order of additions in the BLAS. For 57 samples, the official setting, this is
    /// the order of OpenBLAS's Haswell kernel on two threads, which the reference outputs show:
    /// the second thread begins at row 40, and its tile of 16 rows takes every other group of
    /// six columns in two chains. Where no two tokens are equal, the order does not matter.
    private mutating func fillDiagonalBlock(_ rows: LayerRows, _ block: Range<Int>) {
        let start = block.lowerBound
        let products = Parallel.map(block.count) { row in
            (0...row).map { column in
                let split =
                    block.count == 57 && (40..<56).contains(row) && column < 40 && column % 12 < 6
                return rows.fusedProduct(start + row, start + column, split: split)
            }
        }
        for (row, entries) in products.enumerated() {
            for (column, entry) in entries.enumerated() {
                values[(start + row) * count + start + column] = entry
                values[(start + column) * count + start + row] = entry
            }
        }
    }

    /// Blocks of different samples: products in double, rounded once.
    private mutating func fillOtherBlocks(_ rows: LayerRows, chunk: Int) {
        let wide = DoubleMatrix(
            rows: count, columns: rows.width, values: rows.values.map(Double.init))
        var products = DoubleMatrix(rows: count, columns: count)
        products.addGram(ofRows: wide)
        for row in 0..<count {
            for column in row + 1..<max(row + 1, count) where row / chunk != column / chunk {
                values[row * count + column] = Float(products[row, column])
                values[column * count + row] = Float(products[row, column])
            }
        }
    }
}

extension LayerRows {
    fileprivate func fusedProduct(_ first: Int, _ second: Int, split: Bool) -> Float {
        let span = values.span
        let (left, right) = (first * width, second * width)
        var even: Float = 0
        var odd: Float = 0
        for column in 0..<width {
            if split && !column.isMultiple(of: 2) {
                odd.addProduct(span[left + column], span[right + column])
            } else {
                even.addProduct(span[left + column], span[right + column])
            }
        }
        return even + odd
    }
}
