// The disk begins with a file that is still being written, so that its fsync finds little to do.

import Glibc
import SystemPackage

/// What the disk was asked to begin with, of one file that grows at its end.
struct EarlyWriting {
    private var startedCount = 0
    /// Less is not worth a call.
    private static let startBytes = 1 << 20

    /// Asks for the bytes that came since the last call, where they are many.
    ///
    /// Advice: what the call says is not asked, the fsync tells of every failure.
    /// - Parameter byteCount: of the file so far.
    mutating func begin(_ descriptor: FileDescriptor, _ byteCount: Int) {
        guard byteCount - startedCount >= Self.startBytes else { return }
        _ = linuxSyncFileRange(
            descriptor.rawValue, Int64(startedCount), Int64(byteCount - startedCount),
            linuxSyncFileRangeWrite)
        startedCount = byteCount
    }
}
