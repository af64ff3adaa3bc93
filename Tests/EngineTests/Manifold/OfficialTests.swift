// The official reading, against the arrays the official computation gave.

import Engine
import Foundation
import TensorMath
import Testing

@Suite struct OfficialTests {
    /// Float32 arithmetic on the same rows: what is left is the rounding of one decomposition.
    private static let sameRows = 1e-4
    /// The goal for embeddings against the reference, relative to its largest value (up to 7.6);
    /// its own float32 rounding moves single entries by 5e-4 of that.
    private static let reference = 1e-3

    @Test("embedding and ranks are the official ones", arguments: [0, 8, 15])
    func embedding(layer: Int) throws {
        let golden = try Golden(fixture: "official")
        let embedding = try OfficialEmbedding(
            rows: golden.rows("hidden.\(layer)"), dimensions: 2, boundary: layer)
        let expected = try golden.matrix("embedding.\(layer)")
        #expect(deviation(embedding.coordinates.values, expected.values) < Self.sameRows)
        #expect(embedding.ranked == (try golden.matrix("ranked.\(layer)")))
    }

    @Test func `similarity and fusion ratios from the official ranks are the official ones`() throws
    {
        let golden = try Golden(fixture: "official")
        let ranks = try (0..<16).map { try golden.matrix("ranked.\($0)") }
        let matrix = try OfficialNPIB.similarity(
            ofRanks: ranks, parameters: SimilarityParameters())
        // The noise is repeated exactly, so nothing but rounding is left.
        #expect(deviation(matrix.values, try golden.values("similarity")) < 1e-9)
        let ratios = matrix.officialFusionRatios().flatMap { [$0.0, $0.1] }
        #expect(deviation(ratios, try golden.values("fusion_ratios")) < 1e-9)
        #expect(matrix.warnings.isEmpty)
    }

