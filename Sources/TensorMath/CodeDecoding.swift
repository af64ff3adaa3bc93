// The Swift face of the decoding kernels: codes as programs store them in the place of floats.

import Kernels

/// Values of codes in f32: exact where f32 holds them, else rounded once for each operation of the
/// format. Little-endian, any alignment; `places` are those of `values` that are made, nil all.
package enum CodeDecoding {
    /// E4M3 (FP8) of one row, times the scale of its `group` columns.
    package static func e4m3(
        _ codes: RawSpan, scales: Span<Float>, group: Int, into values: inout MutableSpan<Float>,
        at places: Range<Int>? = nil
    ) {
        let places = places ?? values.indices
        require(codes.byteCount == places.count, scales, group, places.count)
        unsafe run(codes, scales, &values, places) { codes, scales, values, count in
            unsafe kernels_decode_e4m3(codes, scales, group, count, values)
        }
    }

    /// Whole numbers of a byte of one row, times the scale of their `group` columns.
    package static func int8(
        _ codes: RawSpan, scales: Span<Float>, group: Int, into values: inout MutableSpan<Float>,
        at places: Range<Int>? = nil
    ) {
        let places = places ?? values.indices
        require(codes.byteCount == places.count, scales, group, places.count)
        unsafe run(codes, scales, &values, places) { codes, scales, values, count in
            unsafe kernels_decode_int8(codes, scales, group, count, values)
        }
    }

    /// Whole numbers of `bits` of one row, packed into words of 32 bits, times the scale of their
    /// `group` columns.
    package static func packed(
        _ words: RawSpan, bits: Int, scales: Span<Float>, group: Int,
        into values: inout MutableSpan<Float>, at places: Range<Int>? = nil
    ) {
        let places = places ?? values.indices
        precondition((1...8).contains(bits), "a code has 1 to 8 bits")
        require(8 * words.byteCount >= bits * places.count, scales, group, places.count)
        unsafe run(words, scales, &values, places) { words, scales, values, count in
            unsafe kernels_decode_packed(words, UInt32(bits), scales, group, count, values)
        }
    }

    /// Powers of two (E8M0), as scales are stored.
    package static func e8m0(_ codes: RawSpan, into values: inout MutableSpan<Float>) {
        precondition(codes.byteCount == values.count, "counts agree")
        unsafe run(codes, &values, values.indices) { codes, values, count in
            unsafe kernels_decode_e8m0(codes, count, values)
        }
    }

    /// Doubles, each rounded to the nearest float.
    package static func doubles(_ stored: RawSpan, into values: inout MutableSpan<Float>) {
        precondition(stored.byteCount == 8 * values.count, "counts agree")
        unsafe run(stored, &values, values.indices) { stored, values, count in
            unsafe kernels_narrow_f64(stored, count, values)
        }
    }

    /// Of a matrix [rows, 32 n] of E2M1 with an E8M0 scale for 32 values (MXFP4), the columns of
    /// some blocks as rows: [32 blocks.count, rows].
    ///
    /// - Parameters:
    ///   - codes: [rows, n, 16].
    ///   - scales: [rows, n].
    package static func mxfp4(
        _ codes: RawSpan, scales: RawSpan, rows: Int, blocks: Range<Int>,
        into values: inout MutableSpan<Float>, at places: Range<Int>? = nil
    ) {
        let places = places ?? values.indices
        precondition(rows > 0 && scales.byteCount % rows == 0, "rows are whole")
        let width = scales.byteCount / rows
        precondition(codes.byteCount == 16 * scales.byteCount, "a scale for 16 bytes")
        precondition(blocks.lowerBound >= 0 && blocks.upperBound <= width, "blocks of the rows")
        precondition(places.count == 32 * blocks.count * rows, "counts agree")
        unsafe scales.withUnsafeBytes { scales in
            guard let scales = scales.baseAddress else { return }
            unsafe run(codes, &values, places) { codes, values, _ in
                unsafe kernels_decode_mxfp4(
                    codes, scales, rows, width, blocks.lowerBound, blocks.count, values)
            }
        }
    }

    private static func require(
        _ isWhole: Bool, _ scales: Span<Float>, _ group: Int, _ count: Int
    ) {
        precondition(isWhole, "counts agree")
        precondition(group > 0 && scales.count * group >= count, "a scale for each group")
    }

    fileprivate static func run(
        _ codes: RawSpan, _ values: inout MutableSpan<Float>, _ places: Range<Int>,
        _ kernel: (UnsafeRawPointer, UnsafeMutablePointer<Float>, Int) -> Void
    ) {
        unsafe codes.withUnsafeBytes { codes in
            unsafe values.withUnsafeMutableBufferPointer { values in
                precondition(
                    places.lowerBound >= 0 && places.upperBound <= values.count,
                    "places of the values")
                guard let from = codes.baseAddress, let to = values.baseAddress else { return }
                unsafe kernel(from, to + places.lowerBound, places.count)
            }
        }
    }

    private static func run(
        _ codes: RawSpan, _ scales: Span<Float>, _ values: inout MutableSpan<Float>,
        _ places: Range<Int>,
        _ kernel: (UnsafeRawPointer, UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void
    ) {
        unsafe scales.withUnsafeBufferPointer { scales in
            guard let scales = scales.baseAddress else { return }
            unsafe run(codes, &values, places) { codes, values, count in
                unsafe kernel(codes, scales, values, count)
            }
        }
    }
}

// MARK: - GGUF

/// Blocks in which GGUF files hold numbers; raw values are the names of ggml.
package enum BlockCode: String, Sendable, CaseIterable {
    case block8 = "Q8_0"
    case block4 = "Q4_0"
    case block4WithMinimum = "Q4_1"
    case block5 = "Q5_0"
    case superblock4 = "Q4_K"
    case superblock6 = "Q6_K"

    /// Values of a block.
    package var length: Int {
        switch self {
        case .block8, .block4, .block4WithMinimum, .block5: 32
        case .superblock4, .superblock6: 256
        }
    }

    /// Bytes of a block.
    package var byteCount: Int {
        switch self {
        case .block8: 34
        case .block4: 18
        case .block4WithMinimum: 20
        case .block5: 22
        case .superblock4: 144
        case .superblock6: 210
        }
    }

    /// Values of whole blocks.
    package func decode(_ blocks: RawSpan, into values: inout MutableSpan<Float>) {
        precondition(
            values.count % length == 0
                && blocks.byteCount == values.count / length * byteCount, "whole blocks")
        unsafe CodeDecoding.run(blocks, &values, values.indices) { blocks, values, count in
            let count = count / length
            switch self {
            case .block8: unsafe kernels_decode_q8_0(blocks, count, values)
            case .block4: unsafe kernels_decode_q4_0(blocks, count, values)
            case .block4WithMinimum: unsafe kernels_decode_q4_1(blocks, count, values)
            case .block5: unsafe kernels_decode_q5_0(blocks, count, values)
            case .superblock4: unsafe kernels_decode_q4_k(blocks, count, values)
            case .superblock6: unsafe kernels_decode_q6_k(blocks, count, values)
            }
        }
    }
}
