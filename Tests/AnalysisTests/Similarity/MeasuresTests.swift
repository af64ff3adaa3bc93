// What every similarity measure promises, and the direct ones against NumPy.

import EngineTestSupport
import TensorMath
import Testing

@testable import Analysis

@Suite struct MeasuresTests {
    private static let names = SimilarityMeasures.all.map(\.name)

    private static func boundaries(
        _ layers: Int, count: Int, width: Int, seed: UInt32 = 51
    ) -> [LayerRows] {
        var numbers = TestNumbers(seed: seed)
        var rows = numbers.layer(count, width)
        return (0...layers).map { _ in
            let change = numbers.layer(count, width, scale: 0.3)
            rows.values = zip(rows.values, change.values).map { $0 + $1 }
            return rows
        }
    }

    private static var parameters: SimilarityParameters {
        var parameters = SimilarityParameters()
        parameters.steps = 60
        parameters.codeWidth = 3
        return parameters
    }

    /// Float32 rows, double arithmetic on both sides.
    @Test(
        "values are those of NumPy",
        arguments: [
            "cosine", "euclidean", "mahalanobis", "cka", "cka-unbiased", "block-influence",
            "angular",
        ])
    func oracle(name: String) throws {
        let golden = try Golden(fixture: "paper")
        let boundaries = try (0..<5).map { try golden.rows("boundary.\($0)") }
        var parameters = SimilarityParameters()
        parameters.unbiased = name == "cka-unbiased"
        let measure = try SimilarityMeasures.find(name == "cka-unbiased" ? "cka" : name)
        let matrix = try measure.similarity(of: boundaries, parameters: parameters)
        #expect(deviation(matrix.values, try golden.values("measure.\(name)")) < 1e-10)
        #expect(matrix.warnings.isEmpty)
    }

    @Test(
        "a matrix is square over the layers, symmetric, finite, and the same again",
        arguments: names)
    func shape(name: String) throws {
        let measure = try SimilarityMeasures.find(name)
        for layers in [5, 7] {
            let boundaries = Self.boundaries(layers, count: 60, width: 8)
            let matrix = try measure.similarity(of: boundaries, parameters: Self.parameters)
            #expect(matrix.size == layers && matrix.values.count == layers * layers)
            for row in 0..<layers {
                for column in 0..<layers {
                    #expect(matrix[row, column].isFinite)
                    #expect(matrix[row, column] == matrix[column, row])
                }
            }
            let again = try measure.similarity(of: boundaries, parameters: Self.parameters)
            #expect(again.values == matrix.values && again.warnings == matrix.warnings)
        }
    }

    @Test("kernels in many tiles, read in many blocks, are those of one", arguments: [true, false])
    func tiles(unbiased: Bool) throws {
        let rows = Self.boundaries(5, count: 60, width: 8)
        var parameters = SimilarityParameters()
        parameters.unbiased = unbiased
        var measure = CenteredKernelAlignment()
        let whole = try measure.similarity(of: rows, parameters: parameters)
        measure.tileSide = 7
        let tiled = try measure.similarity(of: rows, parameters: parameters)
        #expect(deviation(tiled.values, whole.values) < 1e-12)
        // Two tiles, 14 samples, in a block; a limit is of the five layers' outputs.
        var reads = [Int](repeating: 0, count: rows.count)
        let boundaries = LayerBoundaries(
            count: rows.count, bytesMax: 5 * 4 * 8 * 15, holds: false
        ) {
            reads[$0] += 1
            return rows[$0]
        }
        let parts = try measure.similarity(of: boundaries, parameters: parameters)
        #expect(parts.values == tiled.values)
        // The check, the means, and 5 blocks with each before them: 15 pairs.
        #expect(reads.dropFirst(2).allSatisfy { $0 == 2 + 15 }, "\(reads)")
    }

