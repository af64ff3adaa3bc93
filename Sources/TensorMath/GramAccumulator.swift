// Sums of products over streamed tokens, for least squares: Z'Z and Z'T in double.

import CBLAS

/// `gram` = Z'Z and `cross` = Z'T over all blocks added, Z [tokens, F], T [tokens, d].
///
/// A block is multiplied in f32 (a relative error of some 2^-24 sqrt(tokens of the block)) and
/// added in double, so that the number of blocks costs no accuracy. Z'Z is its own transpose, so
/// only its upper triangle is computed, a panel of rows at a time.
package struct GramAccumulator {
    private var gram: DoubleMatrix
    package private(set) var cross: DoubleMatrix
    private var panel: FloatBuffer
    private let height: Int

    /// Rows of a panel: many enough for the product's speed, few enough to be no memory.
    package static let height = 1024

    package init(features: Int, targets: Int, height: Int = Self.height) {
        gram = DoubleMatrix(rows: features, columns: features)
        cross = DoubleMatrix(rows: features, columns: targets)
        self.height = height
        panel = FloatBuffer(count: min(features, height) * max(features, targets))
    }

    /// Gives the Gram matrix away, to be worked on in its place; nothing can be added any more.
    package mutating func takeGram() -> DoubleMatrix {
        panel = FloatBuffer(count: 0)
        // Not a copy that shares the entries: they are changed in their place.
        var taken = DoubleMatrix(rows: 0, columns: 0)
        swap(&taken, &gram)
        taken.mirrorUpperTriangle()
        return taken
    }

    /// Bytes held for `features` and `targets`.
    package static func byteCount(features: Int, targets: Int) -> Int {
        8 * features * (features + targets)
            + 4 * min(features, height) * max(features, targets)
    }

    /// - Parameters:
    ///   - features: [tokens, F].
    ///   - targets: [tokens, d].
    package mutating func add(features: MatrixView, targets: MatrixView) {
        precondition(features.rows == targets.rows, "a target for each token")
        precondition(
            features.columns == gram.rows && targets.columns == cross.columns, "shapes differ")
        guard features.rows > 0 else { return }
        for start in stride(from: 0, to: gram.rows, by: height) {
            let rows = start..<min(gram.rows, start + height)
            let left = features.columns(rows)
            Self.add(left, features.columns(start..<gram.rows), by: panel, to: &gram, at: rows)
            Self.add(left, targets, by: panel, to: &cross, at: rows)
        }
    }

    /// Adds left' right to the last columns of these rows.
    ///
    /// Not a method of a value: while one of its matrices is changed, that would hold another
    /// reference to it, and the matrix would be copied.
    private static func add(
        _ left: MatrixView, _ right: MatrixView, by panel: FloatBuffer,
        to sum: inout DoubleMatrix, at rows: Range<Int>
    ) {
        let (width, stride) = (right.columns, sum.columns)
        guard width > 0 else { return }
        let product = unsafe panel.pointer(at: 0)
        unsafe cblas_sgemm(
            CblasRowMajor, CblasTrans, CblasNoTrans, rows.count.blasSize, width.blasSize,
            left.rows.blasSize, 1, left.pointer(row: 0), left.stride.blasSize,
            right.pointer(row: 0), right.stride.blasSize, 0, product, width.blasSize)
        unsafe sum.values.withUnsafeMutableBufferPointer { entries in
            for row in rows {
                let (from, to) = ((row - rows.lowerBound) * width, (row + 1) * stride - width)
                for column in 0..<width {
                    unsafe entries[to + column] += Double(product[from + column])
                }
            }
        }
    }
}
