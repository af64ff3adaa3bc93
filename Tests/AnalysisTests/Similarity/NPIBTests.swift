// Both readings of NPIB as measures: what they promise about any data.

import EngineTestSupport
import TensorMath
import Testing

@testable import Analysis

@Suite struct NPIBTests {
    private static func boundaries(
        _ layers: Int, count: Int, width: Int = 8, seed: UInt32 = 41
    ) -> [LayerRows] {
        var numbers = TestNumbers(seed: seed)
        var rows = numbers.layer(count, width)
        return (0...layers).map { _ in
            let change = numbers.layer(count, width, scale: 0.3)
            rows.values = zip(rows.values, change.values).map { $0 + $1 }
            return rows
        }
    }

    @Test func `the whole road agrees with the independent implementation`() throws {
        let golden = try Golden(fixture: "paper")
        let rows = try (0..<3).map { try golden.rows("rows.\($0)") }
        let matrix = try PaperNPIB().similarity(
            of: [rows[0]] + rows, parameters: SimilarityParameters())
        // The tie-breaking noise of 1e-10 is not in the oracle.
        #expect(deviation(matrix.values, try golden.values("npib")) < 1e-7)
        #expect(matrix.size == 3 && matrix.conditionNumbers.count == 3)
        // All three embeddings are below the entropy floor here; the oracle raised them too.
        #expect(try golden.values("entropies").allSatisfy { $0 <= 0.5 })
        #expect(matrix.warnings.count == 1 && matrix.warnings[0].hasPrefix("layers 0-2:"))
    }

    @Test func `a Gaussian embedding has the similarity of the closed form`() throws {
        var numbers = TestNumbers(seed: 42)
        let x = numbers.matrix(3000, 2)
        let noise = numbers.matrix(3000, 2)
        let y = DoubleMatrix(
            rows: 3000, columns: 2,
            values: zip(x.values, noise.values).map { 5 * (0.8 * $0 + 0.6 * $1) })
        let matrix = try PaperNPIB.similarity(
            ofCoordinates: [x, y], parameters: SimilarityParameters())
        // I = -log(1 - 0.64) = 1.0217; H = log(2πe) = 2.8379 after scaling to unit variance.
        #expect((matrix[0, 1] - 1.0217 / 2.8379).magnitude < 0.03)
        #expect(matrix.warnings.isEmpty)
    }

    @Test("matrices are symmetric, not negative, the diagonal highest", arguments: [6, 20, 63])
    func shape(count: Int) throws {
        let matrix = try PaperNPIB().similarity(
            of: Self.boundaries(5, count: count), parameters: SimilarityParameters())
        for row in 0..<5 {
            for column in 0..<5 {
                #expect(matrix[row, column] == matrix[column, row])
                #expect(matrix[row, column] >= 0)
                // With both entropies fixed, no information exceeds the ceiling.
                let bound = (matrix[row, row] * matrix[column, column]).squareRoot()
                #expect(matrix[row, column] <= bound * (1 + 1e-12))
            }
        }
    }

    @Test func `the order of samples does not matter`() throws {
        let boundaries = Self.boundaries(4, count: 60)
        let permuted = boundaries.map { rows in
            var result = rows
            for row in 0..<60 {
                let source = (row * 7 + 3) % 60
                for column in 0..<8 {
                    result.values[row * 8 + column] = rows.values[source * 8 + column]
                }
            }
            return result
        }
        let parameters = SimilarityParameters()
        let first = try PaperNPIB().similarity(of: boundaries, parameters: parameters)
        let second = try PaperNPIB().similarity(of: permuted, parameters: parameters)
        // The noise goes to other samples: 1e-10, times the 1 / distance of the entropy.
        #expect(deviation(first.values, second.values) < 1e-6)
    }

    @Test func `embeddings in other units are equally similar`() throws {
        var numbers = TestNumbers(seed: 43)
        let layers = (0..<3).map { _ in numbers.matrix(80, 2) }
        let scaled = layers.enumerated().map { index, layer in
            DoubleMatrix(
                rows: 80, columns: 2, values: layer.values.map { $0 * (index == 1 ? 1e6 : 3e-5) })
        }
        let parameters = SimilarityParameters()
        let first = try PaperNPIB.similarity(ofCoordinates: layers, parameters: parameters)
        let second = try PaperNPIB.similarity(ofCoordinates: scaled, parameters: parameters)
        #expect(deviation(first.values, second.values) < 1e-9)
    }

