// Scales of codes, as they lie in their tensor.

import TensorMath

/// A tensor of scales, row by row of its last dimension.
struct ScaleRows: Sendable {
    /// That scales may have.
    static let types: [DType] = [.f32, .bf16, .f16, .f8E8M0]

    let bytes: StoredBytes
    /// Of a row.
    let count: Int
    private let dtype: DType

    init(_ tensor: StoredTensor) {
        precondition(Self.types.contains(tensor.dtype), "the type was checked")
        bytes = tensor.parts[0]
        count = tensor.lineWidth
        dtype = tensor.dtype
    }

    func row(_ index: Int) -> [Float] {
        var scales = [Float](repeating: 0, count: count)
        var span = scales.mutableSpan
        let width = count * dtype.bitWidth / 8
        bytes.withBytes(index * width..<(index + 1) * width) { stored in
            if let format = dtype.floatFormat {
                Conversion.widen(stored, from: format, into: &span)
            } else {
                CodeDecoding.e8m0(stored, into: &span)
            }
        }
        return scales
    }
}
