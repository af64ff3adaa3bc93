// Correlations of matrices against scipy (Scripts/make_correlation_goldens.py), and halves of sets.

import Analysis
import Foundation
import Model
import TestSupport
import Testing

@Suite struct AgreementTests {
    private struct Goldens: Decodable {
        struct Pair: Decodable {
            let first: [Double]
            let second: [Double]
            let ranks: [Double]
            let pearson: Double
            let spearman: Double
        }

        struct Matrices: Decodable {
            let first: [[Double]]
            let second: [[Double]]
        }

        let pairs: [Pair]
        let matrices: Matrices
    }

    /// Sums of at most 34 products, in another order than scipy's.
    private static let tolerance = 1e-12
    /// Of values around 1e9, whose spread is 1: they are exact to 1e-7 only.
    private static let offsetTolerance = 1e-6

    private static func file() throws -> Data {
        try Data(
            contentsOf: Places.fixtures.appending(path: "similarity/correlations.json"))
    }

    @Test func `correlations and ranks are scipy's`() throws {
        let goldens = try JSONDecoder().decode(Goldens.self, from: Self.file())
        #expect(goldens.pairs.count == 8)
        for pair in goldens.pairs {
            let isOffset = pair.first[0] > 1e8
            let tolerance = isOffset ? Self.offsetTolerance : Self.tolerance
            #expect(Correlation.ranks(pair.first) == pair.ranks)
            #expect(
                abs(Correlation.pearson(pair.first, pair.second) - pair.pearson) < tolerance)
            #expect(
                abs(Correlation.spearman(pair.first, pair.second) - pair.spearman)
                    < Self.tolerance)
        }
    }

    @Test func `matrices agree as scipy says of their upper triangles`() throws {
        let data = try Self.file()
        let goldens = try JSONDecoder().decode(Goldens.self, from: data).matrices
        let text = try #require(
            try JSONSerialization.jsonObject(with: data) as? [String: Any])["matrices"]
        let expected = try #require(text as? [String: Any])
        let agreement = MatrixAgreement(
            Self.matrix(goldens.first.flatMap { $0 }), Self.matrix(goldens.second.flatMap { $0 }))
        for (name, value) in [
            ("pearson", agreement.pearson), ("spearman", agreement.spearman),
            ("pearson_off_diagonal", agreement.pearsonOffDiagonal),
            ("spearman_off_diagonal", agreement.spearmanOffDiagonal),
        ] {
            let golden = try #require(expected[name] as? Double)
            #expect(abs(value - golden) < Self.tolerance, "\(name)")
        }
    }

    private static func matrix(_ values: [Double]) -> SimilarityMatrix {
        SimilarityMatrix(size: Int(Double(values.count).squareRoot()), values: values)
    }

    @Test func `what does not vary has no correlation, and broken numbers are left out`() {
        #expect(Correlation.pearson([], []).isNaN)
        #expect(Correlation.pearson([1], [2]).isNaN)
        // 0.1 three times has a mean of another value than 0.1.
        #expect(Correlation.pearson([0.1, 0.1, 0.1], [1, 2, 3]).isNaN)
        #expect(Correlation.spearman([1, 2, 3], [7, 7, 7]).isNaN)
        #expect(Correlation.pearson([1, .nan, 2, 3], [2, 5, 4, 6]) == 1)
        #expect(Correlation.spearman([1, 2, 9, 3], [3, 2, -.infinity, 1]) == -1)
        let single = MatrixAgreement(Self.matrix([1]), Self.matrix([1]))
        #expect(single.pearson.isNaN && single.spearmanOffDiagonal.isNaN)
    }

    @Test func `halves are disjoint, equal, and differ from split to split`() {
        for count in 2...9 {
            var seen: Set<[Int]> = []
            for split in 0..<20 {
                let halves = SampleHalves(count: count, seed: 1, split: split)
                #expect(halves.first.count == count / 2 && halves.second.count == count / 2)
                let all = Set(halves.first + halves.second)
                #expect(all.count == count / 2 * 2 && all.allSatisfy((0..<count).contains))
                #expect(halves == SampleHalves(count: count, seed: 1, split: split))
                seen.insert(halves.first)
            }
            #expect(seen.count > 1)
        }
    }

    @Test func `halves of one kind agree better than with another kind`() {
        func matrix(_ pattern: [Double], _ noise: Double) -> SimilarityMatrix {
            let (a, b, c) = (pattern[0] + noise, pattern[1] - noise, pattern[2])
            return Self.matrix([1, a, b, a, 1, c, b, c, 1])
        }
        let mine = HalfSimilarities(
            splits: (0..<3).map {
                (matrix([0.1, 0.5, 0.9], 0.01 * Double($0)), matrix([0.1, 0.5, 0.9], -0.02))
            })
        let other = HalfSimilarities(
            splits: (0..<3).map {
                (matrix([0.9, 0.5, 0.1], 0.01 * Double($0)), matrix([0.9, 0.5, 0.1], -0.02))
            })
        let own = MatrixAgreement.summary(mine.agreements)
        let cross = MatrixAgreement.summary(mine.agreements(with: other))
        #expect(mine.agreements.count == 3 && own.mean.spearmanOffDiagonal == 1)
        #expect(own.spread.spearmanOffDiagonal == 0 && own.spread.pearsonOffDiagonal > 0)
        #expect(cross.mean.spearmanOffDiagonal == -1)
        for (there, back) in zip(mine.agreements(with: other), other.agreements(with: mine)) {
            #expect(abs(there.pearson - back.pearson) < Self.tolerance)
        }
    }

    @Test func `rows of samples are found again in a capture`() {
        let batch = PackedSequences([[1, 2, 3], [], [4, 5]])
        #expect(ActivationCapture.samples(.lastToken, of: batch) == [0..<1, 1..<2])
        #expect(ActivationCapture.samples(.tokens, of: batch) == [0..<3, 3..<5])
        let rows = LayerRows(count: 5, width: 2, values: (0..<10).map(Float.init))
        #expect(rows.rows(in: [3..<5, 0..<1]).values == [6, 7, 8, 9, 0, 1])
        #expect(rows.rows(in: [3..<5, 0..<1]).count == 3)
    }
}