    @Test func `a degenerate embedding is raised to the floor and named`() throws {
        var numbers = TestNumbers(seed: 44)
        let good = numbers.matrix(100, 2)
        var spike = DoubleMatrix(rows: 100, columns: 2)
        spike[17, 0] = 1
        spike[44, 1] = -1
        let constant = DoubleMatrix(rows: 100, columns: 2, repeating: 0.25)
        let matrix = try PaperNPIB.similarity(
            ofCoordinates: [good, spike, constant], parameters: SimilarityParameters())
        #expect(matrix.values.allSatisfy { $0.isFinite && $0 >= 0 })
        #expect(matrix.warnings.count == 1 && matrix.warnings[0].hasPrefix("layers 1-2:"))
        #expect(matrix[0, 1] < matrix[0, 0] && matrix[0, 2] < 0.5)
    }

    @Test func `many tied samples are handled the same way every time`() throws {
        let layer = DoubleMatrix(
            rows: 60, columns: 2, values: (0..<120).map { Double($0 % 6 / 2 + $0 % 2) })
        let parameters = SimilarityParameters()
        let first = try PaperNPIB.similarity(ofCoordinates: [layer, layer], parameters: parameters)
        let second = try PaperNPIB.similarity(
            ofCoordinates: [layer, layer], parameters: parameters)
        #expect(first.values == second.values)
        #expect(first.values.allSatisfy { $0.isFinite })
        // Three groups of twenty: what the two have in common is which group, not the noise.
        let digamma = DigammaTable(upTo: 60)
        let ceiling = first[0, 1] / first[0, 0] * (digamma[60] - digamma[5])
        #expect(ceiling < 1.6)
    }

    @Test func `one sample too few is refused with the number needed, enough is not`() throws {
        var parameters = SimilarityParameters()
        parameters.neighbours = 9
        #expect {
            try PaperNPIB().similarity(of: Self.boundaries(2, count: 9), parameters: parameters)
        } throws: { error in
            guard case .tooFewSamples(found: 9, needed: 10, _) = error as? AnalysisError else {
                return false
            }
            return "\(error)".contains("at least 10")
        }
        let matrix = try PaperNPIB().similarity(
            of: Self.boundaries(2, count: 10), parameters: parameters)
        #expect(matrix.values.allSatisfy { $0.isFinite })
        #expect {
            try OfficialNPIB().similarity(
                of: Self.boundaries(2, count: 50), parameters: SimilarityParameters())
        } throws: { error in
            guard case .tooFewSamples(found: 50, needed: 51, _) = error as? AnalysisError else {
                return false
            }
            return true
        }
        let official = try OfficialNPIB().similarity(
            of: Self.boundaries(2, count: 51), parameters: SimilarityParameters())
        #expect(official.values.allSatisfy { $0.isFinite })
    }

    @Test func `entropies of opposite signs make a zero and a warning`() throws {
        // Ranks on the grid have entropies near zero; wider ones are positive, narrower negative.
        let wide = DoubleMatrix(
            rows: 60, columns: 2, values: (0..<120).map { Double($0 * 37 % 120) })
        let narrow = DoubleMatrix(
            rows: 60, columns: 2, values: (0..<120).map { Double($0 * 11 % 120) / 1000 })
        let matrix = try OfficialNPIB.similarity(
            ofRanks: [wide, narrow], parameters: SimilarityParameters())
        #expect(matrix[0, 1] == 0 && matrix[1, 0] == 0)
        #expect(matrix[0, 0] > 0 && matrix[1, 1] > 0)
        #expect(matrix.warnings.count == 1 && matrix.warnings[0].contains("layers 0 and 1"))
    }

    @Test func `fusion ratios are shares of the mean similarity`() {
        let matrix = SimilarityMatrix(size: 2, values: [3, 1, 1, 5])
        // Means 2 and 3: r = 0.4.
        #expect((matrix.officialRatio(0, 1) - 0.598_687_660_112_452).magnitude < 1e-12)
        let zero = SimilarityMatrix(size: 2, values: [0, 0, 0, 0])
        #expect((zero.officialRatio(0, 1) - 0.622_459_331_201_855).magnitude < 1e-12)
    }
}
