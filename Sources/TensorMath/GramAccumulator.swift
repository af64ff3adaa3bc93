// Sums of products over streamed tokens, for least squares: Z'Z and Z'T in double.

import CBLAS

/// `gram` = Z'Z and `cross` = Z'T over all blocks added, Z [tokens, F], T [tokens, d].
///
/// A block is multiplied in f32 (a relative error of some 2^-24 sqrt(tokens of the block)) and
/// added in double, so that the number of blocks costs no accuracy.
package struct GramAccumulator {
    package private(set) var gram: DoubleMatrix
    package private(set) var cross: DoubleMatrix
    private var block: FloatBuffer

    package init(features: Int, targets: Int) {
        gram = DoubleMatrix(rows: features, columns: features)
        cross = DoubleMatrix(rows: features, columns: targets)
        block = FloatBuffer(count: features * max(features, targets))
    }

    /// Gives the Gram matrix away, to be worked on in its place; nothing can be added any more.
    package mutating func takeGram() -> DoubleMatrix {
        block = FloatBuffer(count: 0)
        // Not a copy that shares the entries: they are changed in their place.
        var taken = DoubleMatrix(rows: 0, columns: 0)
        swap(&taken, &gram)
        return taken
    }

    /// Bytes held for `features` and `targets`.
    package static func byteCount(features: Int, targets: Int) -> Int {
        8 * features * (features + targets) + 4 * features * max(features, targets)
    }

    /// - Parameters:
    ///   - features: [tokens, F].
    ///   - targets: [tokens, d].
    package mutating func add(features: MatrixView, targets: MatrixView) {
        precondition(features.rows == targets.rows, "a target for each token")
        precondition(
            features.columns == gram.rows && targets.columns == cross.columns, "shapes differ")
        guard features.rows > 0 else { return }
        multiply(features, features)
        accumulate(into: &gram)
        multiply(features, targets)
        accumulate(into: &cross)
    }

    /// block = left' right, row-major.
    private func multiply(_ left: MatrixView, _ right: MatrixView) {
        unsafe cblas_sgemm(
            CblasRowMajor, CblasTrans, CblasNoTrans, left.columns.blasSize,
            right.columns.blasSize, left.rows.blasSize, 1, left.pointer(row: 0),
            left.stride.blasSize, right.pointer(row: 0), right.stride.blasSize, 0,
            block.pointer(at: 0), right.columns.blasSize)
    }

    private func accumulate(into sum: inout DoubleMatrix) {
        let source = unsafe block.pointer(at: 0)
        let count = sum.rows * sum.columns
        unsafe sum.values.withUnsafeMutableBufferPointer { target in
            for index in 0..<count { unsafe target[index] += Double(source[index]) }
        }
    }
}
