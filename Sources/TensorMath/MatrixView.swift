// A matrix of floats: shape, stride and offset into a shared buffer.

/// Rows of floats inside a buffer; [rows, columns], row `r` starts at `offset + r * stride`.
package struct MatrixView: Sendable {
    package let storage: FloatBuffer
    package let offset: Int
    package let rows: Int
    package let columns: Int
    package let stride: Int

    package init(storage: FloatBuffer, offset: Int, rows: Int, columns: Int, stride: Int) {
        precondition(rows >= 0 && columns >= 0 && offset >= 0, "negative shape")
        precondition(stride >= columns, "rows overlap")
        precondition(
            rows == 0 || offset + (rows - 1) * stride + columns <= storage.count,
            "the view leaves its buffer")
        self.storage = storage
        self.offset = offset
        self.rows = rows
        self.columns = columns
        self.stride = stride
    }

    /// A new zeroed matrix of its own, [rows, columns], without padding.
    package init(rows: Int, columns: Int) {
        self.init(
            storage: FloatBuffer(count: rows * columns), offset: 0, rows: rows, columns: columns,
            stride: columns)
    }

    package init(rows: Int, columns: Int, values: [Float]) {
        precondition(values.count == rows * columns, "values do not fill the shape")
        self.init(rows: rows, columns: columns)
        for (index, value) in values.enumerated() { storage[index] = value }
    }

    /// - Parameter bytes: little-endian floats, row by row.
    package init(rows: Int, columns: Int, bytes: [UInt8]) {
        precondition(bytes.count == 4 * rows * columns, "bytes do not fill the shape")
        self.init(rows: rows, columns: columns)
        guard !bytes.isEmpty else { return }
        unsafe bytes.withUnsafeBytes {
            unsafe UnsafeMutableRawBufferPointer(start: pointer(row: 0), count: $0.count)
                .copyMemory(from: $0)
        }
    }

    /// A new matrix of the given ones below each other.
    package init(stacking parts: [MatrixView], columns: Int) {
        self.init(rows: parts.reduce(0) { $0 + $1.rows }, columns: columns)
        var start = 0
        for part in parts {
            rows(start..<start + part.rows).assign(part)
            start += part.rows
        }
    }

    /// Rows `range`, all columns; shares memory.
    package func rows(_ range: Range<Int>) -> MatrixView {
        precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows outside the matrix")
        return MatrixView(
            storage: storage, offset: offset + range.lowerBound * stride, rows: range.count,
            columns: columns, stride: stride)
    }

    /// Columns `range` of every row; shares memory.
    package func columns(_ range: Range<Int>) -> MatrixView {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= columns, "columns outside the matrix")
        return MatrixView(
            storage: storage, offset: offset + range.lowerBound, rows: rows, columns: range.count,
            stride: stride)
    }

    package subscript(row: Int, column: Int) -> Float {
        get {
            precondition(column >= 0 && column < columns, "column outside the matrix")
            return storage[offset + row * stride + column]
        }
        nonmutating set {
            precondition(column >= 0 && column < columns, "column outside the matrix")
            storage[offset + row * stride + column] = newValue
        }
    }

    package func isShaped(like other: MatrixView) -> Bool {
        rows == other.rows && columns == other.columns
    }

    /// Whether rows follow each other without a gap.
    package var isContiguous: Bool { stride == columns || rows <= 1 }

    /// One row as an array of its own.
    package func row(_ index: Int) -> [Float] {
        precondition(index >= 0 && index < rows, "row outside the matrix")
        return unsafe [Float](unsafeUninitializedCapacity: columns) { buffer, count in
            _ = unsafe buffer.initialize(
                from: UnsafeBufferPointer(start: pointer(row: index), count: columns))
            count = columns
        }
    }

    /// Appends the little-endian bytes of a row.
    package func appendBytes(row: Int, to bytes: inout [UInt8]) {
        precondition(row >= 0 && row < rows, "row outside the matrix")
        unsafe bytes.append(
            contentsOf: UnsafeRawBufferPointer(start: pointer(row: row), count: 4 * columns))
    }

    /// All values, row by row.
    package func values() -> [Float] { (0..<rows).flatMap { row($0) } }

    /// Copies shape-equal rows of another matrix into this one.
    package func assign(_ other: MatrixView) {
        precondition(isShaped(like: other), "shapes differ")
        for index in 0..<rows {
            let source = unsafe UnsafePointer(other.pointer(row: index))
            unsafe pointer(row: index).update(from: source, count: columns)
        }
    }

    package func fill(_ value: Float) {
        for index in 0..<rows {
            unsafe pointer(row: index).update(repeating: value, count: columns)
        }
    }

    /// Lends all values, row by row; the rows must follow each other without a gap.
    package func withContiguousValues<Result>(
        _ body: (Span<Float>) throws -> Result
    ) rethrows -> Result {
        precondition(isContiguous, "rows have gaps")
        let buffer = unsafe UnsafeBufferPointer(start: pointer(row: 0), count: rows * columns)
        return try body(unsafe buffer.span)
    }

    func pointer(row: Int) -> UnsafeMutablePointer<Float> {
        unsafe storage.pointer(at: offset + row * stride)
    }
}
