// Streamed sums against products of doubles, the two parts that share a square, and the ridge that
// one part chooses for the other.

import EngineTestSupport
import Testing

@testable import Compression
@testable import TensorMath

@Suite struct GramAccumulatorTests {
    private static let features = 7
    private static let targets = 3

    private static func random(_ rows: Int, _ columns: Int, seed: UInt64) -> MatrixView {
        var generator = SeededGenerator(seed: seed)
        return MatrixView(
            rows: rows, columns: columns,
            values: (0..<rows * columns).map { _ in Float(generator.uniform()) - 0.5 })
    }

    private static func gram(_ z: MatrixView, _ t: MatrixView) -> DoubleMatrix {
        DoubleMatrix.product(z.transposedDoubles, t.transposedDoubles, transposingRight: true)
    }

    @Test(
        "sums over blocks are those of doubles, whatever part a block is of",
        arguments: ComputeMode.allCases, [[], [1], [0, 3], [0, 1, 2, 3, 4, 5, 6, 7]])
    func accumulates(_ mode: ComputeMode, _ validating: [Int]) throws {
        let features = Self.random(500, Self.features, seed: 17)
        let targets = Self.random(500, Self.targets, seed: 18)
        // Panels of 3, 3 and 1 rows.
        var sums = GramAccumulator(features: Self.features, targets: Self.targets, height: 3)
        let product = try MatrixProduct(mode: mode)
        for (block, start) in stride(from: 0, to: 500, by: 64).enumerated() {
            let range = start..<min(500, start + 64)
            try sums.add(
                features: features.rows(range), targets: targets.rows(range),
                to: validating.contains(block) ? .validation : .fitted, by: product)
        }
        #expect(sums.validates == !validating.isEmpty)
        let wanted = Self.gram(features, features)
        // 64 products of floats below 1 in f32, eight blocks in double; inputs of bf16 are off by
        // 2^-9 at most, and sums of 500 of them by less.
        let tolerance = mode == .float32 ? 1e-5 : 0.02
        let mean = (0..<wanted.rows).reduce(0) { $0 + wanted[$1, $1] } / Double(wanted.rows)
        #expect(abs(sums.meanDiagonal - mean) < tolerance * mean)
        let (found, cross) = sums.take()
        #expect(deviation(cross.values, Self.gram(features, targets).values) < tolerance)
        #expect(deviation(found.values, wanted.values) < tolerance)
        #expect(found == found.transposed)
    }

    @Test("the error of a ridge is that of the weights it gives, on tokens they have not seen")
    func validates() throws {
        let all = Self.random(160, Self.features, seed: 3)
        let targets = Self.random(160, Self.targets, seed: 4)
        let start = Self.random(Self.features, Self.targets, seed: 5).transposedDoubles.transposed
        var sums = GramAccumulator(features: Self.features, targets: Self.targets, height: 4)
        let product = try MatrixProduct(mode: .float32)
        let (seen, unseen) = (0..<100, 100..<160)
        try sums.add(
            features: all.rows(seen), targets: targets.rows(seen), by: product)
        try sums.add(
            features: all.rows(unseen), targets: targets.rows(unseen), to: .validation,
            by: product)
        let ridges = [0.01, 1, 100]
        let found = sums.validationErrors(ridges: ridges, start: start)
        let gram = Self.gram(all.rows(seen), all.rows(seen))
        for (ridge, error) in zip(ridges, found) {
            // With a mean diagonal of 1, lambda is mu.
            let mean = (0..<gram.rows).reduce(0) { $0 + gram[$1, $1] } / Double(gram.rows)
            let weights = try LeastSquares.ridge(
                gram: gram, cross: Self.gram(all.rows(seen), targets.rows(seen)), start: start,
                lambda: ridge / mean)
            let made = DoubleMatrix.product(
                all.rows(unseen).transposedDoubles, weights, transposingLeft: true)
            let wanted = targets.rows(unseen).transposedDoubles.transposed
            let squares = zip(made.values, wanted.values).reduce(0.0) {
                $0 + ($1.0 - $1.1) * ($1.0 - $1.1)
            }
            #expect(abs(error - squares / wanted.dot(wanted)) < 1e-4 * error)
        }
    }

    @Test("the better a target is known from the features, the less the ridge pulls")
    func chooses() throws {
        func share(noise: Float) throws -> Double {
            let features = Self.random(400, 40, seed: 8)
            let truth = Self.random(40, 2, seed: 9)
            let targets = Self.random(400, 2, seed: 10)
            RowKernels.scale(targets, by: noise)
            targets.assignProduct(features, truth, accumulate: true)
            var sums = GramAccumulator(features: 40, targets: 2)
            let product = try MatrixProduct(mode: .float32)
            for wave in 0..<4 {
                let rows = wave * 100..<(wave + 1) * 100
                try sums.add(
                    features: features.rows(rows), targets: targets.rows(rows),
                    to: Ridge.validated.part(ofWave: wave, of: 4), by: product)
            }
            return Ridge.validated.share(of: sums, start: DoubleMatrix(rows: 40, columns: 2))
        }
        #expect(try share(noise: 0) == Ridge.candidates.first)
        #expect(try share(noise: 20) == Ridge.candidates.last)
    }

    @Test("sums are added to in their place: a copy would be as large as the Gram matrix")
    func addsInPlace() throws {
        var sums = GramAccumulator(features: 7, targets: 3)
        func address() -> Int {
            unsafe sums.crosses.fitted.values.withUnsafeBytes { Int(bitPattern: $0.baseAddress) }
        }
        let (features, targets) = (MatrixView(rows: 5, columns: 7), MatrixView(rows: 5, columns: 3))
        let before = address()
        try sums.add(
            features: features, targets: targets, by: try MatrixProduct(mode: .float32))
        #expect(address() == before)
    }
}
