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

    /// A weight of its own memory whose rows are made in runs, on all cores; rounded as above.
    ///
    /// - Parameters:
    ///   - grain: runs are whole numbers of so many rows, but for the last.
    ///   - make: fills [run.count, columns].
    package init(
        rows: Int, columns: Int, as format: FloatFormat, grain: Int,
        _ make: @Sendable (_ run: Range<Int>, _ values: inout MutableSpan<Float>) -> Void
    ) {
        // As many numbers at once as stay in a cache.
        let step = max(1, 65_536 / max(1, columns * grain)) * grain
        let runs = (rows + step - 1) / step
        if format == .bf16 {
            let half = HalfBuffer(count: rows * columns)
            Parallel.forEach(runs) { index in
                let run = index * step..<min(rows, (index + 1) * step)
                var floats = [Float](repeating: 0, count: run.count * columns)
                var values = floats.mutableSpan
                make(run, &values)
                unsafe floats.withUnsafeBufferPointer {
                    unsafe half.assign($0, at: run.lowerBound * columns)
                }
            }
            unsafe self.init(
                base: UnsafeRawPointer(half.pointer(at: 0)), format: .bf16, rows: rows,
                columns: columns, owner: half)
        } else {
            let floats = FloatBuffer(count: rows * columns)
            Parallel.forEach(runs) { index in
                let run = index * step..<min(rows, (index + 1) * step)
                let target = unsafe UnsafeMutableBufferPointer(
                    start: floats.pointer(at: run.lowerBound * columns),
                    count: run.count * columns)
                var values = unsafe target.mutableSpan
                make(run, &values)
                Conversion.round(&values, to: format)
            }
            unsafe self.init(
                base: UnsafeRawPointer(floats.pointer(at: 0)), format: .f32, rows: rows,
                columns: columns, owner: floats)
        }
    }
}

extension MatrixView {
    /// Doubles rounded to floats, [rows, columns].
    package init(_ matrix: DoubleMatrix) {
        self.init(rows: matrix.rows, columns: matrix.columns)
        for index in 0..<matrix.values.count { storage[index] = Float(matrix.values[index]) }
    }

    /// The same elements in rows of another width; rows follow each other without a gap.
    package func reshaped(columns width: Int) -> MatrixView {
        guard width != columns else { return self }
        precondition(isContiguous && rows * columns % width == 0, "elements do not fill rows")
        return MatrixView(
            storage: storage, offset: offset, rows: rows * columns / width, columns: width,
            stride: width)
    }

    /// Some columns as the rows of a new matrix, [chosen, rows].
    package func transposed(columns chosen: [Int]) -> MatrixView {
        precondition(chosen.allSatisfy { $0 >= 0 && $0 < columns }, "columns outside the matrix")
        let result = MatrixView(rows: chosen.count, columns: rows)
        Parallel.forEachRun(of: chosen.count, grain: max(1, 65_536 / max(1, rows))) { run in
            for row in run {
                let target = unsafe result.pointer(row: row)
                var source = unsafe pointer(row: 0) + chosen[row]
                for index in 0..<rows {
                    unsafe target[index] = source.pointee
                    unsafe source += stride
                }
            }
        }
        return result
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
