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
        let model = try Model(try Checkpoint(folder, keepsCodes: true))
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

    /// Who folds sees numbers: those that loaders multiply with where activations stay as they are.
    @Test(arguments: ["w4-groups", "w4-channels", "w8a8", "fp8"])
    func weightsAreNumbersWhereTheyAreFolded(_ name: String) throws {
        let folder = Self.folder.appending(name)
        let codes = try Model(try Checkpoint(folder, keepsCodes: true))
        let numbers = try Model(try Checkpoint(folder))
        #expect(numbers.quantization == nil && numbers.unread.isEmpty)
        #expect(numbers.parameterCount == codes.parameterCount)
        for tensor in numbers.blueprint.tensors {
            let found = try numbers.checkpoint.tensor(tensor.name)
            guard let quantization = codes.quantization, quantization.holds(tensor.name) else {
                #expect(found.hasContents(of: try codes.checkpoint.tensor(tensor.name)))
                continue
            }
            let matrix = try quantization.matrix(tensor.name)
            let expected = matrix.dequantized(in: try quantization.format(tensor.name)).values()
            #expect(try found.floats() == expected)
            #expect(try found.weight().floats().values() == expected)
            #expect(
                try numbers.weights.source.weight(tensor.name).floats().values() == expected)
        }
    }
}
