// The door to libzstd: one frame in, one frame out, between buffers whose sizes are known.

import CZstd
import Failures

/// libzstd said no.
struct ZstdError: ClassifiedFailure, CustomStringConvertible {
    var failureClass: FailureClass { .bug }

    let description: String

    fileprivate init(code: Int) {
        description = unsafe String(cString: ZSTD_getErrorName(code))
    }
}

/// How many bytes a frame of `rawBytes` can take at most.
func zstdFrameBytesMax(rawBytes: Int) -> Int { ZSTD_compressBound(rawBytes) }

/// Makes frames; keeps libzstd's tables between them.
///
/// `@unchecked Sendable`: one thread at a time uses it, handed over by its `FrameSlot`.
@safe final class ZstdCompressor: @unchecked Sendable {
    private let context: OpaquePointer

    init() {
        guard let context = unsafe ZSTD_createCCtx() else { fatalError("out of memory") }
        unsafe self.context = context
    }

    /// Writes one frame with content size and checksum.
    /// - Parameter target: Holds at least `zstdFrameBytesMax` bytes.
    /// - Returns: The bytes of the frame.
    func compress(
        _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer, level: Int32
    ) throws(ZstdError) -> Int {
        for (parameter, value) in [
            (ZSTD_c_compressionLevel, level), (ZSTD_c_checksumFlag, 1), (ZSTD_c_contentSizeFlag, 1),
        ] {
            _ = try checked(unsafe ZSTD_CCtx_setParameter(context, parameter, value))
        }
        return try checked(
            unsafe ZSTD_compress2(
                context, target.baseAddress, target.count, source.baseAddress, source.count))
    }

    deinit { unsafe ZSTD_freeCCtx(context) }
}

/// Reads frames.
///
/// `@unchecked Sendable`: one thread at a time uses it, handed over by its `FrameSlot`.
@safe final class ZstdDecompressor: @unchecked Sendable {
    private let context: OpaquePointer

    init() {
        guard let context = unsafe ZSTD_createDCtx() else { fatalError("out of memory") }
        unsafe self.context = context
    }

    /// Unpacks one frame and checks its checksum; never writes beyond `target`.
    /// - Returns: The bytes written.
    func decompress(
        _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
    ) throws(ZstdError) -> Int {
        try checked(
            unsafe ZSTD_decompressDCtx(
                context, target.baseAddress, target.count, source.baseAddress, source.count))
    }

    deinit { unsafe ZSTD_freeDCtx(context) }
}

private func checked(_ code: Int) throws(ZstdError) -> Int {
    guard ZSTD_isError(code) == 0 else { throw ZstdError(code: code) }
    return code
}

/// The version of libzstd that is loaded.
package var zstdVersion: String { unsafe String(cString: ZSTD_versionString()) }
