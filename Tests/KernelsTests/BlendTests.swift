// Weighted sums of weights, and the check that proves what was stored.

import TensorMath
import Testing

@Suite struct BlendTests {
    static func weights(_ count: Int, _ seed: UInt64) -> [Double] {
        var generator = SeededGenerator(seed: seed)
        let raw = (0..<count).map { _ in generator.uniform() + 0.01 }
        let sum = raw.reduce(0, +)
        return raw.map { $0 / sum }
    }

    static func blend(_ matrices: [WeightMatrix], _ weights: [Double]) -> MatrixView {
        let (rows, columns) = (matrices[0].rows, matrices[0].columns)
        let result = MatrixView(rows: rows, columns: columns)
        // In two pieces of different length, as a large tensor is.
        for range in [0..<rows / 3, rows / 3..<rows] {
            Blend.rows(
                range, of: matrices, weights: weights, into: result.rows(range),
                scratch: MatrixView(rows: range.count, columns: columns))
        }
        return result
    }

    @Test("rows are sum_i w_i * M_i within their roundings", arguments: FloatFormat.allCases)
    func sums(format: FloatFormat) {
        for (rows, columns, count) in [(1, 1, 2), (7, 33, 2), (10, 64, 3), (3, 1023, 8), (5, 4, 1)]
        {
            var generator = SeededGenerator(seed: UInt64(rows * columns + count))
            let stored = (0..<count).map { _ in
                StoredWeight(
                    generator.floats(rows * columns), rows: rows, columns: columns,
                    format: format, shift: 1)
            }
            let weights = Self.weights(count, 7)
            let result = Self.blend(stored.map(\.matrix), weights)
            let values = stored.map { $0.matrix.floats() }
            for row in 0..<rows {
                for column in 0..<columns {
                    let terms = zip(values, weights).map { Double($0[row, column]) * $1 }
                    let bound =
                        Double(count + 1) * 0x1p-24 * terms.reduce(0) { $0 + abs($1) }
                    #expect(
                        abs(Double(result[row, column]) - terms.reduce(0, +)) <= bound + 1e-44)
                }
            }
        }
    }

    @Test("formats may differ from share to share")
    func mixedFormats() {
        let first = StoredWeight([1, 2, 3, 4], rows: 2, columns: 2, format: .f16)
        let second = StoredWeight([5, 6, 7, 8], rows: 2, columns: 2, format: .bf16)
        let result = Self.blend([first.matrix, second.matrix], [0.25, 0.75])
        #expect(result.values() == [4, 5, 6, 7])
    }

    @Test(
        "the check passes what was blended and stored, however many shares",
        arguments: FloatFormat.allCases, [2, 3, 8, 40])
    func checkPasses(format: FloatFormat, count: Int) {
        var generator = SeededGenerator(seed: UInt64(count))
        // All of one sign and about one size: partial sums are as large as they get.
        let stored = (0..<count).map { _ in
            StoredWeight(
                (0..<4000).map { _ in 1 + Float(generator.uniform()) }, rows: 40, columns: 100,
                format: format)
        }
        let weights = Self.weights(count, 8)
        let matrices = stored.map(\.matrix)
        let sum = Self.blend(matrices, weights)
        let written = StoredWeight(sum.values(), rows: 40, columns: 100, format: format)
        #expect(Blend.largestError(of: written.matrix, against: matrices, weights: weights) <= 1)
    }

    @Test(
        "the check passes numbers below the smallest normal one",
        arguments: [
            FloatFormat.f16, .f32,
        ])
    func checkPassesSubnormals(format: FloatFormat) {
        let tiny = Float(format.leastNormal / 8)
        let first = StoredWeight([tiny, -tiny, 0], rows: 1, columns: 3, format: format)
        let second = StoredWeight([tiny * 2, tiny, 0], rows: 1, columns: 3, format: format)
        let sum = Self.blend([first.matrix, second.matrix], [0.3, 0.7])
        let written = StoredWeight(sum.values(), rows: 1, columns: 3, format: format)
        #expect(
            Blend.largestError(
                of: written.matrix, against: [first.matrix, second.matrix], weights: [0.3, 0.7])
                <= 1)
    }

    @Test(
        "the check finds one wrong number: off by little, infinite, or not a number",
        arguments: [
            Float(1.004), .infinity, .nan, -1,
        ])
    func checkFails(factor: Float) {
        var generator = SeededGenerator(seed: 12)
        let first = StoredWeight(generator.floats(300), rows: 3, columns: 100, format: .f32)
        let second = StoredWeight(generator.floats(300), rows: 3, columns: 100, format: .f32)
        let matrices = [first.matrix, second.matrix]
        var values = Self.blend(matrices, [0.4, 0.6]).values()
        values[217] *= factor
        let written = StoredWeight(values, rows: 3, columns: 100, format: .f32)
        #expect(
            Blend.largestError(of: written.matrix, against: matrices, weights: [0.4, 0.6]) > 1)
    }

    @Test(
        "a wrong number is found wherever it is, the ends of pieces and of threads' runs included")
    func checkFindsAnyPlace() {
        var generator = SeededGenerator(seed: 13)
        // Several pieces for each of several threads.
        let (rows, columns) = (70, 1999)
        let stored = (0..<2).map { _ in
            StoredWeight(
                generator.floats(rows * columns), rows: rows, columns: columns, format: .bf16)
        }
        let matrices = stored.map(\.matrix)
        let values = Self.blend(matrices, [0.4, 0.6]).values()
        for place in [0, 8191, 8192, 65_535, 65_536, rows * columns / 2, rows * columns - 1] {
            var wrong = values
            wrong[place] = wrong[place] * 1.1 + 0.01
            let written = StoredWeight(wrong, rows: rows, columns: columns, format: .bf16)
            #expect(
                Blend.largestError(of: written.matrix, against: matrices, weights: [0.4, 0.6]) > 1,
                "\(place)")
        }
        let right = StoredWeight(values, rows: rows, columns: columns, format: .bf16)
        #expect(
            Blend.largestError(of: right.matrix, against: matrices, weights: [0.4, 0.6]) <= 1)
    }
}
