// A weight that was computed, in the form products read: rounded once to the format it will have.

extension WeightMatrix {
    /// A weight of its own memory with the values of `matrix`: rounded to bf16 where the model's
    /// own weights are bf16, so that what is measured is what will be written; otherwise f32.
    package init(_ matrix: MatrixView, as format: FloatFormat) {
        if format == .bf16 {
            let half = HalfBuffer(count: matrix.rows * matrix.columns)
            for row in 0..<matrix.rows {
                unsafe half.assign(
                    UnsafeBufferPointer(start: matrix.pointer(row: row), count: matrix.columns),
                    at: row * matrix.columns)
            }
            unsafe self.init(
                base: UnsafeRawPointer(half.pointer(at: 0)), format: .bf16, rows: matrix.rows,
                columns: matrix.columns, owner: half)
        } else {
            let copy = MatrixView(rows: matrix.rows, columns: matrix.columns)
            copy.assign(matrix)
            unsafe self.init(
                base: UnsafeRawPointer(copy.pointer(row: 0)), format: .f32, rows: matrix.rows,
                columns: matrix.columns, owner: copy.storage)
        }
    }
}

extension MatrixView {
    /// Doubles rounded to floats, [rows, columns].
    package init(_ matrix: DoubleMatrix) {
        self.init(rows: matrix.rows, columns: matrix.columns)
        for index in 0..<matrix.values.count { storage[index] = Float(matrix.values[index]) }
    }

    /// The transposed matrix as doubles, [columns, rows].
    package var transposedDoubles: DoubleMatrix {
        var result = DoubleMatrix(rows: columns, columns: rows)
        var values = result.values
        for row in 0..<rows {
            for (column, value) in self.row(row).enumerated() {
                values[column * rows + row] = Double(value)
            }
        }
        result.values = values
        return result
    }

    /// Subtracts another matrix of this shape.
    package func subtract(_ other: MatrixView) {
        precondition(isShaped(like: other), "shapes differ")
        for row in 0..<rows {
            let target = unsafe pointer(row: row)
            let source = unsafe other.pointer(row: row)
            for column in 0..<columns { unsafe target[column] -= source[column] }
        }
    }
}
