// Rows of matrices lent as spans, for arithmetic that has no kernel of its own.

extension MatrixView {
    /// Lends one row, [columns].
    package func withRow<Result, Failure: Error>(
        _ index: Int, _ body: (Span<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(index >= 0 && index < rows, "row outside the matrix")
        let buffer = unsafe UnsafeBufferPointer(start: pointer(row: index), count: columns)
        return try body(unsafe buffer.span)
    }

    /// Lends one row, [columns], to be written.
    package func withMutableRow<Result, Failure: Error>(
        _ index: Int, _ body: (inout MutableSpan<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(index >= 0 && index < rows, "row outside the matrix")
        let buffer = unsafe UnsafeMutableBufferPointer(
            start: pointer(row: index), count: columns)
        var span = unsafe buffer.mutableSpan
        return try body(&span)
    }

    /// Rounds every value to a stored format and back, in place; rows in parallel.
    package func round(to format: FloatFormat) {
        guard format != .f32 else { return }
        Parallel.forEachRun(of: rows, grain: max(1, 16_384 / max(1, columns))) { run in
            for row in run {
                withMutableRow(row) { values in Conversion.round(&values, to: format) }
            }
        }
    }
}