    /// Set `LAYERFOLD_MKA_HIDDEN` to a safetensors file of hidden.0 to hidden.15, [57, 256] each.
    private static let hidden = ProcessInfo.processInfo.environment["LAYERFOLD_MKA_HIDDEN"]
    private static let shared = URL(filePath: #filePath)
        .appending(path: "../../../../../shared/golden/mka/upstream_mka.safetensors").standardized

    @Test(
        "all layers of the demo model agree with the reference outputs",
        .enabled(
            if: hidden != nil && FileManager.default.fileExists(atPath: shared.path()),
            "needs LAYERFOLD_MKA_HIDDEN and ../shared"))
    func wholeModel() throws {
        let rows = try Golden(URL(filePath: #require(Self.hidden)))
        let reference = try Golden(Self.shared)
        let boundaries = try (0..<16).map { try rows.rows("hidden.\($0)") }
        let parameters = SimilarityParameters()
        // The last boundary, the model's output, plays no part in the official reading.
        let embeddings = try OfficialNPIB.embeddings(
            of: boundaries + [boundaries[15]], parameters: parameters)
        for (layer, embedding) in embeddings.enumerated() {
            let expected = try reference.values("embedding.\(layer)")
            let largest = expected.map(\.magnitude).max() ?? 1
            let error = deviation(embedding.coordinates.values, expected)
            print("layer \(layer): largest error \(error) of \(largest)")
            #expect(error < Self.reference * largest)
            #expect(embedding.ranked.values == (try reference.values("ranked.\(layer)")))
        }
        let matrix = try OfficialNPIB.similarity(of: embeddings, parameters: parameters)
        #expect(deviation(matrix.values, try reference.values("similarity")) < 1e-9)
        let ratios = matrix.officialFusionRatios().flatMap { [$0.0, $0.1] }
        #expect(deviation(ratios, try reference.values("fusion_ratios")) < 1e-9)
    }

    @Test(
        "the selection covers n rows in chunks of the largest divisor up to 100", arguments: 1...600
    )
    func selection(sampleCount: Int) {
        let chunk = OfficialRows.chunkSize(sampleCount: sampleCount)
        #expect(chunk <= 100 && sampleCount.isMultiple(of: chunk))
        #expect((chunk + 1...101).dropLast().allSatisfy { !sampleCount.isMultiple(of: $0) })
        let runs = OfficialRows.selection(sampleCount: sampleCount)
        #expect(runs.map(\.sample) == Array(stride(from: 0, to: sampleCount, by: chunk)))
        #expect(runs.allSatisfy { $0.tokens == 0..<chunk })
        if sampleCount <= 100 {
            #expect(runs == [SampleTokens(sample: 0, tokens: 0..<sampleCount)])
        }
    }

    @Test func `above 100 samples the diagonals of all blocks are zero distances`() throws {
        // 114 samples: two chunks of 57. Row r of the second block is at distance 0 from row r of
        // the first, however far apart they are, so exchanging the blocks exchanges the rows.
        var numbers = TestNumbers(seed: 21)
        let first = numbers.layer(57, 8)
        let second = numbers.layer(57, 8, scale: 30)
        func embedding(_ parts: [LayerRows]) throws -> OfficialEmbedding {
            try OfficialEmbedding(
                rows: LayerRows(count: 114, width: 8, values: parts.flatMap(\.values)),
                dimensions: 2, boundary: 0)
        }
        let straight = try embedding([first, second])
        let crossed = try embedding([second, first])
        let distances = [straight, crossed].map { embedding in
            (0..<57).map { embedding.coordinates[$0, 0] - embedding.coordinates[$0 + 57, 0] }
        }
        let sums = zip(distances[0], distances[1]).map { ($0.magnitude - $1.magnitude).magnitude }
        #expect(sums.allSatisfy { $0 < 1e-3 })
        #expect((straight.conditionNumber / crossed.conditionNumber - 1).magnitude < 1e-3)
    }

    @Test func `rows of zeros, as of a short prompt, are embedded without NaN`() throws {
        var numbers = TestNumbers(seed: 22)
        var rows = numbers.layer(57, 16)
        for index in 20 * 16..<57 * 16 { rows.values[index] = 0 }
        let embedding = try OfficialEmbedding(rows: rows, dimensions: 2, boundary: 0)
        #expect(embedding.coordinates.isFinite)
        for column in 0..<2 {
            #expect(
                embedding.ranked.column(column).sorted() == (0..<57).map { Double($0) / 57 })
        }
    }

    @Test func `more than 256 samples take the shorter road to the same vectors`() throws {
        // 300 samples: blocks of 100. The embedding satisfies A u = s u with u = y u0, which a
        // permutation within all blocks at once must not change.
        var numbers = TestNumbers(seed: 23)
        let rows = numbers.layer(300, 6)
        let embedding = try OfficialEmbedding(rows: rows, dimensions: 2, boundary: 0)
        var reversed = rows
        for row in 0..<300 {
            let source = row / 100 * 100 + (99 - row % 100)
            for column in 0..<6 {
                reversed.values[row * 6 + column] = rows.values[source * 6 + column]
            }
        }
        let other = try OfficialEmbedding(rows: reversed, dimensions: 2, boundary: 0)
        for column in 0..<2 {
            let here = embedding.coordinates.column(column)
            let there = (0..<300).map {
                other.coordinates[$0 / 100 * 100 + (99 - $0 % 100), column]
            }
            let flipped = there.map { -$0 }
            #expect(min(deviation(here, there), deviation(here, flipped)) < 1e-3)
        }
    }

    @Test(
        "float32 exponentials are NumPy's",
        arguments: [
            (Float(-0.001), UInt32(0x3f7f_be7f)), (-1, 0x3ebc_5ab1), (-7.25, 0x3a3a_2aff),
            (-20.5, 0x30ab_d1d8), (0, 0x3f80_0000), (-104, 0),
        ])
    func exponential(x: Float, bits: UInt32) {
        #expect(Float32Arithmetic.exponential(x).bitPattern == bits)
    }

    @Test func `without ties NumPy's order is the order`() {
        var numbers = TestNumbers(seed: 24)
        for count in [1, 2, 3, 31, 57, 64, 65, 256, 257, 400] {
            let values = numbers.normals(count)
            let order = NumPyOrder.sorted(values)
            #expect(order.map { values[$0] } == values.sorted())
        }
    }

    @Test func `ties come out as NumPy's network leaves them`() {
        // numpy.argsort of float32 [2, 1, 2, 1, 2, 1, ...], 18 values, on AVX2 and AVX-512.
        let values = (0..<18).map { $0.isMultiple(of: 2) ? 2.0 : 1.0 }
        let expected = [1, 3, 7, 5, 13, 15, 11, 9, 17, 6, 0, 4, 10, 8, 12, 2, 14, 16]
        #expect(NumPyOrder.sorted(values) == expected)
    }
}
