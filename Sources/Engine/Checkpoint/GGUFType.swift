// Types of GGUF tensors. Numbers and names: `gguf`, constants.py (GGMLQuantizationType).

import TensorMath

/// How the numbers of a tensor lie in a GGUF file.
enum GGUFType: Sendable, Equatable {
    case float(DType)
    case block(BlockCode)

    private static let numbers: [UInt32: GGUFType] = [
        0: .float(.f32), 1: .float(.f16), 30: .float(.bf16), 2: .block(.block4),
        3: .block(.block4WithMinimum), 6: .block(.block5), 8: .block(.block8),
        12: .block(.superblock4), 14: .block(.superblock6),
    ]

    /// Of types that are not read.
    private static let others: [UInt32: String] = [
        7: "Q5_1", 9: "Q8_1", 10: "Q2_K", 11: "Q3_K", 13: "Q5_K", 15: "Q8_K", 16: "IQ2_XXS",
        17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S",
        23: "IQ4_XS", 24: "I8", 25: "I16", 26: "I32", 27: "I64", 28: "F64", 29: "IQ1_M",
        34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4", 40: "NVFP4",
    ]

    static let readable = numbers.sorted { $0.key < $1.key }.map(\.value.name)

    init(number: UInt32) throws(GGUFTensorFault) {
        guard let type = Self.numbers[number] else {
            throw .type(Self.others[number] ?? "number \(number)")
        }
        self = type
    }

    var name: String {
        switch self {
        case .float(let dtype): dtype.rawValue
        case .block(let code): code.rawValue
        }
    }

    /// Numbers that are stored together.
    var blockLength: Int { if case .block(let code) = self { code.length } else { 1 } }

    var blockByteCount: Int {
        switch self {
        case .float(let dtype): dtype.bitWidth / 8
        case .block(let code): code.byteCount
        }
    }

    /// In which the numbers are shown, and written.
    var shown: DType { if case .float(let dtype) = self { dtype } else { .bf16 } }
}
