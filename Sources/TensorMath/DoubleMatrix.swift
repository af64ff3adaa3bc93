// A dense matrix of doubles, row-major, by value: what the manifold analysis computes with.

/// A dense matrix `[rows, columns]` of doubles, row-major.
///
/// Shapes are our own business, so a wrong one traps; data that cannot be factorised throws
/// (`LinearAlgebraError`).
package struct DoubleMatrix: Sendable, Equatable {
    package let rows: Int
    package let columns: Int
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
