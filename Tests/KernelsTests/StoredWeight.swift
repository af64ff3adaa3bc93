// A weight matrix in any format at any address, with the values it stands for.

import TensorMath

/// Bytes that own themselves; `WeightMatrix` keeps the object alive.
@safe
final class StoredWeight {
    let format: FloatFormat
    let rows: Int
    let columns: Int
    private let memory: UnsafeMutableRawPointer
    private let shift: Int

    /// - Parameter shift: bytes that the first element lies off a 64-byte border, as tensors in
    ///   old safetensors files do.
    init(_ values: [Float], rows: Int, columns: Int, format: FloatFormat, shift: Int = 0) {
        precondition(values.count == rows * columns, "values do not fill the shape")
        self.format = format
        self.rows = rows
        self.columns = columns
        self.shift = shift
        let byteCount = values.count * format.byteWidth
        unsafe memory = .allocate(byteCount: byteCount + shift, alignment: 64)
        unsafe values.withUnsafeBufferPointer { source in
            unsafe Conversion.narrow(
                source, to: format,
                into: UnsafeMutableRawBufferPointer(start: memory + shift, count: byteCount))
        }
    }

    deinit { unsafe memory.deallocate() }

    var matrix: WeightMatrix {
        unsafe WeightMatrix(
            base: memory + shift, format: format, rows: rows, columns: columns, owner: self)
    }
}

extension MatrixView {
    /// Columns in the middle of wider rows; what lies around is `outside`.
    static func strided(
        rows: Int, columns: Int, values: [Float]? = nil, outside: Float
    ) -> (whole: MatrixView, view: MatrixView) {
        let whole = MatrixView(rows: rows, columns: columns + 7)
        whole.fill(outside)
        let view = whole.columns(3..<3 + columns)
        for row in 0..<rows {
            for column in 0..<columns {
                view[row, column] = values?[row * columns + column] ?? 0
            }
        }
        return (whole, view)
    }

    /// Whether all that `strided` laid around the view is still there.
    func isUntouched(outside: Float) -> Bool {
        (0..<rows).allSatisfy { row in
            (0..<columns).allSatisfy { column in
                (3..<columns - 4).contains(column) || self[row, column] == outside
            }
        }
    }
}
