// Rows that are read when they are asked for: the same figures, and no more in memory than told.

import Analysis
import Testing

@Suite struct LayerBoundariesTests {
    private static let layers = 5
    private static let samples = 200
    private static let width = 8
    /// Bytes of one boundary.
    private static let bytes = 4 * samples * width

    private static let rows: [LayerRows] = {
        var numbers = TestNumbers(seed: 61)
        var rows = numbers.layer(samples, width)
        return (0...layers).map { _ in
            let change = numbers.layer(samples, width, scale: 0.3)
            rows.values = zip(rows.values, change.values).map { $0 + $1 }
            return rows
        }
    }()

    private static var parameters: SimilarityParameters {
        var parameters = SimilarityParameters()
        parameters.steps = 60
        parameters.codeWidth = 3
        return parameters
    }

    /// Counts what is read.
    private final class Reader {
        private(set) var reads = [Int](repeating: 0, count: layers + 1)

        func boundaries(bytesMax: Int) -> LayerBoundaries {
            LayerBoundaries(count: layers + 1, bytesMax: bytesMax) {
                self.reads[$0] += 1
                return rows[$0]
            }
        }
    }

    @Test(
        "a measure's figures do not depend on how much is held",
        arguments: SimilarityMeasures.all.map(\.name), [0, 1, 3])
    func sameFigures(name: String, held: Int) throws {
        let measure = try SimilarityMeasures.find(name)
        let whole = try measure.similarity(of: Self.rows, parameters: Self.parameters)
        let parts = try measure.similarity(
            of: Reader().boundaries(bytesMax: held * Self.bytes), parameters: Self.parameters)
        #expect(parts.values == whole.values)
        #expect(parts.warnings == whole.warnings)
        #expect(parts.conditionNumbers == whole.conditionNumbers)
    }

    @Test("what fits is read once", arguments: SimilarityMeasures.all.map(\.name))
    func once(name: String) throws {
        let reader = Reader()
        _ = try SimilarityMeasures.find(name).similarity(
            of: reader.boundaries(bytesMax: LayerBoundaries.bytesMax), parameters: Self.parameters)
        #expect(reader.reads.allSatisfy { $0 == 1 }, "\(reader.reads)")
    }

    @Test("embeddings hold one boundary at a time", arguments: ["npib", "npib-official"])
    func embeddings(name: String) throws {
        let reader = Reader()
        _ = try SimilarityMeasures.find(name).similarity(
            of: reader.boundaries(bytesMax: 0), parameters: Self.parameters)
        #expect(reader.reads.allSatisfy { $0 == 1 }, "\(reader.reads)")
    }

    @Test("what does not fit is read once for each block of samples, not for each pair")
    func blocks() throws {
        let reader = Reader()
        // 128 of the 200 samples, and none of the boundaries held.
        let bytesMax = (Self.layers + 1) * 128 * Self.width * 4
        let boundaries = LayerBoundaries(
            count: Self.layers + 1, bytesMax: bytesMax, holds: false,
            read: { try reader.boundaries(bytesMax: 0).rows($0) })
        _ = try SimilarityMeasures.find("angular").similarity(
            of: boundaries, parameters: Self.parameters)
        // The check of all, two blocks, the look for zeros; boundary 0 for its shape.
        #expect(reader.reads.dropFirst().allSatisfy { $0 == 4 }, "\(reader.reads)")
    }
}
