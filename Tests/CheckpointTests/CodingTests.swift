// Tensors that are stored as codes, shown as the numbers that their own programs make of them, bit
// for bit (Scripts/make_code_goldens.py).

import Checkpoint
import EngineTestSupport
import Foundation
import JSON
import Schemes
import SystemPackage
import TensorMath
import TestSupport
import Testing

@Suite struct CodingTests {
    private static let folder = FilePath(Places.fixtures.path).appending("codes")

    private static func numbers() throws -> SafetensorsFile {
        try SafetensorsFile(folder.appending("numbers.safetensors"))
    }

    /// A checkpoint of some tensors of the goldens.
    ///
    /// - Parameter names: by the names there.
    private static func checkpoint(
        _ names: [String: String], _ quantization: JSONValue?, keepsCodes: Bool = false
    ) throws -> (CheckpointScratch, Checkpoint) {
        let file = try numbers()
        return try checkpoint(
            try names.sorted { $0.key < $1.key }.map {
                .copy(try file.tensor($0.key), as: $0.value)
            }, quantization, keepsCodes: keepsCodes)
    }

    private static func checkpoint(
        _ tensors: [OutputTensor], _ quantization: JSONValue?, keepsCodes: Bool = false
    ) throws -> (CheckpointScratch, Checkpoint) {
        let scratch = try CheckpointScratch()
        var config = ModelConfig(file: "config.json")
        config.set("dtype", to: .string("float64"))
        config.set(QuantizationConfig.key, to: quantization)
        _ = try CheckpointWriter(folder: scratch.path).write(tensors, config: config)
        return (scratch, try Checkpoint(scratch.path, keepsCodes: keepsCodes))
    }

    private static func blocks(_ rows: Int, _ columns: Int) -> JSONValue {
        [
            "quant_method": "fp8", "fmt": "e4m3", "activation_scheme": "dynamic",
            "weight_block_size": .array([.integer(rows), .integer(columns)]),
        ]
    }

    private static let mxfp4: JSONValue = ["quant_method": "mxfp4"]

    // MARK: Numbers

