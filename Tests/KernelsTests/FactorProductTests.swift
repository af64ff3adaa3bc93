// Products of two matrices in any orientation, against a naive double product.

import TensorMath
import Testing

@Suite struct FactorProductTests {
    /// Rows, inner, columns.
    static let shapes = [(1, 1, 1), (2, 3, 17), (33, 129, 100), (97, 36, 52), (64, 0, 5)]

    @Test(
        "left right in every orientation, of parts of columns, replacing and accumulating",
        arguments: ComputeMode.allCases, shapes)
    func products(_ mode: ComputeMode, _ shape: (rows: Int, inner: Int, columns: Int)) throws {
        let product = try MatrixProduct(mode: mode)
        let (rows, inner, columns) = shape
        for (turnsLeft, turnsRight, accumulate) in [
            (false, false, false), (true, false, true), (false, true, true), (true, true, false),
        ] {
            var generator = SeededGenerator(seed: UInt64(rows + inner * columns))
            func factor(_ rows: Int, _ columns: Int) -> (MatrixView, ProductFactor) {
                // Three columns more, of which products see none.
                let whole = MatrixView(
                    rows: rows, columns: columns + 3,
                    values: generator.floats(rows * (columns + 3)))
                return (
                    whole.columns(2..<columns + 2),
                    product.factor(whole).columns(2..<columns + 2)
                )
            }
            let (a, left) = turnsLeft ? factor(inner, rows) : factor(rows, inner)
            let (b, right) = turnsRight ? factor(columns, inner) : factor(inner, columns)
            let output = MatrixView.strided(
                rows: rows, columns: columns, values: generator.floats(rows * columns),
                outside: 77
            ).view
            let before = output.values()
            try product.multiply(
                left, right, transposingLeft: turnsLeft, transposingRight: turnsRight,
                into: output, accumulate: accumulate)
            for row in 0..<rows {
                for column in 0..<columns {
                    var (sum, size) = (0.0, 0.0)
                    for k in 0..<inner {
                        let (x, y) = (
                            turnsLeft ? a[k, row] : a[row, k],
                            turnsRight ? b[column, k] : b[k, column]
                        )
                        let rounded = mode == .bfloat16
                        let term =
                            Double(rounded ? Conversion.rounded(x, to: .bf16) : x)
                            * Double(rounded ? Conversion.rounded(y, to: .bf16) : y)
                        sum += term
                        size += abs(term)
                    }
                    if accumulate {
                        sum += Double(before[row * columns + column])
                        size += abs(Double(before[row * columns + column]))
                    }
                    let bound = MatrixProductTests.bound(inner + 1, size)
                    #expect(abs(Double(output[row, column]) - sum) <= bound)
                }
            }
        }
    }

    @Test("a weight that is stored as products read it gives what its floats give")
    func weights() throws {
        for mode in ComputeMode.allCases {
            for format in FloatFormat.allCases {
                let product = try MatrixProduct(mode: mode)
                var generator = SeededGenerator(seed: 5)
                let stored = StoredWeight(
                    generator.floats(12), rows: 4, columns: 3, format: format, shift: 0)
                let input = MatrixView(rows: 2, columns: 4, values: generator.floats(8))
                let (own, floats) = (
                    MatrixView(rows: 2, columns: 3), MatrixView(rows: 2, columns: 3)
                )
                try product.multiply(
                    product.factor(input), product.factor(stored.matrix), into: own)
                try product.multiply(
                    product.factor(input), product.factor(stored.matrix.floats()), into: floats)
                #expect(own.values() == floats.values())
            }
        }
    }
}
