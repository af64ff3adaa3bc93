// A dense matrix of doubles, row-major, by value: what the manifold analysis computes with.

/// A dense matrix `[rows, columns]` of doubles, row-major.
///
/// Shapes are our own business, so a wrong one traps; data that cannot be factorised throws
/// (`LinearAlgebraError`).
package struct DoubleMatrix: Sendable, Equatable {
    package private(set) var rows: Int
    package private(set) var columns: Int
    /// `rows * columns` values, row after row. Its length never changes.
    package var values: [Double] {
        didSet { precondition(values.count == rows * columns, "a matrix keeps its shape") }
    }

    /// A matrix over `values` (row-major, exactly `rows * columns` of them).
    package init(rows: Int, columns: Int, values: [Double]) {
        precondition(rows >= 0 && columns >= 0, "a shape is not negative")
        precondition(
            values.count == rows * columns,
            "\(values.count) values do not fill [\(rows), \(columns)]")
        self.rows = rows
        self.columns = columns
        self.values = values
    }

    /// A matrix with `value` everywhere.
    package init(rows: Int, columns: Int, repeating value: Double = 0) {
        self.init(
            rows: rows, columns: columns, values: Array(repeating: value, count: rows * columns))
    }

    /// The entry at `row`, `column`.
    package subscript(row: Int, column: Int) -> Double {
        get {
            precondition(column >= 0 && column < columns, "column \(column) of \(columns)")
            return values[row * columns + column]
        }
        set {
            precondition(column >= 0 && column < columns, "column \(column) of \(columns)")
            values[row * columns + column] = newValue
        }
    }

    /// One row, `columns` values.
    package func row(_ index: Int) -> ArraySlice<Double> {
        values[index * columns..<(index + 1) * columns]
    }

    /// One column, `rows` values.
    package func column(_ index: Int) -> [Double] {
        precondition(index >= 0 && index < columns, "column \(index) of \(columns)")
        return (0..<rows).map { values[$0 * columns + index] }
    }

    /// Keeps rows and columns of a square matrix, in the memory that it has.
    ///
    /// - Parameter indices: ascending.
    package mutating func keep(_ indices: [Int]) {
        precondition(rows == columns, "rows and columns of one number")
        let (order, count) = (rows, indices.count)
        unsafe values.withUnsafeMutableBufferPointer { entries in
            // No entry moves backwards, so that none is overwritten before it has moved.
            var place = 0
            for row in indices {
                for column in indices {
                    unsafe entries[place] = entries[row * order + column]
                    place += 1
                }
            }
        }
        (rows, columns) = (count, count)
        values.removeLast(order * order - count * count)
    }

    /// Rows and columns of a square matrix in another order; a copy.
    package func permuted(_ order: [Int]) -> DoubleMatrix {
        precondition(rows == columns && order.count == rows, "an order of rows and columns")
        var result = DoubleMatrix(rows: rows, columns: columns)
        let size = rows
        unsafe values.withUnsafeBufferPointer { source in
            unsafe result.values.withUnsafeMutableBufferPointer { target in
                for (place, row) in order.enumerated() {
                    for (column, from) in order.enumerated() {
                        unsafe target[place * size + column] = source[row * size + from]
                    }
                }
            }
        }
        return result
    }

    /// The transposed matrix, `[columns, rows]`.
    package var transposed: DoubleMatrix {
        var result = [Double](repeating: 0, count: values.count)
        for row in 0..<rows {
            for column in 0..<columns {
                result[column * rows + row] = values[row * columns + column]
            }
        }
        return DoubleMatrix(rows: columns, columns: rows, values: result)
    }

    /// True when every value is a finite number.
    package var isFinite: Bool {
        values.allSatisfy { $0.isFinite }
    }
}
