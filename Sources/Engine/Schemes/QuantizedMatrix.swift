// A weight as codes and scales.

package import TensorMath

/// A weight [rows, columns] as it is stored.
package struct QuantizedMatrix: Sendable, Equatable {
    package let rows: Int
    package let columns: Int
    package let scheme: WeightScheme
    /// Row by row; int: -2^(bits-1) ... 2^(bits-1)-1, float: bit patterns of E4M3.
    package let codes: [Int8]
    /// [rows, groups], row by row, rounded to the format they are stored in.
    package let scales: [Float]

    package init(
        rows: Int, columns: Int, scheme: WeightScheme, codes: [Int8], scales: [Float]
    ) {
        precondition(codes.count == rows * columns, "codes fill the shape")
        precondition(
            scales.count == rows * scheme.groupCount(columns: columns), "a scale for each group")
        self.rows = rows
        self.columns = columns
        self.scheme = scheme
        self.codes = codes
        self.scales = scales
    }

    /// Code times scale, [rows, columns]; products are rounded to `format`, as loaders do that
    /// compute in the format of the scales.
    package func dequantized(in format: FloatFormat = .f32) -> MatrixView {
        let result = MatrixView(rows: rows, columns: columns)
        let width = scheme.groupWidth(columns: columns)
        let groups = scheme.groupCount(columns: columns)
        Parallel.forEachRun(of: rows, grain: max(1, 16_384 / max(1, columns))) { run in
            let scales = scales.span
            let codes = unsafe codes.span.bytes
            for row in run {
                let scales = scales.extracting(row * groups..<(row + 1) * groups)
                let codes = codes.extracting(row * columns..<(row + 1) * columns)
                result.withMutableRow(row) { values in
                    switch scheme.kind {
                    case .int:
                        CodeDecoding.int8(codes, scales: scales, group: width, into: &values)
                    case .float:
                        CodeDecoding.e4m3(codes, scales: scales, group: width, into: &values)
                    }
                }
            }
        }
        result.round(to: format)
        return result
    }
}
