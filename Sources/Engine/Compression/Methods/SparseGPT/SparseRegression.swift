// SparseGPT (Frantar and Alistarh 2023, arXiv 2301.00774, Algorithm 1): zeroes weights of a linear
// map column by column, and lets the columns behind make up for each zero as far as the inputs of
// calibration allow.
//
// Notation: W [outputs, inputs], X [tokens, inputs], H = X'X + damping * mean(diag X'X) I,
// U the upper Cholesky factor of H^-1 = U'U. A zero at column j costs w^2 / U_jj^2; the columns
// k > j of its row get w_k -= w_j / U_jj * U_jk.

import TensorMath

/// Which weights may go.
enum SparsityPattern: Sendable, Equatable {
    /// The cheapest share of every block of columns, wherever they lie.
    case unstructured(share: Double)
    /// The two cheapest of every four neighbours of a row.
    case twoOfFour
}

/// Prunes one matrix [outputs, inputs], in double.
struct SparseRegression {
    var pattern: SparsityPattern
    /// Added to the diagonal, as a share of its mean.
    var damping = 0.01
    /// Columns whose zeros are chosen at once; a multiple of four.
    var block = 128

    init(pattern: SparsityPattern) { self.pattern = pattern }

    /// Zeroed and adjusted weights.
    ///
    /// Of a block of n weights `share * n` (rounded) go, equal costs in row-major order. (The
    /// published code takes all up to the threshold, so one more.)
    ///
    /// - Parameters:
    ///   - weight: [outputs, inputs].
    ///   - gram: X'X, [inputs, inputs]. Inputs that are always zero lose their weights.
    func prune(
        _ weight: DoubleMatrix, gram: DoubleMatrix
    ) throws(LinearAlgebraError) -> DoubleMatrix {
        let (outputs, inputs) = (weight.rows, weight.columns)
        precondition(gram.rows == inputs && gram.columns == inputs, "a Gram matrix of the inputs")
        precondition(block > 0 && block % 4 == 0, "whole groups of four")
        var result = weight
        for column in 0..<inputs where gram[column, column] == 0 {
            for row in 0..<outputs { result[row, column] = 0 }
        }
        let factor = try inverseFactor(gram)
        var start = 0
        while start < inputs {
            let end = min(inputs, start + block)
            let errors = pruneBlock(start..<end, of: &result, factor)
            if end < inputs {
                let behind = DoubleMatrix.product(
                    errors, Self.block(of: factor, rows: start..<end, columns: end..<inputs))
                var values = result.values
                for row in 0..<outputs {
                    for column in end..<inputs {
                        values[row * inputs + column] -=
                            behind.values[row * (inputs - end) + column - end]
                    }
                }
                result.values = values
            }
            start = end
        }
        return result
    }

    /// U of H^-1 = U'U.
    private func inverseFactor(
        _ gram: DoubleMatrix
    ) throws(LinearAlgebraError) -> DoubleMatrix {
        let size = gram.rows
        var damped = gram
        var identity = DoubleMatrix(rows: size, columns: size)
        let mean = (0..<size).reduce(0) { $0 + gram[$1, $1] } / Double(max(1, size))
        for index in 0..<size {
            // Without any input, by size alone.
            damped[index, index] += mean > 0 ? damping * mean : 1
            identity[index, index] = 1
        }
        return try damped.solvePositiveDefinite(identity).cholesky().transposed
    }

    /// Prunes columns `columns`, each adjusting those behind it within the block.
    /// - Returns: what each zero leaves to the columns behind the block, [outputs, columns].
    private func pruneBlock(
        _ columns: Range<Int>, of weights: inout DoubleMatrix, _ factor: DoubleMatrix
    ) -> DoubleMatrix {
        let (rows, width, inputs) = (weights.rows, columns.count, weights.columns)
        let local = Self.block(of: factor, rows: columns, columns: columns).values
        let zeros = cheapest(columns, of: weights, local)
        var errors = [Double](repeating: 0, count: rows * width)
        var values = weights.values
        for row in 0..<rows {
            let offset = row * inputs + columns.lowerBound
            var line = Array(values[offset..<offset + width])
            var chosen: [Int] = []
            for column in 0..<width {
                if pattern == .twoOfFour, column % 4 == 0 {
                    chosen = Self.cheaperHalf(from: column, of: line, local)
                }
                guard zeros.isEmpty ? chosen.contains(column) : zeros[row * width + column]
                else { continue }
                let error = line[column] / local[column * width + column]
                errors[row * width + column] = error
                line[column] = 0
                for behind in column + 1..<max(column + 1, width) {
                    line[behind] -= error * local[column * width + behind]
                }
            }
            values.replaceSubrange(offset..<offset + width, with: line)
        }
        weights.values = values
        return DoubleMatrix(rows: rows, columns: width, values: errors)
    }

    /// Which weights of a block go, [rows, columns]; nothing where the pattern decides row by row.
    private func cheapest(
        _ columns: Range<Int>, of weights: DoubleMatrix, _ local: [Double]
    ) -> [Bool] {
        guard case .unstructured(let share) = pattern else { return [] }
        let width = columns.count
        var costs: [Double] = []
        costs.reserveCapacity(weights.rows * width)
        for row in 0..<weights.rows {
            for column in 0..<width {
                let ratio =
                    weights[row, columns.lowerBound + column] / local[column * width + column]
                costs.append(ratio * ratio)
            }
        }
        let count = Int((share * Double(costs.count)).rounded())
        var zeros = [Bool](repeating: false, count: costs.count)
        let order = costs.indices.sorted { (costs[$0], $0) < (costs[$1], $1) }
        for index in order.prefix(count) { zeros[index] = true }
        return zeros
    }

    /// Which of the four columns from `first` go, as the row is when they are reached: the
    /// cheaper half, of an incomplete group rounded down.
    private static func cheaperHalf(
        from first: Int, of line: [Double], _ local: [Double]
    ) -> [Int] {
        let group = Array(first..<min(first + 4, line.count))
        let costs = group.map { column in
            let ratio = line[column] / local[column * line.count + column]
            return ratio * ratio
        }
        let order = group.indices.sorted { (costs[$0], $0) < (costs[$1], $1) }
        return order.prefix(group.count / 2).map { group[$0] }
    }

    private static func block(
        of matrix: DoubleMatrix, rows: Range<Int>, columns: Range<Int>
    ) -> DoubleMatrix {
        var values: [Double] = []
        values.reserveCapacity(rows.count * columns.count)
        for row in rows {
            values +=
                matrix.values[
                    row * matrix.columns + columns.lowerBound..<row * matrix.columns
                        + columns.upperBound]
        }
        return DoubleMatrix(rows: rows.count, columns: columns.count, values: values)
    }
}
