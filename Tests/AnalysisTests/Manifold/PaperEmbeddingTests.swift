// The paper's embedding, against SciPy and against what it must be by definition.

import EngineTestSupport
import TensorMath
import Testing

@testable import Analysis

@Suite struct PaperEmbeddingTests {
    /// The oracle is SciPy's eigh on directly computed distances; both are exact to rounding times
    /// the inverse gap of the eigenvalues (0.1 to 1 here).
    private static let tolerance = 1e-10

    @Test("embeddings are those of SciPy", arguments: ["8", "median"], [0, 1, 2])
    func oracle(width: String, layer: Int) throws {
        let golden = try Golden(fixture: "paper")
        let embedding = try PaperEmbedding(
            rows: golden.rows("rows.\(layer)"), width: width == "8" ? .fixed(8) : .median,
            dimensions: 2, boundary: layer)
        let expected = try golden.matrix("embedding.\(width).\(layer)")
        let facts = try golden.values("condition.\(width).\(layer)")
        let eigenvalues = try golden.values("eigenvalues.\(width).\(layer)")
        #expect(deviation(embedding.coordinates.values, expected.values) < Self.tolerance)
        #expect(deviation(embedding.eigenvalues, eigenvalues) < Self.tolerance)
        #expect((embedding.conditionNumber / facts[0] - 1).magnitude < 1e-10)
        #expect((embedding.sigma / facts[1] - 1).magnitude < 1e-12)
        #expect(embedding.warnings.isEmpty)
    }

    @Test("distances are exact for any shape", arguments: [1, 2, 3, 7], [1, 2, 5, 1025])
    func distances(count: Int, width: Int) {
        var numbers = TestNumbers(seed: 11)
        let rows = numbers.layer(count, width)
        let result = rows.squaredDistances()
        for first in 0..<count {
            for second in 0..<count {
                let expected = Self.directDistance(rows, first, second)
                let error = (result[first, second] - expected).magnitude
                #expect(error <= 1e-11 * expected)
                #expect(result[first, second] == result[second, first])
            }
        }
    }

    @Test func `near duplicates far from the origin keep their digits`() {
        // Rows 1000 away from the origin that differ by 1e-3: the product form would keep 4 digits.
        var numbers = TestNumbers(seed: 12)
        var rows = numbers.layer(20, 64)
        for row in 1..<20 {
            for column in 0..<64 {
                rows.values[row * 64 + column] =
                    rows.values[column] + Float(row % 3) * 1000 + 1e-3 * Float(row)
            }
        }
        let result = rows.squaredDistances()
        for first in 0..<20 {
            for second in 0..<20 {
                let expected = Self.directDistance(rows, first, second)
                #expect((result[first, second] - expected).magnitude <= 1e-9 * expected)
            }
        }
    }

    private static func directDistance(_ rows: LayerRows, _ first: Int, _ second: Int) -> Double {
        (0..<rows.width).reduce(0) { sum, column in
            let difference =
                Double(rows.values[first * rows.width + column])
                - Double(rows.values[second * rows.width + column])
            return sum + difference * difference
        }
    }

    @Test func `columns are unit vectors, orthogonal to the constant, largest entry positive`()
        throws
    {
        var numbers = TestNumbers(seed: 13)
        let embedding = try PaperEmbedding(
            rows: numbers.layer(30, 6), width: .fixed(8), dimensions: 3, boundary: 1)
        for column in 0..<3 {
            let entries = embedding.coordinates.column(column)
            #expect((entries.reduce(0) { $0 + $1 * $1 } - 1).magnitude < 1e-12)
            #expect(entries.reduce(0, +).magnitude < 1e-12)
            #expect(entries.max { $0.magnitude < $1.magnitude } ?? 0 > 0)
        }
    }

    @Test func `two far groups are disconnected, and the warning says so`() throws {
        var numbers = TestNumbers(seed: 14)
        var rows = numbers.layer(20, 4)
        for index in 0..<40 { rows.values[index] += 1e6 }
        let embedding = try PaperEmbedding(
            rows: rows, width: .fixed(8), dimensions: 2, boundary: 3)
        guard case .disconnected(boundary: 3, _) = embedding.warnings.first else {
            Issue.record("no warning among \(embedding.warnings)")
            return
        }
        // The non-trivial eigenvector tells the groups apart even so.
        let sides = embedding.coordinates.column(0)
        #expect(sides[..<10].allSatisfy { ($0 - sides[0]).magnitude < 1e-6 })
        #expect(sides[10...].allSatisfy { ($0 - sides[10]).magnitude < 1e-6 })
        #expect((sides[0] - sides[10]).magnitude > 0.1)
    }

    @Test func `samples far from one another make an identity, and the warning says so`() throws {
        var numbers = TestNumbers(seed: 15)
        let embedding = try PaperEmbedding(
            rows: numbers.layer(12, 50, scale: 1000), width: .fixed(8), dimensions: 2, boundary: 1)
        #expect(
            embedding.warnings.contains { warning in
                if case .nearIdentity(boundary: 1, _) = warning { true } else { false }
            })
        #expect((embedding.conditionNumber - 1).magnitude < 1e-9)
    }

    @Test func `equal rows give warnings, not nonsense`() throws {
        let rows = LayerRows(count: 9, width: 3, values: Array(repeating: 0.5, count: 27))
        let embedding = try PaperEmbedding(
            rows: rows, width: .fixed(8), dimensions: 2, boundary: 2)
        #expect(embedding.coordinates.isFinite && embedding.conditionNumber.isFinite)
        #expect(embedding.conditionNumber > 2000)
        #expect(embedding.warnings.contains { $0.description.contains("above 2000") })
        #expect(embedding.warnings.contains { $0.description.contains("arbitrary") })
        #expect(throws: AnalysisError.medianDistanceIsZero(boundary: 2)) {
            try PaperEmbedding(rows: rows, width: .median, dimensions: 2, boundary: 2)
        }
    }

    @Test("numbers of warnings are short, the infinite ones too")
    func shortNumbers() {
        for (value, text) in [
            (0, "0.0"), (12.34, "12.3"), (1e30, "1e29"), (.infinity, "inf"), (-.infinity, "-inf"),
            (.nan, "nan"),
        ] as [(Double, String)] {
            #expect(EmbeddingWarnings.short(value) == text)
        }
    }

    @Test("a width that is no width is refused", arguments: [0, -1, Double.nan, .infinity])
    func width(sigma: Double) {
        var numbers = TestNumbers(seed: 16)
        let rows = numbers.layer(9, 3)
        #expect(throws: AnalysisError.self) {
            try PaperEmbedding(rows: rows, width: .fixed(sigma), dimensions: 2, boundary: 1)
        }
    }

    @Test func `too few samples for the dimensions are refused, enough are not`() throws {
        var numbers = TestNumbers(seed: 17)
        let rows = numbers.layer(5, 3)
        #expect(throws: AnalysisError.self) {
            try PaperEmbedding(rows: rows, width: .fixed(8), dimensions: 4, boundary: 1)
        }
        let embedding = try PaperEmbedding(
            rows: rows, width: .fixed(8), dimensions: 3, boundary: 1)
        #expect(embedding.coordinates.columns == 3)
    }
}
