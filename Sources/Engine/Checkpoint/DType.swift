// Element types of safetensors files, under the names the format gives them.
// Reference: safetensors 0.8, enum Dtype; its order is the writer's order of tensors, backwards.

package import TensorMath

/// The type of a tensor's elements. Declared in the order of the reference, which the writer
/// needs: later cases are stored first.
package enum DType: String, Sendable, Hashable, CaseIterable {
    case bool = "BOOL"
    case f4 = "F4"
    case f6E2M3 = "F6_E2M3"
    case f6E3M2 = "F6_E3M2"
    case u8 = "U8"
    case i8 = "I8"
    case f8E5M2 = "F8_E5M2"
    case f8E4M3 = "F8_E4M3"
    case f8E8M0 = "F8_E8M0"
    case f8E4M3FNUZ = "F8_E4M3FNUZ"
    case f8E5M2FNUZ = "F8_E5M2FNUZ"
    case i16 = "I16"
    case u16 = "U16"
    case f16 = "F16"
    case bf16 = "BF16"
    case i32 = "I32"
    case u32 = "U32"
    case f32 = "F32"
    case c64 = "C64"
    case f64 = "F64"
    case i64 = "I64"
    case u64 = "U64"

    package var bitWidth: Int {
        switch self {
        case .f4: 4
        case .f6E2M3, .f6E3M2: 6
        case .bool, .u8, .i8, .f8E5M2, .f8E4M3, .f8E8M0, .f8E4M3FNUZ, .f8E5M2FNUZ: 8
        case .i16, .u16, .f16, .bf16: 16
        case .i32, .u32, .f32: 32
        case .c64, .f64, .i64, .u64: 64
        }
    }

    /// Bytes of one element; nil for the types that pack several elements into a byte.
    package var byteWidth: Int? { bitWidth % 8 == 0 ? bitWidth / 8 : nil }

    /// Bytes of `count` elements; nil where that overflows or is no whole number of bytes.
    package func byteCount(elements count: Int) -> Int? {
        let (bits, overflow) = count.multipliedReportingOverflow(by: bitWidth)
        return overflow || bits % 8 != 0 ? nil : bits / 8
    }

    /// How the arithmetic calls this type; nil for what it does not compute with.
    package var floatFormat: FloatFormat? {
        switch self {
        case .f32: .f32
        case .f16: .f16
        case .bf16: .bf16
        default: nil
        }
    }

    /// Floats of eight bits and fewer: only ever seen in quantised checkpoints.
    var isQuantisedFloat: Bool {
        switch self {
        case .f4, .f6E2M3, .f6E3M2, .f8E5M2, .f8E4M3, .f8E8M0, .f8E4M3FNUZ, .f8E5M2FNUZ: true
        default: false
        }
    }

    /// Place in the writer's order: greater ranks are stored first.
    var storageRank: Int { Self.ranks[self, default: 0] }

    private static let ranks = Dictionary(
        uniqueKeysWithValues: allCases.enumerated().map { ($0.element, $0.offset) })
}

extension DType {
    /// The name transformers gives the type in config.json.
    package var configName: String {
        switch self {
        case .f32: "float32"
        case .f16: "float16"
        case .bf16: "bfloat16"
        case .f64: "float64"
        default: rawValue.lowercased()
        }
    }
}
