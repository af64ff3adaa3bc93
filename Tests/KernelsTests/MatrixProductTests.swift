// Projections y = x W^T in every mode, weight format and layout, against a naive double product.

import TensorMath
import Testing

@Suite struct MatrixProductTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let mode: ComputeMode
        let format: FloatFormat
        var testDescription: String { "\(mode.rawValue) on \(format.rawValue) weights" }
        static let all = ComputeMode.allCases.flatMap { mode in
            FloatFormat.allCases.map { Case(mode: mode, format: $0) }
        }
    }

    /// Tokens, inputs, outputs.
    static let shapes = [
        (1, 1, 1), (1, 16, 5), (2, 3, 17), (5, 31, 1), (7, 64, 64), (33, 129, 100), (65, 100, 33),
        (97, 36, 52),
    ]

    /// Sum and sum of absolutes of x W^T in double, of the values that the mode multiplies.
    static func naive(
        _ x: MatrixView, _ weight: WeightMatrix, _ row: Int, _ column: Int, _ mode: ComputeMode,
        _ stored: MatrixView
    ) -> (sum: Double, size: Double) {
        var sum = 0.0
        var size = 0.0
        for k in 0..<x.columns {
            var (a, b) = (x[row, k], stored[column, k])
            if mode == .bfloat16 {
                a = Conversion.rounded(a, to: .bf16)
                b = Conversion.rounded(b, to: .bf16)
            }
            sum += Double(a) * Double(b)
            size += abs(Double(a) * Double(b))
        }
        return (sum, size)
    }

    /// K products summed in f32 in any order err by at most K + 1 roundings of the whole.
    static func bound(_ inputs: Int, _ size: Double) -> Double {
        Double(inputs + 2) * 0x1p-24 * size + 1e-30
    }

    @Test("y = x W^T on strided views, replacing and accumulating", arguments: Case.all)
    func product(_ test: Case) throws {
        let product = try MatrixProduct(mode: test.mode)
        for (tokens, inputs, outputs) in Self.shapes {
            for accumulate in [false, true] {
                var generator = SeededGenerator(seed: UInt64(tokens + inputs * outputs))
                let weight = StoredWeight(
                    generator.floats(outputs * inputs), rows: outputs, columns: inputs,
                    format: test.format, shift: 0)
                let x = MatrixView.strided(
                    rows: tokens, columns: inputs, values: generator.floats(tokens * inputs),
                    outside: .nan)
                let y = MatrixView.strided(
                    rows: tokens, columns: outputs, values: generator.floats(tokens * outputs),
                    outside: 77)
                let before = y.view.values()
                try product.multiply(x.view, weight.matrix, into: y.view, accumulate: accumulate)
                let stored = weight.matrix.floats()
                for row in 0..<tokens {
                    for column in 0..<outputs {
                        let (sum, size) = Self.naive(
                            x.view, weight.matrix, row, column, test.mode, stored)
                        let start = accumulate ? Double(before[row * outputs + column]) : 0
                        #expect(
                            abs(Double(y.view[row, column]) - sum - start)
                                <= Self.bound(inputs, size + abs(start)),
                            "[\(tokens), \(inputs)] x [\(inputs), \(outputs)] at \(row), \(column)")
                    }
                }
                #expect(y.whole.isUntouched(outside: 77))
            }
        }
    }

    @Test("weights may start at any byte", arguments: Case.all)
    func unaligned(_ test: Case) throws {
        let product = try MatrixProduct(mode: test.mode)
        var generator = SeededGenerator(seed: 3)
        let values = generator.floats(33 * 65)
        let x = MatrixView(rows: 9, columns: 65, values: generator.floats(9 * 65))
        func run(shift: Int) throws -> [Float] {
            let weight = StoredWeight(
                values, rows: 33, columns: 65, format: test.format, shift: shift)
            let y = MatrixView(rows: 9, columns: 33)
            try product.multiply(x, weight.matrix, into: y)
            return y.values()
        }
        let aligned = try run(shift: 0)
        for shift in [1, 2, 3, 6] {
            // Other addresses may take another road through the library: equal up to rounding.
            for (a, b) in zip(aligned, try run(shift: shift)) { #expect(abs(a - b) <= 1e-5) }
        }
    }

    @Test(
        "a 16-bit weight of several blocks is widened block by block",
        arguments: [
            FloatFormat.f16, .bf16,
        ])
    func blocks(format: FloatFormat) throws {
        // Blocks are of 2 Mi floats: three of them, the last one shorter.
        let (rows, columns) = (5000, 1000)
        var generator = SeededGenerator(seed: 4)
        let weight = StoredWeight(
            generator.floats(rows * columns), rows: rows, columns: columns, format: format)
        let x = MatrixView(rows: 3, columns: columns, values: generator.floats(3 * columns))
        let y = MatrixView(rows: 3, columns: rows)
        try MatrixProduct(mode: .float32).multiply(x, weight.matrix, into: y)
        let stored = weight.matrix.floats()
        for row in 0..<3 {
            for column in 0..<rows {
                let (sum, size) = Self.naive(x, weight.matrix, row, column, .float32, stored)
                #expect(abs(Double(y[row, column]) - sum) <= Self.bound(columns, size))
            }
        }
    }

    @Test("rows of a fused weight multiply on their own")
    func slices() throws {
        var generator = SeededGenerator(seed: 5)
        let weight = StoredWeight(
            generator.floats(40 * 12), rows: 40, columns: 12, format: .bf16)
        let x = MatrixView(rows: 4, columns: 12, values: generator.floats(48))
        let product = try MatrixProduct(mode: .float32)
        let whole = MatrixView(rows: 4, columns: 40)
        try product.multiply(x, weight.matrix, into: whole)
        for range in [0..<40, 0..<7, 7..<40, 39..<40] {
            let part = MatrixView(rows: 4, columns: range.count)
            try product.multiply(x, weight.matrix.rows(range), into: part)
            for (a, b) in zip(part.values(), whole.columns(range).values()) {
                #expect(abs(a - b) <= 1e-5)
            }
        }
    }

    @Test("nothing to multiply is nothing done")
    func empty() throws {
        let weight = StoredWeight([1, 2], rows: 1, columns: 2, format: .f32)
        let product = try MatrixProduct(mode: .float32)
        try product.multiply(
            MatrixView(rows: 0, columns: 2), weight.matrix, into: MatrixView(rows: 0, columns: 1))
    }

    @Test("two runs give the same bits", arguments: Case.all)
    func deterministic(_ test: Case) throws {
        var generator = SeededGenerator(seed: 6)
        let weight = StoredWeight(
            generator.floats(300 * 257), rows: 300, columns: 257, format: test.format)
        let x = MatrixView(rows: 70, columns: 257, values: generator.floats(70 * 257))
        func run() throws -> [UInt32] {
            let y = MatrixView(rows: 70, columns: 300)
            try MatrixProduct(mode: test.mode).multiply(x, weight.matrix, into: y)
            return y.values().map(\.bitPattern)
        }
        let first = try run()
        for _ in 0..<5 { #expect(try run() == first) }
    }
}
