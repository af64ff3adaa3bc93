// Numbers as the bytes of a GGUF tensor. Quantised blocks equal those of ggml's reference
// quantisers (ggml-quants.c, `quantize_row_q8_0_ref`, `quantize_row_q4_0_ref`) and of `gguf`,
// quants.py, bit for bit: all arithmetic is in float32, in this order.

import TensorMath

extension TensorType {
    /// The bytes of `values`, which are finite, whole blocks.
    func encode(_ values: [Float]) -> [UInt8] {
        switch self {
        case .f32: Self.narrowed(values.span, to: .f32)
        case .f16: Self.narrowed(values.span, to: .f16)
        case .bf16: Self.narrowed(values.span, to: .bf16)
        case .q8: encodeBlocks(values, Self.appendQ8)
        case .q4: encodeBlocks(values, Self.appendQ4)
        }
    }

    private static func narrowed(_ values: Span<Float>, to format: FloatFormat) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: values.count * format.byteWidth)
        var elements = result.mutableSpan
        var bytes = unsafe elements.mutableBytes
        Conversion.narrow(values, to: format, into: &bytes)
        return result
    }

    private func encodeBlocks(
        _ values: [Float], _ append: (Span<Float>, inout [UInt8]) -> Void
    ) -> [UInt8] {
        precondition(values.count % blockLength == 0, "whole blocks")
        var bytes: [UInt8] = []
        bytes.reserveCapacity(byteCount(elements: values.count))
        let span = values.span
        for start in stride(from: 0, to: values.count, by: blockLength) {
            append(span.extracting(start..<start + blockLength), &bytes)
        }
        return bytes
    }

    /// scale = largest / 127; codes = value / scale, to nearest, halves away from zero.
    private static func appendQ8(_ block: Span<Float>, to bytes: inout [UInt8]) {
        var largest: Float = 0
        for index in block.indices { largest = max(largest, abs(block[index])) }
        let scale = largest / 127
        let inverse = Self.inverse(of: scale)
        bytes.append(number: Float16(scale).bitPattern)
        for index in block.indices {
            bytes.append(UInt8(bitPattern: rounded(block[index] * inverse)))
        }
    }

    /// `rounded(.toNearestOrAwayFromZero)` of small numbers, without the call of a function of C
    /// that older processors need for it.
    private static func rounded(_ value: Float) -> Int8 {
        let whole = Int32(value)
        let rest = value - Float(whole)
        return Int8(whole + (rest >= 0.5 ? 1 : rest <= -0.5 ? -1 : 0))
    }

    /// scale = the first of the largest magnitude / -8; codes = value / scale + 8, halves up, of
    /// which a byte holds one of the first half of the block and one of the second.
    private static func appendQ4(_ block: Span<Float>, to bytes: inout [UInt8]) {
        var extreme: Float = 0
        for index in block.indices where abs(block[index]) > abs(extreme) { extreme = block[index] }
        let scale = extreme / -8
        let inverse = Self.inverse(of: scale)
        bytes.append(number: Float16(scale).bitPattern)
        let half = block.count / 2
        for index in 0..<half {
            let low = UInt8(min(15, block[index] * inverse + 8.5))
            let high = UInt8(min(15, block[half + index] * inverse + 8.5))
            bytes.append(low | high << 4)
        }
    }

    /// 0 for 0, and for a scale so small that there is none: F16 makes 0 of it as well.
    private static func inverse(of scale: Float) -> Float {
        let inverse = 1 / scale
        return inverse.isFinite ? inverse : 0
    }
}
