// What stands in a checkpoint of compressed-tensors in the place of a weight.

package import Schemes

/// The names of what stands for a weight `P.weight`.
package struct QuantizedNames {
    package let codes: String
    package let packed: String
    package let scale: String
    package let shape: String

    package init(_ weight: String) {
        codes = weight
        packed = weight + "_packed"
        scale = weight + "_scale"
        shape = weight + "_shape"
    }

    package func all(_ scheme: QuantizationScheme) -> [String] {
        scheme.isPacked ? [packed, scale, shape] : [codes, scale]
    }
}

extension QuantizationScheme {
    package var isPacked: Bool { format == "pack-quantized" }

    /// Of the tensor that holds the codes.
    package var codeType: DType {
        switch weights.kind {
        case .float: .f8E4M3
        case .int: isPacked ? .i32 : .i8
        }
    }
}

extension RawSpan {
    /// A word of eight bytes.
    package func littleEndian(at offset: Int) -> Int64 {
        Int64(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: Int64.self))
    }
}
