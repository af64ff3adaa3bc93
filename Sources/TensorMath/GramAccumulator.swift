// Sums of products over streamed tokens, for least squares: Z'Z and Z'T in double.

import CBLAS
import Kernels

/// `gram` = Z'Z and `cross` = Z'T over all blocks added, Z [tokens, F], T [tokens, d].
///
/// A block is multiplied in the precision of a mode, summed in f32 (a relative error of some
/// 2^-24 sqrt(tokens of the block)) and added in double, so that the number of blocks costs no
/// accuracy. Z'Z is its own transpose, so only one triangle is computed, a panel of rows at a time.
///
/// Blocks are of one of two parts, whose sums stay apart at no cost in memory: those of `fitted`
/// lie in the upper triangle, those of `validation` in the lower one.
package struct GramAccumulator {
    /// What a block's tokens are for.
    package enum Part: Sendable {
        case fitted
        /// Tells which ridge generalises; afterwards part of the sums as all others.
        case validation
    }

    private var gram: DoubleMatrix
    /// Of the second part, which has no room in the lower triangle.
    private var secondDiagonal: [Double]
    private(set) var crosses: (fitted: DoubleMatrix, validation: DoubleMatrix?)
    private var validationSquares = 0.0
    private var panel: FloatBuffer
    private let height: Int

    /// Rows of a panel: many enough for the product's speed, few enough to be no memory.
    package static let height = 1024

    package init(features: Int, targets: Int, height: Int = Self.height) {
        self.targets = targets
        gram = DoubleMatrix(rows: features, columns: features)
        secondDiagonal = Array(repeating: 0, count: features)
        crosses = (DoubleMatrix(rows: features, columns: targets), nil)
        self.height = height
        panel = FloatBuffer(count: min(features, height) * max(features, targets))
    }

    private var features: Int { gram.rows }
    package let targets: Int

    /// Gives the sums of all blocks away, to be worked on in their place; nothing can be added any
    /// more.
    package mutating func take() -> (gram: DoubleMatrix, cross: DoubleMatrix) {
        panel = FloatBuffer(count: 0)
        var cross = DoubleMatrix(rows: 0, columns: 0)
        swap(&cross, &crosses.fitted)
        if let second = crosses.validation { cross.add(second) }
        let isSplit = crosses.validation != nil
        crosses.validation = nil
        // Not a copy that shares the entries: they are changed in their place.
        var taken = DoubleMatrix(rows: 0, columns: 0)
        swap(&taken, &gram)
        if isSplit { taken.addLowerToUpperTriangle(diagonal: secondDiagonal) }
        taken.mirrorUpperTriangle()
        return (taken, cross)
    }

    /// Bytes held at most while the second part is asked: its cross sums, the factor in f32, and
    /// six matrices of weights, two of them in f32.
    package static func validationByteCount(features: Int, targets: Int) -> Int {
        byteCount(features: features, targets: targets)
            + 4 * features * features + 56 * features * targets
    }

    /// Bytes held for `features` and `targets`, where all blocks are of one part.
    package static func byteCount(features: Int, targets: Int) -> Int {
        8 * features * (features + targets)
            + 4 * min(features, height) * max(features, targets)
    }

    /// - Parameters:
    ///   - features: [tokens, F].
    ///   - targets: [tokens, d].
    package mutating func add(
        features block: MatrixView, targets: MatrixView, to part: Part = .fitted,
        by product: MatrixProduct
    ) throws {
        precondition(block.rows == targets.rows, "a target for each token")
        precondition(
            block.columns == features && targets.columns == self.targets, "shapes differ")
        guard block.rows > 0 else { return }
        let (left, right) = (product.factor(block), product.factor(targets))
        if part == .validation {
            validationSquares += targets.sumOfSquares
            if crosses.validation == nil {
                crosses.validation = DoubleMatrix(rows: features, columns: self.targets)
            }
        }
        for start in stride(from: 0, to: features, by: height) {
            let rows = start..<min(features, start + height)
            let own = left.columns(rows)
            let columns = part == .fitted ? start..<features : 0..<rows.upperBound
            let square = panel(rows.count, columns.count)
            try product.multiply(own, left.columns(columns), transposingLeft: true, into: square)
            addTriangle(square, rows: rows, from: columns.lowerBound, of: part)
            let wide = panel(rows.count, self.targets)
            try product.multiply(own, right, transposingLeft: true, into: wide)
            switch part {
            case .fitted: Self.add(wide, to: &crosses.fitted, at: rows)
            case .validation: Self.add(wide, to: &crosses.validation, at: rows)
            }
        }
    }

    private func panel(_ rows: Int, _ columns: Int) -> MatrixView {
        MatrixView(storage: panel, offset: 0, rows: rows, columns: columns, stride: columns)
    }

    /// - Parameter first: column of the sum that the product's first one is.
    private mutating func addTriangle(
        _ product: MatrixView, rows: Range<Int>, from first: Int, of part: Part
    ) {
        let order = gram.columns
        unsafe gram.values.withUnsafeMutableBufferPointer { entries in
            guard let base = entries.baseAddress else { return }
            let place = unsafe SharedPointer(base)
            Parallel.forEachRun(of: rows.count, grain: 16) { run in
                for index in run {
                    let row = rows.lowerBound + index
                    let columns = part == .fitted ? row..<order : 0..<row
                    unsafe kernels_add_to_doubles(
                        place.address + row * order + columns.lowerBound,
                        product.pointer(row: index) + (columns.lowerBound - first), columns.count)
                }
            }
        }
        guard part == .validation else { return }
        for row in rows {
            secondDiagonal[row] += Double(product[row - rows.lowerBound, row - first])
        }
    }

    private static func add(_ product: MatrixView, to sum: inout DoubleMatrix?, at rows: Range<Int>)
    {
        guard var taken = sum.take() else { return }
        add(product, to: &taken, at: rows)
        sum = taken
    }

    private static func add(_ product: MatrixView, to sum: inout DoubleMatrix, at rows: Range<Int>)
    {
        let width = sum.columns
        unsafe sum.values.withUnsafeMutableBufferPointer { entries in
            guard let base = entries.baseAddress else { return }
            for row in rows {
                unsafe kernels_add_to_doubles(
                    base + row * width, product.pointer(row: row - rows.lowerBound), width)
            }
        }
    }
}

