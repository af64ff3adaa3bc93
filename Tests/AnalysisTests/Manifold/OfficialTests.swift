// The official reading, against the arrays the official computation gave.

import Checkpoint
import EngineTestSupport
import Foundation
import Model
import SystemPackage
import TensorMath
import TestSupport
import Testing

@testable import Analysis

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

    /// The road from token ids on: our forward pass instead of the states the golden was made from.
    @Test(
        "from the official token ids to the official ratios, on the demo model",
        .enabled(if: Places.hasShared, Comment(rawValue: Places.sharedMissing)))
    func wholeModel() throws {
        struct Inputs: Decodable {
            let tokenIds: [[Int32]]
        }
        let folder = Places.shared.appending(path: "golden/mka")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let inputs = try decoder.decode(
            Inputs.self,
            from: Data(contentsOf: folder.appending(path: "upstream_mka_inputs.json")))
        let reference = try Golden(folder.appending(path: "upstream_mka.safetensors"))
        let batch = PackedSequences(inputs.tokenIds)
        let capture = ActivationCapture(
            rows: OfficialRows.selection(sampleCount: batch.ranges.count).flatMap { part in
                part.tokens.map { token in
                    let place = batch.ranges[part.sample].lowerBound + token
                    return place < batch.ranges[part.sample].upperBound ? .token(place) : .zero
                }
            })
        let model = try Model(try Checkpoint(FilePath(Places.demoModel.path)))
        var boundaries: [LayerRows] = []
        try ForwardPass(weights: model.weights, mode: .float32).record(
            capture, of: batch, observer: SilentObserver()
        ) { _, rows in
            boundaries.append(
                LayerRows(count: rows.rows, width: rows.columns, values: rows.values()))
        }
        let parameters = SimilarityParameters()
        let embeddings = try OfficialNPIB.embeddings(
            of: LayerBoundaries(boundaries), parameters: parameters)
        for (layer, embedding) in embeddings.enumerated() {
            // A column may come out with the other sign.
            let expected = try reference.values("embedding.\(layer)")
            let width = embedding.coordinates.columns
            for column in 0..<width {
                let ours = embedding.coordinates.column(column)
                let theirs = ours.indices.map { expected[$0 * width + column] }
                let error = min(
                    deviation(ours, theirs), deviation(ours, theirs.map { -$0 }))
                let largest = theirs.map(\.magnitude).max() ?? 1
                #expect(
                    error < Self.reference * max(1, largest),
                    "layer \(layer), column \(column): \(error) of \(largest)")
            }
        }
        let matrix = try OfficialNPIB.similarity(of: embeddings, parameters: parameters)
        let difference = deviation(matrix.values, try reference.values("similarity"))
        #expect(difference < 0.02, "similarity differs by \(difference)")
        let ratios = matrix.officialFusionRatios().flatMap { [$0.0, $0.1] }
        let ratioDifference = deviation(ratios, try reference.values("fusion_ratios"))
        #expect(ratioDifference < 0.005, "ratios differ by \(ratioDifference)")
        if ProcessInfo.processInfo.environment["LAYERFOLD_SHOW_ERRORS"] != nil {
            print("official: similarity \(difference), ratios \(ratioDifference)")
        }
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