    @Test(arguments: ["fp8", "fp8half", "fp8power", "fp8odd"])
    func blocksAreThoseOfTransformers(_ name: String) throws {
        let (kept, checkpoint) = try Self.checkpoint(
            [name + ".weight": "a.weight", name + ".weight_scale_inv": "a.weight_scale_inv"],
            Self.blocks(16, 12))
        #expect(
            checkpoint.tensorNames == ["a.weight"] && !checkpoint.contains("a.weight_scale_inv"))
        let tensor = try checkpoint.tensor("a.weight")
        let expected = try Self.numbers().tensor(name + ".values")
        #expect(tensor.dtype == .bf16 && tensor.shape == expected.shape)
        #expect(tensor.storedType == "FP8 16 x 12")
        #expect(try tensor.floats() == expected.floats())
        #expect(checkpoint.config.value(QuantizationConfig.key) == nil)
        #expect(checkpoint.storedConfig.value(QuantizationConfig.key) == Self.blocks(16, 12))
        withExtendedLifetime(kept) {}
    }

    @Test func expertsAreThoseOfTransformers() throws {
        let (kept, checkpoint) = try Self.checkpoint(
            ["mxfp4_blocks": "e.down_proj_blocks", "mxfp4_scales": "e.down_proj_scales"],
            Self.mxfp4)
        #expect(checkpoint.tensorNames == ["e.down_proj"])
        let tensor = try checkpoint.tensor("e.down_proj")
        #expect(tensor.dtype == .bf16 && tensor.shape == [2, 160, 45])
        #expect(try tensor.floats() == (try Self.numbers().tensor("mxfp4.values").floats()))
        #expect(checkpoint.parameterCount == 2 * 160 * 45)
        withExtendedLifetime(kept) {}
    }

    @Test func everyCodeOfE4M3HasItsValue() throws {
        let file = try Self.numbers()
        let codes = try file.tensor("e4m3.codes").allBytes
        var values = [Float](repeating: 0, count: codes.count)
        var span = values.mutableSpan
        let one: [Float] = [1]
        CodeDecoding.e4m3(
            unsafe codes.span.bytes, scales: one.span, group: codes.count, into: &span)
        #expect(values == (try file.tensor("e4m3.values").floats()))
        #expect(values == codes.map(E4M3.value))
        let none: [UInt8] = [0x7F, 0xFF]
        var others: [Float] = [0, 0]
        var two = others.mutableSpan
        CodeDecoding.e4m3(unsafe none.span.bytes, scales: one.span, group: 2, into: &two)
        #expect(others.allSatisfy { $0.isNaN })
    }

    @Test func doublesAreReadAsTheNearestFloats() throws {
        let (kept, checkpoint) = try Self.checkpoint(["f64": "a"], nil)
        let tensor = try checkpoint.tensor("a")
        #expect(tensor.dtype == .f32 && tensor.storedType == "F64")
        #expect(try tensor.floats() == (try Self.numbers().tensor("f64.values").floats()))
        #expect(try checkpoint.config.string("dtype") == "float32")
        #expect(checkpoint.tensorByteCount == 8 * 15)
        withExtendedLifetime(kept) {}
    }

    @Test func vectorsOfDoublesAreReadInParts() throws {
        let doubles = (0..<6).flatMap { value in
            (0..<8).map { UInt8(truncatingIfNeeded: Double(value).bitPattern >> (8 * $0)) }
        }
        for shape in [[6], [6, 1], [1, 6]] {
            let (kept, checkpoint) = try Self.checkpoint([.bytes("a", .f64, shape, doubles)], nil)
            let tensor = try checkpoint.tensor("a")
            #expect(try tensor.floats() == [0, 1, 2, 3, 4, 5])
            guard shape[0] == 6 else { continue }
            var part: [Float] = [0, 0]
            var span = part.mutableSpan
            try tensor.copyFloats(rows: 2..<4, into: &span)
            #expect(part == [2, 3])
            withExtendedLifetime(kept) {}
        }
    }

    @Test func doublesBeyondFloatsAreNoNumbers() throws {
        let doubles = [1, 1e300, -2, .nan].flatMap { value in
            (0..<8).map { UInt8(truncatingIfNeeded: (value as Double).bitPattern >> (8 * $0)) }
        }
        let (kept, checkpoint) = try Self.checkpoint([.bytes("a", .f64, [4], doubles)], nil)
        #expect(try checkpoint.tensor("a").nonFiniteCount == 2)
        withExtendedLifetime(kept) {}
    }

    @Test(arguments: BlockCode.allCases)
    func blocksOfGGUFAreThoseOfItsOwnPackage(_ code: BlockCode) throws {
        let file = try Self.numbers()
        let blocks = try file.tensor(code.rawValue + ".blocks")
        #expect(blocks.shape == [9, code.byteCount])
        var values = [Float](repeating: 0, count: 9 * code.length)
        var span = values.mutableSpan
        blocks.withBytes { code.decode($0, into: &span) }
        #expect(values == (try file.tensor(code.rawValue + ".values").floats()))
    }

    @Test(arguments: ["w4-groups", "w4-channels", "w8a8", "fp8"])
    func codesOfCompressedTensorsAreItsNumbers(_ name: String) throws {
        let folder = FilePath(Places.fixtures.path).appending("quantised").appending(name)
        let (codes, numbers) = (
            try Checkpoint(folder, keepsCodes: true), try Checkpoint(folder)
        )
        #expect(codes.quantization != nil && numbers.quantization == nil)
        #expect(numbers.config.value(QuantizationConfig.key) == nil)
        for name in codes.tensorNames where name.hasSuffix(".weight_scale") {
            let weight = String(name.dropLast("_scale".count))
            let scales = try codes.tensor(name)
            let tensor = try numbers.tensor(weight)
            #expect(tensor.dtype == scales.dtype && !numbers.contains(name))
            #expect(tensor.lineCount == scales.shape[0])
            #expect(try tensor.floats().contains { $0 != 0 })
        }
    }

    // MARK: Whatever is asked for

    @Test func rowsAreThoseOfTheWhole() throws {
        let (kept, checkpoint) = try Self.checkpoint(
            ["fp8odd.weight": "a.weight", "fp8odd.weight_scale_inv": "a.weight_scale_inv"],
            Self.blocks(16, 12))
        let (other, experts) = try Self.checkpoint(
            ["mxfp4_blocks": "b_blocks", "mxfp4_scales": "b_scales"], Self.mxfp4)
        for tensor in [try checkpoint.tensor("a.weight"), try experts.tensor("b")] {
            let whole = try tensor.floats()
            let width = whole.count / tensor.shape[0]
            for first in 0..<tensor.shape[0] {
                for end in first + 1...tensor.shape[0] {
                    var part = [Float](repeating: 0, count: (end - first) * width)
                    var span = part.mutableSpan
                    try tensor.copyFloats(rows: first..<end, into: &span)
                    #expect(part == Array(whole[first * width..<end * width]))
                }
            }
        }
        withExtendedLifetime((kept, other)) {}
    }

    @Test func packedCodesOfEveryWidthComeBack() throws {
        var random = SeededBytes(seed: 3)
        for bits in 2...8 {
            for columns in [1, 7, 32, 67] {
                let codes = (0..<columns).map { _ in
                    Int8(random.below(1 << bits) - 1 << (bits - 1))
                }
                let words = BitPacking.packed(codes.span, columns: columns, bits: bits)
                let scales = (0..<(columns + 4) / 5).map { _ in Float(random.below(9)) / 8 }
                var values = [Float](repeating: 0, count: columns)
                var span = values.mutableSpan
                CodeDecoding.packed(
                    unsafe words.span.bytes, bits: bits, scales: scales.span, group: 5,
                    into: &span)
                let expected = codes.enumerated().map { Float($1) * scales[$0 / 5] }
                #expect(values == expected, "\(bits) bits, \(columns) columns")
            }
        }
    }

    @Test func copiesOfCodesAreWrittenAsTheirNumbers() throws {
        let (kept, checkpoint) = try Self.checkpoint(
            ["fp8odd.weight": "a.weight", "fp8odd.weight_scale_inv": "a.weight_scale_inv"],
            Self.blocks(16, 12))
        let scratch = try CheckpointScratch()
        let tensor = try checkpoint.tensor("a.weight")
        _ = try CheckpointWriter(folder: scratch.path).write(
            [.copy(tensor, as: "b")], config: checkpoint.config)
        let written = try Checkpoint(scratch.path).tensor("b")
        #expect(written.dtype == .bf16 && written.shape == tensor.shape && written.coding == nil)
        #expect(try written.floats() == tensor.floats())
        #expect(written.nonFiniteCount == 0 && tensor.nonFiniteCount == 0)
        #expect(tensor.hasContents(of: tensor) && !tensor.hasContents(of: written))
        withExtendedLifetime((kept, scratch)) {}
    }

    // MARK: Refusals

    /// What opening says of a checkpoint.
    private static func refusal(
        _ tensors: [OutputTensor], _ quantization: JSONValue?
    ) -> String {
        do {
            _ = try checkpoint(tensors, quantization)
            return ""
        } catch { return "\(error)" }
    }

    private static func zeros(_ name: String, _ dtype: DType, _ shape: [Int]) -> OutputTensor {
        .bytes(
            name, dtype, shape,
            [UInt8](repeating: 0, count: shape.reduce(dtype.bitWidth / 8, *)))
    }

    @Test func partsThatAreMissingOrOtherAreToldWithWhatIsExpected() {
        let codes = Self.zeros("a.weight", .f8E4M3, [130, 40])
        let missing = Self.refusal([codes], Self.blocks(128, 16))
        #expect(missing.contains("tensor `a.weight` is stored as codes"))
        #expect(
            missing.contains("`a.weight_scale_inv` must be F32 or BF16 or F16 or F8_E8M0 [2, 3]"))
        #expect(missing.contains("found nothing") && missing.contains("`weight_block_size`"))
        let shape = Self.refusal(
            [codes, Self.zeros("a.weight_scale_inv", .f32, [2, 2])], Self.blocks(128, 16))
        #expect(shape.contains("[2, 3]: found F32 [2, 2]"))
        let type = Self.refusal(
            [codes, Self.zeros("a.weight_scale_inv", .u8, [2, 3])], Self.blocks(128, 16))
        #expect(type.contains("found U8 [2, 3]"))
        let vector = Self.refusal(
            [Self.zeros("a.weight", .f8E4M3, [130])], Self.blocks(128, 16))
        #expect(vector.contains("must be a matrix: found [130]"))
        let blocks = Self.refusal([Self.zeros("e_blocks", .u8, [2, 8, 3, 8])], Self.mxfp4)
        #expect(blocks.contains("U8 [experts, rows, columns / 32, 16]: found U8 [2, 8, 3, 8]"))
        let scales = Self.refusal([Self.zeros("e_blocks", .u8, [2, 8, 3, 16])], Self.mxfp4)
        #expect(scales.contains("`e_scales` must be U8 or F8_E8M0 [2, 8, 3]: found nothing"))
    }

    @Test(arguments: ["gptq", "awq", "bitsandbytes", "fbgemm_fp8", "torchao", "bitnet"])
    func otherFormatsAreRefusedByTheirNames(_ method: String) {
        let text = Self.refusal([], ["quant_method": .string(method)])
        #expect(text.contains("`\(method)`") && text.contains("does not read"))
        #expect(text.contains("Use the original F32, F16 or BF16 checkpoint"))
    }

    static let otherKinds: [(key: String, value: JSONValue, word: String)] = [
        ("activation_scheme", "static", "`activation_scheme` is the string `static`"),
        ("weight_block_size", nil, "`weight_block_size` is no pair of sides"),
        ("weight_block_size", [128], "`weight_block_size` is no pair of sides"),
        ("weight_block_size", [0, 128], "`weight_block_size` is no pair of sides"),
        ("expert_dtype", "fp4", "`expert_dtype`"), ("fmt", "e5m2", "`fmt`"),
    ]

    @Test(arguments: otherKinds)
    func kindsOfFP8ThatAreNotReadAreTold(_ key: String, _ value: JSONValue, _ word: String) {
        guard case .object(var object) = Self.blocks(128, 128) else { return }
        object[key] = value
        let text = Self.refusal([], .object(object))
        #expect(text.contains("`fp8`") && text.contains(word), "\(text)")
    }

    @Test func codesWithoutAFormatAreRefused() {
        let text = Self.refusal([Self.zeros("a.weight", .f8E4M3, [8, 8])], nil)
        #expect(text.contains("is quantised (F8_E4M3)") && text.contains("quantization_config"))
        let packed = Self.refusal([Self.zeros("a.qweight", .i32, [8, 8])], Self.mxfp4)
        #expect(packed.contains("is quantised (I32)"))
    }
}
