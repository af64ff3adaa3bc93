// A weight as it lies in the checkpoint: format, shape and a place in mapped memory.

/// A view of a row-major weight [rows, columns]; for a projection [out, in], y = x W^T.
///
/// It borrows the memory of `owner` (a mapped file or a buffer), which it keeps alive. The
/// address may be unaligned: users copy or use unaligned loads.
@safe
package struct WeightMatrix: @unchecked Sendable {
    // Sendable: the bytes are never written through this view.
    let base: UnsafeRawPointer
    package let format: FloatFormat
    package let rows: Int
    package let columns: Int
    private let owner: AnyObject

    /// - Parameter base: `rows * columns` elements that live as long as `owner`.
    package init(
        base: UnsafeRawPointer, format: FloatFormat, rows: Int, columns: Int, owner: AnyObject
    ) {
        unsafe self.base = base
        self.format = format
        self.rows = rows
        self.columns = columns
        self.owner = owner
    }

    /// Rows `range`, sharing memory.
    package func rows(_ range: Range<Int>) -> WeightMatrix {
        precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows outside the weight")
        return unsafe WeightMatrix(
            base: base + range.lowerBound * columns * format.byteWidth, format: format,
            rows: range.count, columns: columns, owner: owner)
    }

    /// The same elements in rows of another width.
    package func reshaped(columns width: Int) -> WeightMatrix {
        guard width != columns else { return self }
        precondition(rows * columns % width == 0, "the elements do not fill the rows")
        return unsafe WeightMatrix(
            base: base, format: format, rows: rows * columns / width, columns: width, owner: owner)
    }

    /// Whether both are views of the same memory.
    package func isSame(as other: WeightMatrix) -> Bool {
        unsafe base == other.base && owner === other.owner
    }

    /// Values of the matrix as floats; exact for every format.
    package func floats() -> MatrixView {
        let result = MatrixView(rows: rows, columns: columns)
        convert(rows: 0..<rows, to: result)
        return result
    }

    /// Converts rows `range` to floats; `target` is [range.count, columns].
    package func convert(rows range: Range<Int>, to target: MatrixView) {
        precondition(target.rows == range.count && target.columns == columns, "shapes differ")
        Parallel.forEachRun(of: range.count, grain: max(1, 65_536 / max(1, columns))) { run in
            for row in run {
                let source =
                    unsafe self.base + (range.lowerBound + row) * columns * format.byteWidth
                unsafe Conversion.widen(
                    UnsafeRawBufferPointer(start: source, count: columns * format.byteWidth),
                    from: format,
                    into: UnsafeMutableBufferPointer(
                        start: target.pointer(row: row), count: columns))
            }
        }
    }
}
