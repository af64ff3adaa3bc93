// bf16 products where oneDNN has none (processors without AVX-512): both factors, rounded to
// bf16, are widened and multiplied in f32. What is rounded and where sums are kept is the same.

import COneDNN

extension MatrixProduct {
    /// Whether oneDNN multiplies bf16 on this processor.
    static let multipliesHalf =
        dnnl_get_effective_cpu_isa().rawValue & dnnl_cpu_isa_avx512_core.rawValue
        == dnnl_cpu_isa_avx512_core.rawValue

    /// Rows of a factor are widened in blocks of about this many bytes.
    private static let widenedBytes = 8 << 20

    /// A product of bf16 factors in f32; `shape.half`.
    func executeWidened(
        _ shape: Shape, _ left: UnsafeRawPointer, _ right: UnsafeRawPointer,
        _ output: UnsafeMutablePointer<Float>
    ) throws {
        let wide = unsafe Self.widened(
            left, rows: shape.rows, columns: shape.inner, shape.leftStrides)
        // Of y = x W^T blocks of the weight's rows, so that a large one is never widened whole.
        let isStored = shape.rightStrides.row == 1 && shape.columns > 1
        let block =
            isStored ? max(1, Self.widenedBytes / (4 * max(1, shape.inner))) : shape.columns
        var start = 0
        while start < shape.columns {
            let range = start..<min(shape.columns, start + block)
            let base = unsafe right + 2 * start * shape.rightStrides.column
            let part = unsafe Self.widened(
                base, rows: shape.inner, columns: range.count, shape.rightStrides)
            var single = shape
            single.half = false
            single.columns = range.count
            single.leftStrides = wide.strides
            single.rightStrides = part.strides
            try unsafe execute(
                single, UnsafeRawPointer(wide.values.pointer(row: 0)),
                UnsafeRawPointer(part.values.pointer(row: 0)), output + start)
            start = range.upperBound
        }
    }

    /// bf16 values [rows, columns] as floats, in the orientation in which they lie.
    private static func widened(
        _ base: UnsafeRawPointer, rows: Int, columns: Int, _ strides: Strides
    ) -> (values: MatrixView, strides: Strides) {
        let isTurned = strides.row == 1 && columns > 1
        let (lines, width) = isTurned ? (columns, rows) : (rows, columns)
        let step = isTurned ? strides.column : strides.row
        let values = MatrixView(rows: lines, columns: width)
        // The address is of memory that the factors of the product hold.
        nonisolated(unsafe) let base = unsafe base
        Parallel.forEachRun(of: lines, grain: max(1, 65_536 / max(1, width))) { run in
            for line in run {
                unsafe Conversion.widen(
                    UnsafeRawBufferPointer(start: base + 2 * line * step, count: 2 * width),
                    from: .bf16,
                    into: UnsafeMutableBufferPointer(
                        start: values.pointer(row: line), count: width))
            }
        }
        return (
            values,
            isTurned ? Strides(row: 1, column: width) : Strides(row: width, column: 1)
        )
    }
}
