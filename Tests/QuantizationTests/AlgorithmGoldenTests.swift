// GPTQ, AWQ and SmoothQuant against independent implementations of their formulas
// (Scripts/make_quantization_goldens.py).

import Checkpoint
import EngineTestSupport
import Foundation
import Schemes
import TensorMath
import TestSupport
import Testing

@testable import Quantization

@Suite struct AlgorithmGoldenTests {
    private let archive: TensorArchive

    init() throws {
        let file = Places.fixtures.appending(path: "quantization/algorithms.safetensors")
        archive = try TensorArchive(parsing: [UInt8](try Data(contentsOf: file)))
    }

    private func doubles(_ name: String) throws -> DoubleMatrix {
        let shape = try #require(archive.entry(name)?.shape)
        return DoubleMatrix(
            rows: shape[0], columns: shape[1], values: try #require(archive.doubles(name)))
    }

    private func floats(_ name: String) throws -> MatrixView { MatrixView(try doubles(name)) }

    private func gram(_ name: String) throws -> DoubleMatrix {
        let inputs = try doubles(name)
        return .product(inputs, inputs, transposingLeft: true)
    }

    private static let grids: [String: (bits: Int, group: Int?)] = [
        "even": (4, 16), "dead": (4, 16), "few": (4, 32), "channel": (8, nil),
    ]

    private func grid(_ problem: String) throws -> Grid {
        let (bits, group) = try #require(Self.grids[problem])
        return Grid(WeightScheme(kind: .int, bits: bits, group: group), scaleFormat: .bf16)
    }

    @Test(
        "codes are those of GPTQ with an inverse made anew for every column",
        arguments: ["even", "dead", "few", "channel"], ["ordered", "plain"])
    func gptq(problem: String, order: String) throws {
        let inputs = InputGeometry(
            gram: try gram(problem + ".inputs"), damping: 0.01, byActivation: order == "ordered")
        #expect(inputs.damping == 0.01)
        let found = GPTQ(grid: try grid(problem)).quantized(
            try floats(problem + ".weight"), inputs: inputs)
        let wanted = try doubles("\(problem).\(order)").values.map { Int8($0) }
        #expect(found.matrix.codes == wanted)
        #expect(found.matrix.codes != (try doubles(problem + ".nearest").values.map { Int8($0) }))
    }

    @Test(
        "codes of round to nearest are those of its definition",
        arguments: ["even", "dead", "few", "channel"])
    func nearest(problem: String) throws {
        let found = try grid(problem).nearest(try floats(problem + ".weight"))
        #expect(found.codes == (try doubles(problem + ".nearest").values.map { Int8($0) }))
    }

    @Test("least squares towards what the original gave")
    func step() throws {
        let own = try doubles("even.inputs")
        var difference = try doubles("even.true")
        difference.subtract(own)
        let missing = DoubleMatrix.product(
            difference, try doubles("even.weight"), transposingRight: true)
        let inputs = InputGeometry(
            gram: try gram("even.inputs"), damping: 0.01, byActivation: true)
        let found = inputs.solved(
            MatrixView(.product(own, missing, transposingLeft: true))
        ).transposed
        let wanted = try doubles("even.step").values.map { Float($0) }
        #expect(relativeError(found.values(), wanted) < 1e-4)
    }

    @Test("scales of AWQ's grid")
    func activationAware() throws {
        let candidates: [InputScales.Candidate] = [
            .init(ratio: 0, usesWeights: false), .init(ratio: 0, usesWeights: true),
            .init(ratio: 0.5, usesWeights: true), .init(ratio: 1, usesWeights: true),
        ]
        for (index, candidate) in candidates.enumerated() {
            #expect(InputScales.candidates.contains(candidate))
            let found = InputScales.activationAware(
                candidate, activations: try doubles("even.means").values,
                weights: try doubles("even.shares").values)
            let wanted = try doubles("even.aware\(index)").values.map { Float($0) }
            #expect(relativeError(found, wanted) < 1e-6, "candidate \(index)")
        }
        #expect(InputScales.candidates.count == 20)
    }

    @Test("shares of the largest of their groups")
    func groupShares() throws {
        let weights = [try floats("even.weight"), try floats("even.second")]
        let found = try grid("even").shares(of: weights)
        #expect(deviation(found, try doubles("even.shares").values) < 1e-6)
    }

    @Test("scales of SmoothQuant", arguments: [0.5, 0.85])
    func smoothing(strength: Double) throws {
        let activations = MatrixView(rows: 1, columns: 64)
        GridRounding.raise(activations, toMagnitudesOf: try floats("even.inputs"))
        let weights = MatrixView(rows: 1, columns: 64)
        for name in ["even.weight", "even.second"] {
            GridRounding.raise(weights, toMagnitudesOf: try floats(name))
        }
        let found = InputScales.smoothing(
            activations: activations.row(0), weights: weights.row(0), strength: strength)
        let wanted = try doubles("even.smooth\(strength)").values.map { Float($0) }
        #expect(relativeError(found, wanted) < 1e-6)
    }

    @Test("clipped scales are those whose errors count least on the inputs")
    func clipping() throws {
        let grams = GroupGrams(inputs: 64, group: 16)
        let inputs = try floats("even.inputs")
        grams.add(inputs.rows(0..<100))
        grams.add(inputs.rows(100..<300))
        let found = Clipping.scales(
            of: try floats("even.weight"), try grid("even"), inputs: grams)
        let wanted = try doubles("even.clipped").values.map { Float($0) }
        #expect(found.values() == wanted)
    }
}