/// A place that threads write disjoint parts of.
@safe
private struct SharedPointer: @unchecked Sendable {
    let address: UnsafeMutablePointer<Double>

    init(_ address: UnsafeMutablePointer<Double>) { unsafe self.address = address }
}

extension GramAccumulator {
    /// Whether there are tokens to choose a ridge by.
    package var validates: Bool { crosses.validation != nil }

    /// The mean squared error on the second part, as a share of its targets' mean square, of the
    /// weights that ridges give on the first: W0 + (G + mu I)^-1 (C - G W0); infinite where a
    /// factor does not exist.
    ///
    /// - Parameters:
    ///   - ridges: mu of each, as absolute sums over tokens.
    ///   - start: W0, [F, d].
    package func validationErrors(ridges: [Double], start: DoubleMatrix) -> [Double] {
        guard let second = crosses.validation, validationSquares > 0 else {
            return ridges.map { _ in 0 }
        }
        // C - G W0 of the first part; G W0 of one triangle.
        var right = crosses.fitted
        right.subtract(gram.symmetricProduct(start, triangle: .upper, diagonal: nil))
        return ridges.map { ridge in
            guard let step = gram.solveUpperTriangle(right, ridge: ridge) else { return .infinity }
            var weights = start
            weights.add(step)
            let image = gram.symmetricProduct(
                weights, triangle: .lower, diagonal: secondDiagonal)
            let error =
                weights.dot(image) - 2 * weights.dot(second) + validationSquares
            return error.isFinite ? max(0, error) / validationSquares : .infinity
        }
    }

    /// Mean of the diagonal of Z'Z of all blocks.
    package var meanDiagonal: Double {
        (0..<features).reduce(0) { $0 + gram[$1, $1] + secondDiagonal[$1] }
            / Double(max(1, features))
    }
}
