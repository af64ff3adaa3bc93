// What compressed-tensors makes of weights, bit for bit, and models that it quantised
// (Scripts/make_quantisation_goldens.py).

import Checkpoint
import EngineTestSupport
import Foundation
import Model
import Schemes
import SystemPackage
import TensorMath
import TestSupport
import Testing

@Suite struct CompressedTensorsTests {
    private static let folder = FilePath(Places.fixtures.path).appending("quantised")

    struct Case: Sendable, CustomStringConvertible {
        let name: String
        let scheme: WeightScheme
        var description: String { name }

        init(_ name: String, _ kind: WeightScheme.Kind, _ bits: Int, _ group: Int?) {
            self.name = name
            scheme = WeightScheme(kind: kind, bits: bits, group: group)
        }
    }

    @Test(arguments: [
        Case("w4", .int, 4, 32), Case("w4odd", .int, 4, nil), Case("w8", .int, 8, 16),
        Case("w8row", .int, 8, nil), Case("fp8", .float, 8, nil),
    ])
    func roundingAndPackingAreTheirs(_ test: Case) throws {
        let file = try SafetensorsFile(Self.folder.appending("numbers.safetensors"))
        let weight = try file.tensor(test.name + ".weight")
        let matrix = try weight.weight().floats()
        let found = try QuantizedMatrix(
            rounding: matrix, test.scheme, scalesIn: try weight.floatFormat())
        #expect(found.scales == (try file.tensor(test.name + ".scale").floats()))
        let codes = try file.tensor(test.name + ".codes").allBytes.map { Int8(bitPattern: $0) }
        #expect(found.codes == codes)
        guard test.scheme.kind == .int else { return }
        let packed = try file.tensor(test.name + ".packed").allBytes
        let bits = test.scheme.bits
        #expect(
            BitPacking.packed(found.codes.span, columns: matrix.columns, bits: bits) == packed)
        #expect(
            BitPacking.unpacked(
                unsafe packed.span.bytes, columns: matrix.columns, bits: bits) == codes)
    }

    @Test(arguments: [(ActivationScheme.int8Token, "int"), (.fp8Token, "float")])
    func tokensAreRoundedAsTheirs(_ scheme: ActivationScheme, _ name: String) throws {
        let file = try SafetensorsFile(Self.folder.appending("numbers.safetensors"))
        let tokens = try file.tensor("tokens").weight().floats()
        let rounded = MatrixView(rows: tokens.rows, columns: tokens.columns)
        scheme.round(tokens, into: rounded)
        #expect(rounded.values() == (try file.tensor("tokens." + name).floats()))
    }

    /// The largest magnitude of a token lies between two codes of W8A8: which one it gets, the last
    /// bit of a sum decides, on both sides.
    @Test(arguments: [("w4-groups", 1e-5), ("w4-channels", 1e-5), ("fp8", 1e-5), ("w8a8", 2e-2)])
    func logitsAreThoseOfTransformers(_ name: String, within limit: Float) throws {
        let folder = Self.folder.appending(name)
        let model = try Model(try Checkpoint(folder, readsQuantised: true))
        let expected = try SafetensorsFile(folder.appending("expected.safetensors"))
        let ids = try TensorArchive(
            parsing: try CheckpointScratch.bytes(folder.appending("expected.safetensors")))
        let tokens = try #require(ids.integers("ids"))
        let forward = ForwardPass(weights: model.weights, mode: .float32)
        let stream = try forward.run(PackedSequences([tokens]), observer: Hearer())
        let logits = try OutputHead(forward).logits(stream)
        let error = relativeError(
            logits.values(), try expected.tensor("logits").floats())
        #expect(error < limit, "\(error)")
    }

    @Test func quantisedModelsAreRefusedWhereTheyAreFolded() throws {
        let folder = Self.folder.appending("fp8")
        #expect(
            throws: CheckpointError.folder(
                path: folder.string, .quantised(method: "compressed-tensors"))
        ) { try Checkpoint(folder) }
    }
}