    @Test("every measure says what it will hold, of any shape", arguments: names)
    func memory(name: String) throws {
        let measure = try SimilarityMeasures.find(name)
        func bytes(_ layers: Int, _ samples: Int, _ width: Int) -> Int {
            measure.peakByteCount(
                BoundaryShape(layers: layers, samples: samples, width: width),
                SimilarityParameters())
        }
        let small = bytes(16, 100, 256)
        #expect(small > 0 && small < 4 << 30)
        #expect(bytes(32, 16_384, 4096) > small)
        #expect(bytes(1 << 20, 1 << 40, 1 << 20) <= 1 << 60)
        // Three times and more what all layers put out, in double.
        if name == "mahalanobis" { #expect(bytes(32, 16_384, 4096) > 3 * (8 << 31)) }
        if name == "cosine" { #expect(bytes(32, 16_384, 4096) < 4 << 30) }
        if measure is any EmbeddedMeasure {
            #expect(bytes(32, 16_384, 4096) > 32 * 16_384 * 16_384)
        }
    }

    @Test("the order of samples does not matter", arguments: names)
    func permutation(name: String) throws {
        // The official reading compares tokens at fixed places of blocks, with noise by place.
        guard name != "npib-official" else { return }
        let boundaries = Self.boundaries(5, count: 60, width: 8)
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
        let measure = try SimilarityMeasures.find(name)
        let first = try measure.similarity(of: boundaries, parameters: Self.parameters)
        let second = try measure.similarity(of: permuted, parameters: Self.parameters)
        // Sums in another order; t-SNE and training carry that through their steps.
        #expect(deviation(first.values, second.values) < 1e-5)
    }

    @Test(
        "a NaN or an infinity is an error that names boundary and sample",
        arguments: names, [Float.nan, .infinity, -.infinity])
    func hostile(name: String, value: Float) throws {
        let measure = try SimilarityMeasures.find(name)
        var boundaries = Self.boundaries(5, count: 60, width: 8)
        boundaries[3].values[41 * 8 + 6] = value
        boundaries[4].values[2] = value
        #expect(throws: AnalysisError.notFinite(boundary: 3, sample: 41, column: 6)) {
            try measure.similarity(of: boundaries, parameters: Self.parameters)
        }
        let error = AnalysisError.notFinite(boundary: 3, sample: 41, column: 6)
        #expect(error.description.contains("output of layer 2"))
        #expect(error.description.contains("sample 41"))
    }

    @Test("boundaries of different shapes are refused", arguments: names)
    func shapes(name: String) throws {
        let measure = try SimilarityMeasures.find(name)
        var boundaries = Self.boundaries(5, count: 60, width: 8)
        boundaries[2] = LayerRows(
            count: 60, width: 4, values: Array(boundaries[2].values.prefix(240)))
        #expect {
            try measure.similarity(of: boundaries, parameters: Self.parameters)
        } throws: { error in
            guard case .shapesDiffer(boundary: 2, _, _, _, _) = error as? AnalysisError else {
                return false
            }
            return true
        }
        #expect(throws: AnalysisError.tooFewBoundaries(found: 1)) {
            try measure.similarity(of: [boundaries[0]], parameters: Self.parameters)
        }
        #expect(throws: AnalysisError.self) {
            try measure.similarity(of: [], parameters: Self.parameters)
        }
    }

    @Test("equal rows, zero rows and constant layers give finite values", arguments: names)
    func degenerate(name: String) throws {
        let measure = try SimilarityMeasures.find(name)
        for value in [Float(0), 1.5] {
            let rows = LayerRows(
                count: 60, width: 8, values: Array(repeating: value, count: 480))
            let equal = try measure.similarity(
                of: Array(repeating: rows, count: 6), parameters: Self.parameters)
            #expect(equal.values.allSatisfy { $0.isFinite })
            var mixed = Self.boundaries(5, count: 60, width: 8)
            mixed[2] = rows
            let some = try measure.similarity(of: mixed, parameters: Self.parameters)
            #expect(some.values.allSatisfy { $0.isFinite })
            #expect(some.conditionNumbers.allSatisfy { $0.isFinite })
        }
    }

    @Test("very large and very small activations give finite values", arguments: names)
    func scales(name: String) throws {
        let measure = try SimilarityMeasures.find(name)
        for scale in [Float(1e-30), 1e15] {
            let boundaries = Self.boundaries(5, count: 60, width: 8).map { rows in
                var scaled = rows
                scaled.values = rows.values.map { $0 * scale }
                return scaled
            }
            let matrix = try measure.similarity(of: boundaries, parameters: Self.parameters)
            #expect(matrix.values.allSatisfy { $0.isFinite })
        }
    }

    @Test func `an unknown measure is an error that lists the known ones`() {
        #expect(throws: AnalysisError.unknownMeasure(name: "npip", known: Self.names)) {
            try SimilarityMeasures.find("npip")
        }
        #expect(Set(Self.names).count == Self.names.count)
    }

    @Test func `neighbouring layers are neighbours in the t-SNE map`() throws {
        // Two groups of layers around two far points.
        var numbers = TestNumbers(seed: 52)
        let centres = [numbers.normals(16), numbers.normals(16).map { $0 + 40 }]
        let boundaries = (0..<11).map { boundary -> LayerRows in
            let centre = centres[boundary <= 5 ? 0 : 1]
            let noise = numbers.normals(16 * 4)
            return LayerRows(
                count: 4, width: 16,
                values: noise.enumerated().map { Float($1 + centre[$0 % 16]) })
        }
        var parameters = SimilarityParameters()
        parameters.perplexity = 3
        let matrix = try SimilarityMeasures.find("tsne").similarity(
            of: boundaries, parameters: parameters)
        for row in 0..<10 {
            let same = (0..<10).filter { $0 != row && ($0 < 5) == (row < 5) }
            let other = (0..<10).filter { ($0 < 5) != (row < 5) }
            let nearest = other.map { matrix[row, $0] }.max() ?? 1
            #expect(same.allSatisfy { matrix[row, $0] > nearest })
        }
    }

    @Test("affinities have the wanted perplexity and add up to one", arguments: [1.5, 3, 6])
    func affinities(perplexity: Double) {
        var numbers = TestNumbers(seed: 53)
        let squared = numbers.layer(20, 5).squaredDistances()
        let joint = NeighbourMap.affinities(squared, perplexity: perplexity)
        #expect((joint.values.reduce(0, +) - 1).magnitude < 1e-12)
        #expect(joint == joint.transposed)
        // Of 20 equally far points every one is a neighbour, whatever was wanted.
        let simplex = DoubleMatrix(
            rows: 20, columns: 20, values: (0..<400).map { $0 / 20 == $0 % 20 ? 0 : 2 })
        let even = NeighbourMap.affinities(simplex, perplexity: perplexity)
        #expect((even[3, 8] - 1 / 380.0).magnitude < 1e-12)
    }

    @Test func `the autoencoder's gradient is that of finite differences`() {
        var numbers = TestNumbers(seed: 54)
        let rows = numbers.matrix(9, 5)
        var network = TanhAutoencoder(width: 5, codeWidth: 3, seed: 1)
        network.bias.values = [0.1, -0.2, 0.3]
        let gradient = network.loss(on: rows).gradient
        func check(
            _ path: WritableKeyPath<TanhAutoencoder, DoubleMatrix>, _ slopes: DoubleMatrix
        ) {
            for index in slopes.values.indices {
                var (up, down) = (network, network)
                up[keyPath: path].values[index] += 1e-5
                down[keyPath: path].values[index] -= 1e-5
                let slope = (up.loss(on: rows).loss - down.loss(on: rows).loss) / 2e-5
                #expect((slope - slopes.values[index]).magnitude < 1e-8)
            }
        }
        check(\.encoder, gradient.encoder)
        check(\.decoder, gradient.decoder)
        check(\.bias, gradient.bias)
    }

    @Test func `training explains data that have a short code`() {
        var numbers = TestNumbers(seed: 55)
        let factors = numbers.matrix(200, 2)
        let loadings = numbers.matrix(2, 12)
        let rows = DoubleMatrix.product(factors, loadings)
        var network = TanhAutoencoder(width: 12, codeWidth: 4, seed: 1)
        let before = network.loss(on: rows).loss
        let after = network.train(on: rows, steps: 500)
        #expect(after < 0.1 * before)
    }

    @Test func `parameters out of range are refused by name`() {
        let boundaries = Self.boundaries(5, count: 60, width: 8)
        let faults: [(String, String, (inout SimilarityParameters) -> Void)] = [
            ("npib", "sigma", { $0.sigma = .fixed(-1) }),
            ("npib", "dimensions", { $0.dimensions = 0 }),
            ("npib", "neighbours", { $0.neighbours = 0 }),
            ("npib", "entropy_neighbours", { $0.entropyNeighbours = 0 }),
            ("npib", "entropy_floor", { $0.entropyFloor = 0 }),
            ("npib-official", "neighbours", { $0.neighbours = 0 }),
            ("npib-official", "entropy_neighbours", { $0.officialEntropyNeighbours = 0 }),
            ("mahalanobis", "ridge", { $0.ridge = 0 }),
            ("tsne", "perplexity", { $0.perplexity = 1 }),
            ("tsne", "steps", { $0.steps = 0 }),
            ("autoencoder", "code_width", { $0.codeWidth = 9 }),
            ("autoencoder", "steps", { $0.steps = 0 }),
        ]
        for (measure, parameter, spoil) in faults {
            var parameters = SimilarityParameters()
            spoil(&parameters)
            let broken = parameters
            #expect {
                try SimilarityMeasures.find(measure).similarity(of: boundaries, parameters: broken)
            } throws: { error in
                guard case .parameterOutOfRange(let name, _, _) = error as? AnalysisError else {
                    return false
                }
                return name == parameter
            }
        }
    }
}
