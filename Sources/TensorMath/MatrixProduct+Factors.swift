// Products of two matrices in any orientation, in the precision of a mode: what gradients and Gram
// sums need beside y = x W^T.

/// A factor as products read it, f32 or bf16: as it lies in memory, or a copy that serves several
/// products.
@safe
package struct ProductFactor {
    package let rows: Int
    package let columns: Int
    fileprivate let isHalf: Bool
    private let base: UnsafeRawPointer
    private let stride: Int
    /// Keeps the memory alive.
    private let owner: Any

    private init(
        _ base: UnsafeRawPointer, rows: Int, columns: Int, stride: Int, isHalf: Bool, owner: Any
    ) {
        unsafe self.base = base
        (self.rows, self.columns, self.stride) = (rows, columns, stride)
        (self.isHalf, self.owner) = (isHalf, owner)
    }

    fileprivate init(_ matrix: MatrixView) {
        unsafe self.init(
            UnsafeRawPointer(matrix.pointer(row: 0)), rows: matrix.rows, columns: matrix.columns,
            stride: matrix.stride, isHalf: false, owner: matrix.storage)
    }

    fileprivate init(rounding matrix: MatrixView, in half: HalfBuffer) {
        half.assign(matrix)
        unsafe self.init(
            UnsafeRawPointer(half.pointer(at: 0)), rows: matrix.rows, columns: matrix.columns,
            stride: matrix.columns, isHalf: true, owner: half)
    }

    fileprivate init(_ weight: WeightMatrix, isHalf: Bool) {
        unsafe self.init(
            weight.base, rows: weight.rows, columns: weight.columns, stride: weight.columns,
            isHalf: isHalf, owner: weight)
    }

    /// Columns `range` of every row; shares memory.
    package func columns(_ range: Range<Int>) -> ProductFactor {
        precondition(range.lowerBound >= 0 && range.upperBound <= columns, "columns outside")
        return unsafe ProductFactor(
            base + range.lowerBound * (isHalf ? 2 : 4), rows: rows, columns: range.count,
            stride: stride, isHalf: isHalf, owner: owner)
    }

    fileprivate func strides(transposed: Bool) -> MatrixProduct.Strides {
        transposed
            ? MatrixProduct.Strides(row: 1, column: stride)
            : MatrixProduct.Strides(row: stride, column: 1)
    }

    fileprivate var pointer: UnsafeRawPointer { unsafe base }
}

extension MatrixProduct {
    /// What the products of this mode read of a matrix; made once for several products.
    package func factor(_ matrix: MatrixView) -> ProductFactor {
        guard mode == .bfloat16 else { return ProductFactor(matrix) }
        return ProductFactor(
            rounding: matrix, in: halves.buffer(count: matrix.rows * matrix.columns))
    }

    /// The same of a weight; one that is stored as products read it is not copied.
    package func factor(_ weight: WeightMatrix) -> ProductFactor {
        if mode == .bfloat16, weight.format == .bf16 { return ProductFactor(weight, isHalf: true) }
        if mode == .float32, weight.format == .f32,
            unsafe Int(bitPattern: weight.base).isMultiple(of: 4)
        {
            return ProductFactor(weight, isHalf: false)
        }
        return factor(weight.floats())
    }

    /// output (+)= left right, either factor transposed first where asked; sums in f32.
    ///
    /// - Parameters:
    ///   - left: [rows, k], or [k, rows] where transposed.
    ///   - right: [k, columns], or [columns, k] where transposed.
    ///   - output: [rows, columns], f32; overlaps neither factor.
    ///   - accumulate: adds to `output` instead of replacing it.
    package func multiply(
        _ left: ProductFactor, _ right: ProductFactor, transposingLeft: Bool = false,
        transposingRight: Bool = false, into output: MatrixView, accumulate: Bool = false
    ) throws {
        let inner = transposingLeft ? left.rows : left.columns
        precondition(
            (transposingLeft ? left.columns : left.rows) == output.rows
                && (transposingRight ? right.rows : right.columns) == output.columns
                && (transposingRight ? right.columns : right.rows) == inner
                && left.isHalf == right.isHalf, "shapes or modes differ")
        guard output.rows > 0, output.columns > 0 else { return }
        guard inner > 0 else {
            if !accumulate { output.fill(0) }
            return
        }
        let shape = Shape(
            rows: output.rows, inner: inner, columns: output.columns,
            leftStrides: left.strides(transposed: transposingLeft),
            rightStrides: right.strides(transposed: transposingRight),
            outputStride: output.stride, half: left.isHalf, accumulate: accumulate)
        // The pointers are of memory that only the factors hold.
        try withExtendedLifetime((left, right)) {
            try unsafe execute(shape, left.pointer, right.pointer, output.pointer(row: 0))
        }
    }
}
