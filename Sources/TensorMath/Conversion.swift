// The Swift face of the conversion kernels: stored weights to f32, and f32 to stored weights.

import Kernels

/// The formats in which weights are stored and computed with.
package enum FloatFormat: String, Sendable, Hashable, CaseIterable {
    case f32, f16, bf16

    package var byteWidth: Int { self == .f32 ? 4 : 2 }
}

/// Conversions between stored floats (little-endian, any alignment) and f32.
///
/// Narrowing rounds to nearest, ties to even; what lies beyond the largest finite value becomes
/// infinity; a NaN stays a NaN (made quiet, sign and leading payload bits kept). Widening is
/// exact. Results do not depend on the kernel level.
package enum Conversion {
    /// Widens the `destination.count` elements of `source` to f32.
    package static func widen(
        _ source: RawSpan, from format: FloatFormat, into destination: inout MutableSpan<Float>
    ) {
        precondition(
            source.byteCount == destination.count * format.byteWidth, "counts agree")
        unsafe source.withUnsafeBytes { source in
            unsafe destination.withUnsafeMutableBufferPointer { destination in
                unsafe widen(source, from: format, into: destination)
            }
        }
    }

    /// Narrows `source` to `format`; `destination` takes exactly its bytes.
    package static func narrow(
        _ source: Span<Float>, to format: FloatFormat, into destination: inout MutableRawSpan
    ) {
        precondition(
            destination.byteCount == source.count * format.byteWidth, "counts agree")
        unsafe source.withUnsafeBufferPointer { source in
            unsafe destination.withUnsafeMutableBytes { destination in
                unsafe narrow(source, to: format, into: destination)
            }
        }
    }

    /// As above, on pointers. The memory of the two must not overlap.
    ///
    /// - level: of the kernels, at most `kernelLevelSupported()`; for tests.
    package static func widen(
        _ source: UnsafeRawBufferPointer, from format: FloatFormat,
        into destination: UnsafeMutableBufferPointer<Float>,
        level: Int = kernelLevel()
    ) {
        let count = destination.count
        precondition(source.count == count * format.byteWidth, "counts agree")
        precondition(level <= kernelLevelSupported(), "the machine has this level")
        guard let from = source.baseAddress, let to = destination.baseAddress else { return }
        switch format {
        case .f32: unsafe UnsafeMutableRawPointer(to).copyMemory(from: from, byteCount: count * 4)
        case .f16: unsafe convert_f16_to_f32(Int32(level), from, to, count)
        case .bf16: unsafe convert_bf16_to_f32(Int32(level), from, to, count)
        }
    }

    /// As above, on pointers. The memory of the two must not overlap.
    ///
    /// - level: of the kernels, at most `kernelLevelSupported()`; for tests.
    package static func narrow(
        _ source: UnsafeBufferPointer<Float>, to format: FloatFormat,
        into destination: UnsafeMutableRawBufferPointer,
        level: Int = kernelLevel()
    ) {
        let count = source.count
        precondition(destination.count == count * format.byteWidth, "counts agree")
        precondition(level <= kernelLevelSupported(), "the machine has this level")
        guard let from = source.baseAddress, let to = destination.baseAddress else { return }
        switch format {
        case .f32: unsafe to.copyMemory(from: from, byteCount: count * 4)
        case .f16: unsafe convert_f32_to_f16(Int32(level), from, to, count)
        case .bf16: unsafe convert_f32_to_bf16(Int32(level), from, to, count)
        }
    }
}

/// Which versions of the C kernels run: 0 portable, 1 AVX2 with FMA and F16C, 2 AVX-512. The
/// highest the machine has, or what KERNELS_LEVEL lowers it to. Part of a result's provenance.
package func kernelLevel() -> Int { Int(kernels_level()) }

/// The highest level this machine can run.
package func kernelLevelSupported() -> Int { Int(kernels_level_supported()) }
